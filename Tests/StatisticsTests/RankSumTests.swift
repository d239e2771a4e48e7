import Statistics
import Testing

/// The Mann–Whitney test against tables, and against cases counted by hand.
@Suite struct RankSumTests {
    /// Critical values of U, two-sided, from the usual table (Mann and Whitney 1947, Milton 1964).
    @Test(arguments: [
        (4, 4, 0.05, 0), (3, 5, 0.05, 0), (5, 5, 0.05, 2), (5, 8, 0.05, 6), (6, 6, 0.05, 5), (8, 8, 0.05, 13),
        (10, 10, 0.05, 23), (10, 15, 0.05, 39), (12, 18, 0.05, 61), (20, 20, 0.05, 127), (5, 5, 0.01, 0),
        (6, 6, 0.01, 2), (8, 8, 0.01, 7), (10, 10, 0.01, 16), (12, 12, 0.01, 27), (20, 20, 0.01, 105),
    ]) func criticalValues(n: Int, m: Int, level: Double, critical: Int) {
        let (at, above) = (test(n, m, u: critical), test(n, m, u: critical + 1))
        #expect(at.u == Double(critical) && above.u == Double(critical + 1))
        #expect(at.p <= level, "\(at.p)")
        #expect(above.p > level, "\(above.p)")
        #expect(RankSum.cut(n, m, confidence: 1 - level)?.outside == critical)
    }

    /// Samples with that U: each of the first stands above so many of the second.
    private func test(_ n: Int, _ m: Int, u: Int) -> RankSum {
        var rest = u
        let first = (0..<n).map { index in
            let above = min(m, rest)
            rest -= above
            return Double(above) + 0.5 + Double(index) / 1000
        }
        return RankSum(first, (1...m).map(Double.init))
    }

    /// Counted by hand among the ways to deal out the ranks: 2 of 20, 4 of 20, and with ties 4 of 20 and 10 of 10.
    @Test func countedByHand() {
        #expect(RankSum([1, 2, 3], [4, 5, 6]).p == 0.1)
        #expect(RankSum([4, 5, 6], [1, 2, 3]).p == 0.1)
        #expect(RankSum([1, 2, 4], [3, 5, 6]).p == 0.2)
        let tied = RankSum([1, 1, 2], [2, 3, 3])
        #expect(tied.p == 0.2 && tied.u == 0.5 && tied.method == .exact)
        #expect(RankSum([7, 7], [7, 7, 7]).p == 1)
        #expect(RankSum([1], [2]).p == 1)
    }

    /// Of 40 and 40 with U = 600: z = 199.5 / √10,800; with each value twice the variance loses its ties' part.
    @Test func manyByApproximation() {
        let large = test(40, 40, u: 600)
        #expect(large.method == .normal)
        #expect(abs(large.p - 0.054_90) < 0.000_05, "\(large.p)")
        let first = (0..<40).map { Double($0 / 2) }
        let tied = RankSum(first, first.map { $0 + 4 })
        // Of 20 × 20 pairs 120 have i > j + 4 and 16 are equal; each stands for four.
        #expect(tied.u == 120 * 4 + 16 * 2)
        #expect(abs(tied.p - 0.005_62) < 0.000_05, "\(tied.p)")
        #expect(RankSum([Double](repeating: 1, count: 40), [Double](repeating: 1, count: 40)).p == 1)
    }

    @Test func whatCanBeShownAtAll() {
        #expect(RankSum.smallestP(3, 3) == 0.1)
        #expect(abs(RankSum.smallestP(4, 4) - 2.0 / 70) < 1e-15)
        #expect(abs(RankSum.smallestP(3, 5) - 2.0 / 56) < 1e-15)
        #expect(RankSum.smallestP(1, 1) == 1)
        #expect(RankSum.fewestRepeats(level: 0.05) == 4)
        #expect(RankSum.fewestRepeats(level: 0.01) == 5)
        #expect(RankSum.cut(3, 3, confidence: 0.95) == nil)
    }

    @Test func shifts() {
        #expect(RankSum.shift([5, 6, 7], [1, 2, 3]) == 4)
        #expect(RankSum.shift([1, 2, 100], [1, 2, 3]) == 0)
    }

    @Test func verdictsAreSentences() {
        let few = Contrast([1, 2, 3], [4, 5, 6])
        #expect(!few.isShown && !few.couldShow)
        #expect(few.verdict == "no difference can be shown with 3 repeats: use at least 4")
        let same = Contrast([10, 11, 12, 13, 14], [10.5, 11.5, 12.5, 13.5, 9.5])
        #expect(!same.isShown && same.couldShow)
        #expect(same.verdict.hasPrefix("no difference shown (p = 0.") && same.verdict.hasSuffix(", n = 5 + 5)"))
        let apart = Contrast([20, 21, 22, 23, 24], [10, 11, 12, 13, 14])
        #expect(apart.isShown && apart.verdict == "p = 0.008")
        #expect(apart.shift == 10)
        #expect(Contrast([0, 0], [1, 1]).ratio == nil)
    }
}
