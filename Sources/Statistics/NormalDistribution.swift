import Glibc

/// The normal distribution with mean 0 and deviation 1.
package enum NormalDistribution {
    /// Probability of a value up to `z`.
    package static func cumulative(_ z: Double) -> Double { erfc(-z / 2.0.squareRoot()) / 2 }

    /// The value below which `probability` lies: the inverse of ``cumulative(_:)`` by bisection, to the last digits.
    /// - Parameter probability: above 0 and below 1; outside it is infinite.
    package static func quantile(_ probability: Double) -> Double {
        guard probability > 0 else { return -.infinity }
        guard probability < 1 else { return .infinity }
        // The lower tail has the more digits.
        guard probability <= 0.5 else { return -quantile(1 - probability) }
        var (low, high) = (-40.0, 0.0)
        for _ in 0..<80 {
            let middle = (low + high) / 2
            if cumulative(middle) < probability { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }
}
