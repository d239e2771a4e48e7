/// So many in a span of time.
package struct SinkRate: Hashable, Sendable {
    package var quantity: Int
    package var nanoseconds: UInt64

    package init(_ quantity: Int, each nanoseconds: UInt64) {
        self.quantity = quantity
        self.nanoseconds = nanoseconds
    }
}

/// A token bucket in whole numbers: `burst` may come at once, and one more each time that the rate allows another.
/// Kept as the time at which the bucket will be full (the generic cell rate algorithm), scaled by the rate's quantity so
/// that nothing is rounded.
package struct RateGate: Sendable {
    private var full: UInt128 = 0

    package init() {}

    /// Takes one if there is one.
    /// - Parameter now: nanoseconds of a clock that does not go back.
    package mutating func take(_ rate: SinkRate, burst: Int, now: UInt64) -> Bool {
        let instant = UInt128(now) * UInt128(rate.quantity)
        let one = UInt128(rate.nanoseconds)
        let begin = max(full, instant)
        guard begin + one <= instant + one * UInt128(burst) else { return false }
        full = begin + one
        return true
    }

    /// Nothing was taken from it for so long that it is as good as new.
    package func isFull(_ rate: SinkRate, now: UInt64) -> Bool { full <= UInt128(now) * UInt128(rate.quantity) }
}
