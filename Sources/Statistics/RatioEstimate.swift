/// How many times as large one figure is as another, from repeated runs of both.
package struct RatioEstimate: Codable, Hashable, Sendable {
    package var value: Double
    package var interval: ConfidenceInterval

    package init(value: Double, interval: ConfidenceInterval) {
        self.value = value
        self.interval = interval
    }

    /// Values from which resampling pairs, and resampling two samples apart, is honest in the simulations.
    private static let fewestPairsToResample = 8
    private static let fewestToResample = 5

    /// - Parameter pairs: value by value, those of the same repeat: what disturbed a repeat disturbed both.
    /// - Returns: nil if a value is 0 or less, or there is none.
    package static func paired(
        _ pairs: [(Double, Double)], confidence: Double = 0.95, seed: UInt64 = Bootstrap.defaultSeed
    ) -> RatioEstimate? {
        let (first, second) = (pairs.map(\.0), pairs.map(\.1))
        guard isUsable(first), isUsable(second) else { return nil }
        guard pairs.count >= fewestPairsToResample else { return ofFew(pairs, confidence, seed) }
        let bootstrap = Bootstrap(confidence: confidence, seed: seed)
        return RatioEstimate(
            value: Sample(first).median / Sample(second).median,
            interval: bootstrap.pairedRatio(first, second, .percentile))
    }

    /// Order statistics of the ratios while these reach the confidence. With fewer pairs both are taken as they come:
    /// what a repeat does to both only widens that interval.
    private static func ofFew(_ pairs: [(Double, Double)], _ confidence: Double, _ seed: UInt64) -> RatioEstimate? {
        let ratios = Sample(pairs.map { $0.0 / $0.1 })
        var interval = OrderStatistics.interval(ratios, confidence: confidence)
        guard interval.isConfident else {
            return unpaired(pairs.map(\.0), pairs.map(\.1), confidence: confidence, seed: seed)
        }
        interval.method = .pairedOrderStatistics
        return RatioEstimate(value: ratios.median, interval: interval)
    }

    /// Of two samples that have nothing to do with each other.
    /// - Returns: nil if a value is 0 or less, or there is none.
    package static func unpaired(
        _ first: [Double], _ second: [Double], confidence: Double = 0.95, seed: UInt64 = Bootstrap.defaultSeed
    ) -> RatioEstimate? {
        guard isUsable(first), isUsable(second) else { return nil }
        let value = Sample(first).median / Sample(second).median
        if min(first.count, second.count) >= fewestToResample {
            let bootstrap = Bootstrap(confidence: confidence, seed: seed)
            return RatioEstimate(value: value, interval: bootstrap.ratio(first, second, .percentile))
        }
        let ratios = Sample(first.flatMap { a in second.map { a / $0 } })
        guard let cut = RankSum.cut(first.count, second.count, confidence: confidence) else {
            // Of all ratios; the share that the test would give them.
            let interval = ConfidenceInterval(
                low: ratios.minimum, high: ratios.maximum,
                confidence: 1 - RankSum.smallestP(first.count, second.count), method: .rangeOnly)
            return RatioEstimate(value: value, interval: interval)
        }
        let interval = ConfidenceInterval(
            low: ratios.values[cut.outside], high: ratios.values[ratios.count - 1 - cut.outside],
            confidence: cut.confidence, method: .rankInversion)
        return RatioEstimate(value: value, interval: interval)
    }

    private static func isUsable(_ values: [Double]) -> Bool {
        !values.isEmpty && values.allSatisfy { $0 > 0 && $0.isFinite }
    }
}
