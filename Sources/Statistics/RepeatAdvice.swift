/// How many repeats it would take for a narrower interval.
package enum RepeatAdvice {
    /// More than so many are no advice: longer runs are.
    package static let most = 100

    /// The fewest repeats whose interval of the median is expected to be no wider than ± `share` of the median, if runs go
    /// on to vary as these did.
    /// - Parameter variation: standard deviation of a run as a share of the mean.
    /// - Returns: nil if it would take more than ``most``.
    package static func repeats(
        variation: Double, share: Double, confidence: Double = 0.95
    ) -> Int? {
        (2...most).first { count in
            guard let cut = OrderStatistics.cut(count: count, confidence: confidence) else { return false }
            return variation * expectedEnd(count, cut.outside) <= share
        }
    }

    /// Blom's expectation of an order statistic of normal values, in standard deviations: how far from the mean the
    /// interval's upper end lies.
    private static func expectedEnd(_ count: Int, _ outside: Int) -> Double {
        let rank = Double(count - outside)
        return NormalDistribution.quantile((rank - 0.375) / (Double(count) + 0.25))
    }
}
