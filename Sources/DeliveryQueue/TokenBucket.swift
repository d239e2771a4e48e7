/// How much of a rate is left: in units of 1/rate.milliseconds of a message, so that whole rates are counted without
/// rounding. Never more than rate × T + burst leave it in any span T.
struct TokenBucket: Hashable, Sendable {
    private(set) var rate: DeliveryRate
    private var level: Double
    /// Milliseconds of the clock that ``level`` is of.
    private var filledAt: UInt64

    /// A full one.
    init(_ rate: DeliveryRate, now: UInt64) {
        self.rate = rate
        level = Self.capacity(rate)
        filledAt = now
    }

    private static func capacity(_ rate: DeliveryRate) -> Double {
        guard let burst = rate.burst else {
            return max(rate.milliseconds, rate.messages * DeliveryRate.usualBurstMilliseconds)
        }
        return max(1, burst) * rate.milliseconds
    }

    private func level(_ now: UInt64) -> Double {
        let elapsed = now > filledAt ? Double(now - filledAt) : 0
        return min(Self.capacity(rate), level + elapsed * rate.messages)
    }

    /// The rate has changed: what was saved up stays, as far as the new one allows.
    mutating func adopt(_ fresh: DeliveryRate, now: UInt64) {
        guard fresh != rate else { return }
        let tokens = level(now) / rate.milliseconds
        rate = fresh
        level = min(Self.capacity(fresh), tokens * fresh.milliseconds)
        filledAt = max(now, filledAt)
    }

    func hasOne(now: UInt64) -> Bool { level(now) >= rate.milliseconds }

    /// One must be there.
    mutating func takeOne(now: UInt64) {
        level = level(now) - rate.milliseconds
        filledAt = max(now, filledAt)
    }

    /// When the next one will be there, if nobody takes it.
    func nextOne(now: UInt64) -> UInt64 {
        let missing = rate.milliseconds - level(now)
        return max(now, filledAt) + UInt64(max(0, (missing / rate.messages).rounded(.up)))
    }

    func isFull(now: UInt64) -> Bool { level(now) >= Self.capacity(rate) }
}
