internal import Histogram

/// A latency histogram in nanoseconds: HdrHistogram with three significant digits, 1 µs to one hour.
///
/// Encoded (JSON) sparsely, whole and mergeable, never as percentiles:
/// `{"unit":"ns","significant_digits":3,"count":2,"min_ns":…,"max_ns":…,"buckets":[[value_ns,count],…]}`,
/// where `value_ns` is the highest value that falls into the bucket.
package struct LatencyHistogram: Sendable, Equatable {
    private var histogram: Histogram<UInt64>
    private var smallest: UInt64 = .max
    private var largest: UInt64 = 0

    package static let lowest: UInt64 = 1_000
    package static let highest: UInt64 = 3_600_000_000_000

    package init() {
        histogram = Histogram(
            lowestDiscernibleValue: Self.lowest, highestTrackableValue: Self.highest,
            numberOfSignificantValueDigits: .three)
    }

    /// Values above one hour are counted as one hour.
    package mutating func record(nanoseconds: UInt64) { record(nanoseconds: nanoseconds, count: 1) }

    package mutating func record(nanoseconds: UInt64, count: UInt64) {
        _ = histogram.record(min(nanoseconds, Self.highest), count: count)
        smallest = min(smallest, nanoseconds)
        largest = max(largest, nanoseconds)
    }

    /// The smallest and the largest value, where they are known better than their buckets say.
    mutating func widen(to smallest: UInt64, _ largest: UInt64) {
        self.smallest = smallest
        self.largest = largest
    }

    package mutating func merge(_ other: LatencyHistogram) {
        guard other.count > 0 else { return }
        for bucket in other.buckets { _ = histogram.record(min(bucket.value, Self.highest), count: bucket.count) }
        smallest = min(smallest, other.smallest)
        largest = max(largest, other.largest)
    }

    package var count: UInt64 { histogram.totalCount }
    /// 0 when nothing was recorded.
    package var min_ns: UInt64 { count == 0 ? 0 : smallest }
    package var max_ns: UInt64 { largest }
    package var mean_ns: Double { count == 0 ? 0 : histogram.mean }

    /// Nanoseconds below or at which `percentile` per cent of the values lie; 0 when empty.
    package func percentile(_ percentile: Double) -> UInt64 {
        count == 0 ? 0 : min(histogram.valueAtPercentile(percentile), largest)
    }

    /// The percentile distribution in HdrHistogram's text form (`.hgrm`), values in milliseconds.
    package var percentileDistribution: String {
        var text = ""
        histogram.outputPercentileDistribution(to: &text, outputValueUnitScalingRatio: 1e6)
        // Buckets are exact to a thousandth; these two are known exactly.
        func milliseconds(_ value: UInt64) -> String { fixed(Double(value) / 1e6, 6) }
        return text + "#[Smallest = \(milliseconds(min_ns)), Largest = \(milliseconds(max_ns))]\n"
    }

    /// The same buckets, the same smallest and largest value.
    package static func == (a: Self, b: Self) -> Bool {
        a.min_ns == b.min_ns && a.max_ns == b.max_ns && a.count == b.count
            && a.buckets.elementsEqual(b.buckets) { $0 == $1 }
    }

    /// Whether the smallest and the largest value fall into the first and the last bucket.
    package var isConsistent: Bool {
        guard count > 0 else { return smallest == .max && largest == 0 }
        guard smallest <= largest else { return false }
        var ends = LatencyHistogram()
        ends.record(nanoseconds: smallest)
        ends.record(nanoseconds: largest)
        let (own, expected) = (buckets, ends.buckets)
        return own.first?.value == expected.first?.value && own.last?.value == expected.last?.value
    }

    /// The non-empty buckets in rising order.
    package var buckets: [(value: UInt64, count: UInt64)] {
        histogram.recordedValues().map { ($0.value, $0.count) }
    }
}

extension LatencyHistogram: Codable {
    private enum CodingKeys: String, CodingKey {
        case unit, count, buckets
        case significantDigits = "significant_digits"
        case min = "min_ns"
        case max = "max_ns"
    }

    package init(from decoder: any Decoder) throws {
        self.init()
        let box = try decoder.container(keyedBy: CodingKeys.self)
        let unit = try box.decode(String.self, forKey: .unit)
        guard unit == "ns" else {
            throw DecodingError.dataCorruptedError(
                forKey: .unit, in: box, debugDescription: "unit '\(unit)': expected 'ns'")
        }
        var sum: UInt64 = 0
        for pair in try box.decode([[UInt64]].self, forKey: .buckets) {
            guard pair.count == 2 else {
                throw DecodingError.dataCorruptedError(
                    forKey: .buckets, in: box, debugDescription: "a bucket is [value_ns, count]")
            }
            // A nonsensical file must not end the program that reads it.
            let (next, isTooLarge) = sum.addingReportingOverflow(pair[1])
            guard !isTooLarge, next <= UInt64(Int.max) else {
                throw DecodingError.dataCorruptedError(
                    forKey: .buckets, in: box, debugDescription: "the buckets hold more than can be counted")
            }
            sum = next
            _ = histogram.record(Swift.min(pair[0], Self.highest), count: pair[1])
        }
        let stated = try box.decode(UInt64.self, forKey: .count)
        guard stated == count else {
            throw DecodingError.dataCorruptedError(
                forKey: .count, in: box, debugDescription: "count \(stated) is not the sum of the buckets, \(count)")
        }
        if count > 0 {
            smallest = try box.decode(UInt64.self, forKey: .min)
            largest = try box.decode(UInt64.self, forKey: .max)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var box = encoder.container(keyedBy: CodingKeys.self)
        try box.encode("ns", forKey: .unit)
        try box.encode(3, forKey: .significantDigits)
        try box.encode(count, forKey: .count)
        try box.encode(min_ns, forKey: .min)
        try box.encode(max_ns, forKey: .max)
        try box.encode(buckets.map { [$0.value, $0.count] }, forKey: .buckets)
    }
}
