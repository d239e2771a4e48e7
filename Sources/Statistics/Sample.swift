/// Values of one figure from repeated runs, in rising order.
package struct Sample: Hashable, Sendable {
    package let values: [Double]

    /// - Parameter values: at least one, finite.
    package init(_ values: [Double]) {
        precondition(!values.isEmpty && values.allSatisfy(\.isFinite))
        self.values = values.sorted()
    }

    package var count: Int { values.count }

    /// The middle value, or the mean of the two in the middle.
    package var median: Double {
        let middle = values.count / 2
        return values.count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2
    }

    package var mean: Double { values.reduce(0, +) / Double(values.count) }
}
