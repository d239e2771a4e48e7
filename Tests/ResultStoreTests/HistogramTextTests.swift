import Measures
import ResultStore
import Testing

/// Histograms as files, and merged.
@Suite struct HistogramTextTests {
    private static func random(_ seed: UInt64, count: Int) -> (LatencyHistogram, [UInt64]) {
        var numbers = SplitMix64(seed: seed)
        var histogram = LatencyHistogram()
        // Over all sizes, with some below the smallest and above the largest that are told apart.
        let values = (0..<count).map { _ in numbers.next() >> UInt64(12 + numbers.below(50)) }
        for value in values { histogram.record(nanoseconds: value) }
        return (histogram, values)
    }

    @Test(arguments: 1...20) func mergingIsRecordingAll(seed: UInt64) {
        let parts = (0..<3).map { Self.random(seed * 10 + $0, count: 50 * Int($0 + 1)) }
        var all = LatencyHistogram()
        for value in parts.flatMap(\.1) { all.record(nanoseconds: value) }
        func merged(_ order: [Int]) -> LatencyHistogram {
            var sum = LatencyHistogram()
            for index in order { sum.merge(parts[index].0) }
            return sum
        }
        // Commutative, and associative: (a + b) + c is a + (b + c).
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]] { #expect(merged(order) == all) }
        var last = parts[1].0
        last.merge(parts[2].0)
        var first = parts[0].0
        first.merge(last)
        #expect(first == all)
        #expect(first.percentile(99) == all.percentile(99))
        var same = all
        same.merge(LatencyHistogram())
        #expect(same == all)
        #expect(all.isConsistent)
    }

    @Test func csvHasEveryBucket() {
        var histogram = LatencyHistogram()
        histogram.record(nanoseconds: 1_000_000, count: 3)
        histogram.record(nanoseconds: 8_000_000, count: 1)
        let (low, high) = (histogram.buckets[0].value, histogram.buckets[1].value)
        #expect(
            HistogramText.csv(histogram)
                == "value_ns,count,cumulative,percentile\n\(low),3,3,75.000000\n\(high),1,4,100.000000\n")
        #expect(HistogramText.csv(LatencyHistogram()) == "value_ns,count,cumulative,percentile\n")
    }

    /// The columns and the three lines at the end are what HdrHistogram's plotters read.
    @Test func hgrmIsHdrHistogramsForm() throws {
        var histogram = LatencyHistogram()
        histogram.record(nanoseconds: 1_000_000, count: 900)
        histogram.record(nanoseconds: 8_000_000, count: 100)
        let lines = try HistogramText.render(histogram, .hgrm).split(separator: "\n").map(String.init)
        #expect(lines[0].split(separator: " ") == ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"])
        let rows = lines.dropFirst().filter { !$0.hasPrefix("#") }.map {
            $0.split(separator: " ").compactMap { Double($0) }
        }
        #expect(rows.first.map { abs($0[0] - 1) < 0.002 } == true, "values are milliseconds")
        #expect(rows.last?[1] == 1 && rows.last?[2] == 1000)
        #expect(rows.first { $0[2] == 900 }.map { $0[1] <= 0.9 } == true)
        #expect(lines.suffix(4).map { $0.prefix(6) } == ["#[Mean", "#[Max ", "#[Buck", "#[Smal"])
        #expect(lines.suffix(3).first?.contains("Total count    =         1000]") == true)
        #expect(lines.last == "#[Smallest = 1.000000, Largest = 8.000000]")
    }

    @Test func endsHaveToFit() throws {
        var histogram = LatencyHistogram()
        histogram.record(nanoseconds: 500)
        histogram.record(nanoseconds: LatencyHistogram.highest * 2)
        #expect(histogram.isConsistent, "below the smallest and above the largest that are told apart")
        #expect(LatencyHistogram().isConsistent)
    }
}
