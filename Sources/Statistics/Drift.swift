/// Whether values in the order of time go steadily up or down: Mann and Kendall's test, with Theil and Sen's slope.
package struct Drift: Hashable, Sendable {
    /// Median of the slopes of all pairs, in the values' unit a step.
    package let slope: Double
    /// Two-sided: 1 of fewer than three values, or of all equal ones.
    package let p: Double

    /// Values up to which all orders are counted, if no two are equal.
    private static let mostForExact = 60

    /// - Parameter values: one a step, in order.
    package init(_ values: [Double]) {
        guard values.count > 2 else { (slope, p) = (0, 1); return }
        var (slopes, score) = ([Double](), 0)
        for later in 1..<values.count {
            for earlier in 0..<later {
                let difference = values[later] - values[earlier]
                slopes.append(difference / Double(later - earlier))
                score += difference > 0 ? 1 : difference < 0 ? -1 : 0
            }
        }
        slope = Sample(slopes).median
        let ties = Self.ties(values)
        p =
            ties.isEmpty && values.count <= Self.mostForExact
            ? Self.exact(score, values.count) : Self.normal(score, values.count, ties)
    }

    /// Whether the runs cannot be called repeats of the same.
    package func isShown(level: Double = 0.05) -> Bool { p <= level }

    /// Counts of equal values where there is more than one.
    private static func ties(_ values: [Double]) -> [Int] {
        var counts: [Double: Int] = [:]
        for value in values { counts[value, default: 0] += 1 }
        return counts.values.filter { $0 > 1 }
    }

    /// Share of all orders with a score at least as far from 0: orders of n values by their inversions.
    private static func exact(_ score: Int, _ count: Int) -> Double {
        var ways = [1.0]
        for size in 2...count {
            var next = [Double](repeating: 0, count: ways.count + size - 1)
            for (inversions, number) in ways.enumerated() {
                // As shares: the factorials would overflow.
                for more in 0..<size { next[inversions + more] += number / Double(size) }
            }
            ways = next
        }
        let most = count * (count - 1) / 2
        let share = ways.enumerated().filter { abs(most - 2 * $0.offset) >= abs(score) }.map(\.element).reduce(0, +)
        return min(1, share)
    }

    private static func normal(_ score: Int, _ count: Int, _ ties: [Int]) -> Double {
        func term(_ n: Int) -> Double { Double(n * (n - 1) * (2 * n + 5)) }
        let variance = (term(count) - ties.map(term).reduce(0, +)) / 18
        guard variance > 0, score != 0 else { return 1 }
        return min(1, 2 * NormalDistribution.cumulative(-Double(abs(score) - 1) / variance.squareRoot()))
    }
}
