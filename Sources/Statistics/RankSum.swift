/// The Mann–Whitney U test: whether values of one sample tend to be larger than those of the other.
package struct RankSum: Hashable, Sendable {
    /// How ``RankSum/p`` was calculated.
    package enum Method: String, Codable, Hashable, Sendable {
        /// All ways to deal the ranks out, tied values with their mean rank.
        case exact
        /// Normal approximation with continuity and tie correction.
        case normal
    }

    /// Pairs in which the first sample's value is the larger one; ties count half.
    package let u: Double
    /// Two-sided.
    package let p: Double
    package let method: Method

    /// Values of both samples together up to which all ways are counted.
    package static let mostForExact = 60

    package init(_ first: [Double], _ second: [Double]) {
        precondition(!first.isEmpty && !second.isEmpty)
        let ranks = Self.doubledRanks(first + second)
        let (n, m) = (first.count, second.count)
        let sum = ranks[..<n].reduce(0, +)
        u = Double(sum - n * (n + 1)) / 2
        guard n + m <= Self.mostForExact else {
            p = Self.normal(u, n, m, ranks)
            method = .normal
            return
        }
        p = Self.exact(sum, n, ranks)
        method = .exact
    }

    /// The smallest p that samples of these sizes can give, without ties: 0.1 of 3 and 3.
    package static func smallestP(_ n: Int, _ m: Int) -> Double {
        var ways = 1.0
        for index in 0..<min(n, m) { ways *= Double(n + m - index) / Double(index + 1) }
        return min(1, 2 / ways)
    }

    /// The smallest equal number of repeats that can give a p up to `level`: 4 for 0.05, 5 for 0.01.
    package static func fewestRepeats(level: Double) -> Int {
        (1...60).first { smallestP($0, $0) <= level } ?? 60
    }

    /// Twice the rank of each value, so that mean ranks of ties stay whole.
    private static func doubledRanks(_ values: [Double]) -> [Int] {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var ranks = [Int](repeating: 0, count: values.count)
        var start = 0
        while start < order.count {
            var end = start
            while end + 1 < order.count, values[order[end + 1]] == values[order[start]] { end += 1 }
            for index in start...end { ranks[order[index]] = start + end + 2 }
            start = end + 1
        }
        return ranks
    }

    /// Share of the ways to choose `n` of the ranks whose sum is at least as far from the mean as `sum`.
    private static func exact(_ sum: Int, _ n: Int, _ ranks: [Int]) -> Double {
        let largest = ranks.reduce(0, +)
        // ways[k][s]: choices of k ranks with the sum s.
        var ways = [[Double]](repeating: [Double](repeating: 0, count: largest + 1), count: n + 1)
        ways[0][0] = 1
        var reach = 0
        for (index, rank) in ranks.enumerated() {
            reach += rank
            for k in stride(from: min(n, index + 1), through: 1, by: -1) {
                for s in stride(from: reach, through: rank, by: -1) { ways[k][s] += ways[k - 1][s - rank] }
            }
        }
        // Twice the sums times the count of all, so that the mean is whole, too.
        let count = ranks.count
        let distance = abs(sum * count - n * largest)
        var (extreme, all) = (0.0, 0.0)
        for (s, number) in ways[n].enumerated() where number > 0 {
            all += number
            if abs(s * count - n * largest) >= distance { extreme += number }
        }
        return min(1, extreme / all)
    }

    private static func normal(_ u: Double, _ n: Int, _ m: Int, _ ranks: [Int]) -> Double {
        let (n, m) = (Double(n), Double(m))
        let total = n + m
        var tied: [Int: Double] = [:]
        for rank in ranks { tied[rank, default: 0] += 1 }
        let ties: Double = tied.values.reduce(0) { $0 + $1 * $1 * $1 - $1 }
        let variance = n * m / 12 * (total + 1 - ties / (total * (total - 1)))
        guard variance > 0 else { return 1 }
        let distance = max(0, (u - n * m / 2).magnitude - 0.5)
        return min(1, 2 * NormalDistribution.cumulative(-distance / variance.squareRoot()))
    }

    // MARK: How large the difference is

    /// Hodges and Lehmann's shift: the median of all differences of a value of the first and one of the second sample.
    package static func shift(_ first: [Double], _ second: [Double]) -> Double {
        Sample(first.flatMap { a in second.map { a - $0 } }).median
    }

    /// How many of the n·m differences (or ratios) at each end lie outside of the narrowest interval with `confidence`
    /// that the test gives when turned round, and what it has; nil if even all of them have less.
    package static func cut(_ n: Int, _ m: Int, confidence: Double) -> (outside: Int, confidence: Double)? {
        // Numbers of arrangements by U: a Gaussian binomial coefficient.
        var ways = [Double](repeating: 0, count: n * m + 1)
        ways[0] = 1
        for step in 1...n {
            for u in stride(from: n * m, through: m + step, by: -1) { ways[u] -= ways[u - m - step] }
            for u in step...(n * m) { ways[u] += ways[u - step] }
        }
        let all = ways.reduce(0, +)
        var (tail, best) = (0.0, nil as (Int, Double)?)
        for outside in 0..<((n * m + 1) / 2) {
            tail += ways[outside] / all
            guard 1 - 2 * tail >= confidence else { break }
            best = (outside, 1 - 2 * tail)
        }
        return best
    }
}
