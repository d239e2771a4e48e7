/// Values of one figure from repeated runs, in rising order.
package struct Sample: Hashable, Sendable {
    package let values: [Double]

    /// - Parameter values: at least one, finite.
    package init(_ values: [Double]) {
        precondition(!values.isEmpty && values.allSatisfy(\.isFinite))
        self.values = values.sorted()
    }

    package var count: Int { values.count }
    package var minimum: Double { values[0] }
    package var maximum: Double { values[values.count - 1] }

    /// The middle value, or the mean of the two in the middle.
    package var median: Double { Self.median(ofSorted: values) }

    package var mean: Double { values.reduce(0, +) / Double(values.count) }

    /// Of the population that the sample is of (n − 1); 0 of one value.
    package var standardDeviation: Double {
        guard count > 1 else { return 0 }
        let mean = mean
        return (values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(count - 1)).squareRoot()
    }

    /// Standard deviation as a share of the mean; nil of one value, or of a mean of 0.
    package var coefficientOfVariation: Double? {
        count > 1 && mean != 0 ? standardDeviation / mean.magnitude : nil
    }

    static func median(ofSorted values: [Double]) -> Double {
        let middle = values.count / 2
        return values.count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2
    }
}
