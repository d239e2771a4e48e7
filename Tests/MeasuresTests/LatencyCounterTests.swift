import Measures
import Testing

@Suite struct LatencyCounterTests {
    /// What it becomes has the same buckets as a histogram that was asked itself.
    @Test func becomesTheHistogramOfTheSameValues() {
        var random = SplitMix64(seed: 11)
        var (counter, histogram) = (LatencyCounter(), LatencyHistogram())
        var (first, second) = (LatencyCounter(), LatencyCounter())
        for round in 0..<200_000 {
            let value = random.next() >> UInt64(random.below(60) + 4)
            counter.record(nanoseconds: value)
            histogram.record(nanoseconds: value)
            if round.isMultiple(of: 2) { first.record(nanoseconds: value) } else { second.record(nanoseconds: value) }
        }
        first.merge(second)
        for made in [counter.histogram, first.histogram] {
            #expect(made.buckets.map(\.value) == histogram.buckets.map(\.value))
            #expect(made.buckets.map(\.count) == histogram.buckets.map(\.count))
            #expect(made.count == 200_000 && made.min_ns == histogram.min_ns && made.max_ns == histogram.max_ns)
        }
    }

    @Test func nothingIsNothing() {
        #expect(LatencyCounter().histogram.count == 0)
        var one = LatencyCounter()
        one.record(nanoseconds: 0)
        #expect(one.histogram.count == 1 && one.histogram.max_ns == 0)
    }
}
