/// Intervals of the median from the values' order alone: the number of values below the median is binomial with 1/2,
/// whatever they are distributed as.
package enum OrderStatistics {
    /// How many values at each end lie outside of the narrowest interval from the i-th smallest to the i-th largest that
    /// has at least `confidence`, and what it has; nil if even the whole range has less.
    package static func cut(count: Int, confidence: Double) -> (outside: Int, confidence: Double)? {
        // P(B ≤ outside) with B binomial(count, 1/2).
        var probability = 1.0
        for _ in 0..<count { probability /= 2 }
        var (tail, term, best) = (0.0, probability, nil as (Int, Double)?)
        for outside in 0..<max(1, count / 2) {
            tail += term
            guard 1 - 2 * tail >= confidence else { break }
            best = (outside, 1 - 2 * tail)
            term *= Double(count - outside) / Double(outside + 1)
        }
        return best
    }

    /// Confidence of the whole range of so many values: 75 % of three, 96.9 % of six.
    package static func confidenceOfRange(count: Int) -> Double {
        var tail = 2.0
        for _ in 0..<count { tail /= 2 }
        return max(0, 1 - tail)
    }

    /// The fewest values whose range has `confidence`.
    package static func fewest(confidence: Double) -> Int {
        (1...64).first { confidenceOfRange(count: $0) >= confidence } ?? 64
    }

    /// Of the median; with too few values the range, named as such.
    package static func interval(_ sample: Sample, confidence: Double) -> ConfidenceInterval {
        guard let cut = cut(count: sample.count, confidence: confidence) else {
            return ConfidenceInterval(
                low: sample.minimum, high: sample.maximum, confidence: confidenceOfRange(count: sample.count),
                method: .rangeOnly)
        }
        return ConfidenceInterval(
            low: sample.values[cut.outside], high: sample.values[sample.count - 1 - cut.outside],
            confidence: cut.confidence, method: .orderStatistics)
    }
}
