package import MailTypes

/// When a deferred message is tried again and when it is given up (RFC 5321 §4.5.4.1). Times in milliseconds.
package struct RetryPolicy: Hashable, Sendable {
    /// Delay after the first failed attempt.
    package var first: UInt64
    /// Each further delay is this times the one before.
    package var factor: Double
    /// No delay is longer.
    package var cap: UInt64
    /// Share of the delay by which messages are spread, so that a recovered host is not hit by all at once.
    package var jitter: Double
    /// Older messages are returned.
    package var maximumAge: UInt64

    /// Five minutes, doubling to four hours, given up after five days: the RFC asks for at least 30 minutes after the
    /// first tries and four to five days.
    package init(
        first: UInt64 = 300_000, factor: Double = 2, cap: UInt64 = 14_400_000, jitter: Double = 0.1,
        maximumAge: UInt64 = 432_000_000
    ) {
        self.first = first
        self.factor = factor
        self.cap = cap
        self.jitter = jitter
        self.maximumAge = maximumAge
    }

    /// Delay behind attempt number `attempts` (1 is the first), spread by the id: the same id always gets the same.
    package func delay(attempts: UInt32, id: MessageID) -> UInt64 {
        var delay = Double(first)
        for _ in 1..<max(1, attempts) where delay < Double(cap) { delay *= factor }
        delay = min(delay, Double(cap))
        let mixed = (id.low ^ UInt64(attempts)) &* 0x9E37_79B9_7F4A_7C15
        let unit = Double(mixed >> 11) / 9_007_199_254_740_992
        return UInt64(delay * (1 + jitter * (2 * unit - 1)))
    }
}
