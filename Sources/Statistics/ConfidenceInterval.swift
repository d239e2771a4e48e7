/// How an interval was made: what it may claim depends on it.
package enum IntervalMethod: String, Codable, Hashable, Sendable, CaseIterable {
    /// Order statistics of the sample: exact for the median of any continuous distribution.
    case orderStatistics = "order statistics"
    /// Order statistics of the ratios by repeat: exact for their median.
    case pairedOrderStatistics = "order statistics of the ratios by repeat"
    /// All ratios of one value of each sample, cut as the Mann–Whitney test would: exact if the two differ by a factor.
    case rankInversion = "Mann–Whitney test turned round"
    /// Percentiles of medians of resampled values.
    case bootstrapPercentile = "bootstrap, percentile"
    /// The same, corrected for bias and skewness.
    case bootstrapBCa = "bootstrap, BCa"
    /// Smallest and largest value: there are too few for the confidence that was asked for.
    case rangeOnly = "range only"
}

/// From where to where a figure lies, and how sure that is.
package struct ConfidenceInterval: Codable, Hashable, Sendable {
    package var low: Double
    package var high: Double
    /// What the method guarantees or aims at, 0…1: with order statistics at least what was asked for, of a range only less.
    package var confidence: Double
    package var method: IntervalMethod

    package init(low: Double, high: Double, confidence: Double, method: IntervalMethod) {
        self.low = low
        self.high = high
        self.confidence = confidence
        self.method = method
    }

    /// Whether it has the confidence that was asked for.
    package var isConfident: Bool { method != .rangeOnly }

    package func contains(_ value: Double) -> Bool { low <= value && value <= high }

    /// Half of its width as a share of `centre`; nil of a centre of 0.
    package func relativeHalfWidth(around centre: Double) -> Double? {
        centre == 0 ? nil : (high - low) / 2 / centre.magnitude
    }
}
