/// The buckets of a ``LatencyHistogram`` with a way in that costs some nanoseconds: for what is recorded several times a
/// message. It becomes a histogram when somebody wants to read it.
package struct LatencyCounter: Sendable {
    /// 2048 buckets of 512 ns, then 1024 for each doubling up to one hour: three significant digits.
    private static let unitShift: UInt64 = 9
    private static let half = 1024
    private static let size = index(of: LatencyHistogram.highest) + 1

    private var counts = [UInt64](repeating: 0, count: size)
    private var smallest: UInt64 = .max
    private var largest: UInt64 = 0

    package init() {}

    /// Values above one hour are counted as one hour.
    @inline(__always)
    package mutating func record(nanoseconds: UInt64) {
        counts[Self.index(of: min(nanoseconds, LatencyHistogram.highest))] &+= 1
        smallest = min(smallest, nanoseconds)
        largest = max(largest, nanoseconds)
    }

    private static func index(of nanoseconds: UInt64) -> Int {
        let units = nanoseconds >> unitShift
        let doublings = max(0, 64 - 11 - units.leadingZeroBitCount)
        return doublings * half + Int(units >> UInt64(doublings))
    }

    package mutating func merge(_ other: LatencyCounter) {
        for index in counts.indices where other.counts[index] > 0 { counts[index] += other.counts[index] }
        smallest = min(smallest, other.smallest)
        largest = max(largest, other.largest)
    }

    /// The same as if each value had been recorded in it.
    package var histogram: LatencyHistogram {
        var histogram = LatencyHistogram()
        for (index, count) in counts.enumerated() where count > 0 {
            let doublings = max(0, index / Self.half - 1)
            let units = UInt64(index - doublings * Self.half) << UInt64(doublings)
            // Any value of the bucket does, but the ends are known exactly.
            let value = min(max(units << Self.unitShift, smallest), largest)
            histogram.record(nanoseconds: value, count: count)
        }
        if largest > 0 { histogram.widen(to: smallest, largest) }
        return histogram
    }
}
