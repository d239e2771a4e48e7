import Foundation
import Measures
import Statistics
import Testing

/// How often intervals hold the truth, by simulation from fixed seeds. Of 400 trials the share has a deviation of 1.1 per
/// cent at 95 %: what is to be 95 % may come to 93 %.
@Suite struct CoverageTests {
    private static let trials = 400

    @Test(arguments: Draws.allCases, [6, 7, 9, 12, 20]) func mediansByOrder(draws: Draws, count: Int) {
        let covered = Draws.share(Self.trials, seed: UInt64(count)) { random in
            let interval = MedianInterval.of(Sample(draws.values(count, &random)))
            return interval.method == .orderStatistics && interval.contains(draws.median)
        }
        #expect(covered >= 0.93, "\(covered)")
    }

    /// What the range says of itself is what it does.
    @Test(arguments: Draws.allCases, [(2, 0.5), (3, 0.75), (4, 0.875), (5, 0.9375)])
    func rangesOfFew(draws: Draws, few: (count: Int, confidence: Double)) {
        let covered = Draws.share(2000, seed: UInt64(few.count)) { random in
            let interval = MedianInterval.of(Sample(draws.values(few.count, &random)))
            return interval.method == .rangeOnly && interval.confidence == few.confidence
                && interval.contains(draws.median)
        }
        #expect(abs(covered - few.confidence) < 0.035, "\(covered)")
    }

    /// Why medians have no bootstrap: it claims 95 % and has less.
    @Test(arguments: [Bootstrap.Kind.percentile, .bca]) func aBootstrapOfFewMediansClaimsTooMuch(kind: Bootstrap.Kind) {
        let covered = Draws.share(Self.trials, seed: 7) { random in
            Bootstrap(resamples: 500).median(Draws.normal.values(7, &random), kind).contains(100)
        }
        #expect(covered < 0.91, "\(covered)")
        #expect(covered > 0.8, "\(covered)")
    }

    /// Four take the test turned round, five and more a bootstrap.
    @Test(arguments: Draws.allCases, [4, 5, 8, 12]) func ratiosOfStrangers(draws: Draws, count: Int) {
        let covered = Draws.share(Self.trials, seed: UInt64(100 + count)) { random in
            let doubled = draws.values(count, &random).map { 2 * $0 }
            let ratio = RatioEstimate.unpaired(doubled, draws.values(count, &random), seed: random.next())
            #expect(ratio?.interval.method == (count < 5 ? .rankInversion : .bootstrapPercentile))
            return ratio?.interval.contains(2) == true
        }
        #expect(covered >= 0.93, "\(covered)")
    }

    /// One varies by 3 %, the other by 20 %: the hard case, in which up to five per cent are missing.
    @Test(arguments: [4, 5, 9, 15]) func ratiosOfUnlikeSpreads(count: Int) {
        let covered = Draws.share(Self.trials, seed: UInt64(200 + count)) { random in
            let first = (0..<count).map { _ in 200 + 6 * Draws.deviate(&random) }
            let second = (0..<count).map { _ in 100 + 20 * Draws.deviate(&random) }
            return RatioEstimate.unpaired(first, second, seed: random.next())?.interval.contains(2) == true
        }
        #expect(covered >= 0.9, "\(covered)")
    }

    /// Each repeat is faster or slower as a whole; in pairs that goes away: the intervals hold the ratio, and are narrower.
    @Test(arguments: [(6, IntervalMethod.pairedOrderStatistics), (8, .bootstrapPercentile), (15, .bootstrapPercentile)])
    func ratiosOfInterleavedRuns(count: Int, method: IntervalMethod) {
        var (paired, apart) = (0.0, 0.0)
        let covered = Draws.share(Self.trials, seed: UInt64(300 + count)) { random in
            let pairs = (0..<count).map { _ in
                let drift = exp(0.2 * Draws.deviate(&random))
                return (
                    2 * drift * (1 + 0.03 * Draws.deviate(&random)), drift * (1 + 0.03 * Draws.deviate(&random))
                )
            }
            guard let ratio = RatioEstimate.paired(pairs, seed: random.next()),
                let other = RatioEstimate.unpaired(pairs.map(\.0), pairs.map(\.1))
            else { return false }
            #expect(ratio.interval.method == method)
            paired += ratio.interval.high - ratio.interval.low
            apart += other.interval.high - other.interval.low
            return ratio.interval.contains(2)
        }
        #expect(covered >= 0.93, "\(covered)")
        #expect(paired < apart / 2, "\(paired / apart)")
    }

    /// With less than six pairs they are taken as strangers, which drift makes only wider.
    @Test(arguments: [4, 5]) func fewPairs(count: Int) {
        let covered = Draws.share(Self.trials, seed: UInt64(400 + count)) { random in
            let pairs = (0..<count).map { _ in
                let drift = exp(0.2 * Draws.deviate(&random))
                return (2 * drift * (1 + 0.03 * Draws.deviate(&random)), drift)
            }
            let ratio = RatioEstimate.paired(pairs, seed: random.next())
            #expect(ratio?.interval.isConfident == true)
            return ratio?.interval.contains(2) == true
        }
        #expect(covered >= 0.95, "\(covered)")
    }

    /// Differences that are not there are shown in no more than one case in twenty, and those that are there are found.
    @Test(arguments: Draws.allCases, [4, 5, 8]) func differencesShown(draws: Draws, count: Int) {
        let wrong = Draws.share(Self.trials, seed: UInt64(500 + count)) { random in
            Contrast(draws.values(count, &random), draws.values(count, &random), seed: random.next()).isShown
        }
        #expect(wrong <= 0.065, "\(wrong)")
        let right = Draws.share(100, seed: UInt64(600 + count)) { random in
            let faster = draws.values(count, &random).map { 20 * $0 }
            return Contrast(faster, draws.values(count, &random), seed: random.next()).isShown
        }
        #expect(right >= (draws == .exponential ? 0.5 : 1), "\(right)")
    }

    /// As many repeats as advised give about the width that was asked for, a few less do not.
    @Test(arguments: [(0.1, 0.05), (0.05, 0.05), (0.2, 0.1)]) func adviceOnRepeats(variation: Double, share: Double)
        throws
    {
        let count = try #require(RepeatAdvice.repeats(variation: variation, share: share))
        func width(_ count: Int) -> Double {
            var (random, sum) = (SplitMix64(seed: 9), 0.0)
            for _ in 0..<500 {
                let values = (0..<count).map { _ in 1 + variation * Draws.deviate(&random) }
                let interval = OrderStatistics.interval(Sample(values), confidence: 0.95)
                sum += interval.isConfident ? (interval.high - interval.low) / 2 : 1
            }
            return sum / 500
        }
        #expect(width(count) <= share * 1.05, "\(count): \(width(count))")
        #expect(width(count - 2) > share * 0.95, "\(count - 2): \(width(count - 2))")
    }
}
