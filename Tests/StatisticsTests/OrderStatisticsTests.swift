import Measures
import Statistics
import Testing

/// Intervals and tests whose values are known without a computer.
@Suite struct OrderStatisticsTests {
    /// 1 − 2·(1 + n + …)/2ⁿ: of nine values the second to the eighth has 1 − 20/512.
    @Test(arguments: [
        (6, 0, 0.968_75), (8, 0, 0.992_19), (9, 1, 0.960_94), (10, 1, 0.978_52), (20, 5, 0.9586),
    ]) func cuts(count: Int, outside: Int, confidence: Double) throws {
        let cut = try #require(OrderStatistics.cut(count: count, confidence: 0.95))
        #expect(cut.outside == outside)
        #expect(abs(cut.confidence - confidence) < 5e-5)
        let interval = MedianInterval.of(Sample((1...count).map(Double.init)))
        #expect(interval.low == Double(outside + 1) && interval.high == Double(count - outside))
    }

    @Test func tooFewForTheConfidence() {
        #expect(OrderStatistics.cut(count: 5, confidence: 0.95) == nil)
        #expect(OrderStatistics.fewest(confidence: 0.95) == 6)
        #expect(OrderStatistics.fewest(confidence: 0.9) == 5)
        let range = MedianInterval.of(Sample([3, 1, 2]))
        #expect(range == ConfidenceInterval(low: 1, high: 3, confidence: 0.75, method: .rangeOnly))
        #expect(!range.isConfident)
        #expect(MedianInterval.of(Sample([5])).confidence == 0)
    }

    @Test func spreads() throws {
        let sample = Sample([2, 4, 4, 4, 5, 5, 7, 9])
        #expect(abs(sample.standardDeviation - 2.138_089_935) < 1e-9)
        #expect(abs(try #require(sample.coefficientOfVariation) - 2.138_089_935 / 5) < 1e-9)
        #expect(Sample([3]).coefficientOfVariation == nil)
        #expect(Sample([-1, 1]).coefficientOfVariation == nil)
        let interval = ConfidenceInterval(low: 90, high: 120, confidence: 0.95, method: .orderStatistics)
        #expect(interval.relativeHalfWidth(around: 100) == 0.15)
    }

    /// Values of any table of the normal distribution.
    @Test func normalDistribution() {
        for (probability, z) in [(0.975, 1.959_964), (0.5, 0), (0.05, -1.644_854), (0.999, 3.090_232)] {
            #expect(abs(NormalDistribution.quantile(probability) - z) < 1e-6)
            #expect(abs(NormalDistribution.cumulative(z) - probability) < 1e-6)
        }
        #expect(NormalDistribution.quantile(0) == -.infinity && NormalDistribution.quantile(1) == .infinity)
    }

    /// Of n! orders two go all one way; one neighbouring pair turned round leaves n.
    @Test func driftsCountedByHand() {
        #expect(abs(Drift([1, 2, 3]).p - 2.0 / 6) < 1e-12)
        #expect(abs(Drift([5, 4, 3, 2, 1]).p - 2.0 / 120) < 1e-12)
        #expect(abs(Drift([1, 2, 3, 5, 4]).p - 10.0 / 120) < 1e-12)
        #expect(Drift([5, 4, 3, 2, 1]).isShown() && !Drift([1, 2, 3]).isShown())
        #expect(Drift([1, 2]).p == 1 && Drift([4, 4, 4, 4]).p == 1)
        #expect(Drift([10, 12, 14, 16]).slope == 2)
        // Ties: score 9 of 10 pairs, variance (5·4·15 − 2·1·9)/18 = 15.67, z = 8/3.958.
        #expect(abs(Drift([1, 2, 3, 3, 4]).p - 0.043_3) < 0.000_3, "\(Drift([1, 2, 3, 3, 4]).p)")
    }

    @Test func driftsThatAreNoneAreRarelyShown() {
        let wrong = Draws.share(1000, seed: 3) { random in Drift(Draws.outliers.values(8, &random)).isShown() }
        #expect(wrong <= 0.065, "\(wrong)")
    }

    @Test func theSameSeedGivesTheSame() {
        let (first, second) = ([10.0, 12, 11, 15, 14, 10.5, 12.5, 11.5], [5.0, 6, 7, 5.5, 6.5, 7.5, 5.2, 6.2])
        let bootstrap = Bootstrap()
        #expect(bootstrap.ratio(first, second, .percentile) == bootstrap.ratio(first, second, .percentile))
        #expect(
            bootstrap.ratio(first, second, .percentile) != Bootstrap(seed: 2).ratio(first, second, .bca))
    }

    /// The bootstrap distribution of the median of three: the smallest value in 7 of 27 cases, the largest too, so that
    /// any interval of more than 13/27 is the range.
    @Test func aBootstrapOfThreeIsTheRange() {
        for kind in [Bootstrap.Kind.percentile, .bca] {
            let interval = Bootstrap(confidence: 0.8).median([1, 2, 3], kind)
            #expect(interval.low == 1 && interval.high == 3)
        }
        let narrow = Bootstrap(confidence: 0.3).median([1, 2, 3], .percentile)
        #expect(narrow.low == 2 && narrow.high == 2)
    }

    @Test func adviceEnds() {
        #expect(RepeatAdvice.repeats(variation: 0.01, share: 0.05) == 6)
        #expect(RepeatAdvice.repeats(variation: 2, share: 0.01) == nil)
    }
}
