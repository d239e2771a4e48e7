/// Messages, or connections, in a span of time: a token bucket. In any span T no more than rate × T + burst begin.
package struct DeliveryRate: Hashable, Sendable {
    package var messages: Double
    package var milliseconds: Double
    /// How many may begin at once after a rest, at least 1; nil: a quarter of a second's worth, and always one.
    package var burst: Double?

    /// Both above zero; whole numbers are counted without rounding.
    package init(messages: Double, milliseconds: Double, burst: Double? = nil) {
        self.messages = messages
        self.milliseconds = milliseconds
        self.burst = burst
    }

    /// What may be saved up.
    package var largestBurst: Double { max(1, burst ?? messages / milliseconds * Self.usualBurstMilliseconds) }

    static let usualBurstMilliseconds = 250.0

    /// Of two of the same pace the one with the smaller burst.
    package func isSlower(than other: DeliveryRate) -> Bool {
        let (own, theirs) = (messages * other.milliseconds, other.messages * milliseconds)
        return own == theirs ? largestBurst < other.largestBurst : own < theirs
    }
}
