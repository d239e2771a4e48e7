import Measures
import Testing

@Suite struct LargestCountersTests {
    private typealias Line = LargestCounters.Line

    @Test func theLargestHaveLines() {
        var counters = LargestCounters(limit: 2)
        let lines = counters.lines(["a": [1, 0], "b": [5, 1], "c": [3, 3], "d": [0, 1]])
        #expect(
            lines == [
                Line(name: "b", counts: [5, 1]), Line(name: "c", counts: [3, 3]), Line(name: "other", counts: [1, 1]),
            ])
        var all = LargestCounters(limit: 2)
        #expect(all.lines(["a": [1], "b": [2]]) == [Line(name: "a", counts: [1]), Line(name: "b", counts: [2])])
        #expect(all.lines([:]).isEmpty)
    }

    /// What grows past another takes its line, and nothing that was told before is told again or taken back.
    @Test func noLineEverFalls() {
        var counters = LargestCounters(limit: 1)
        #expect(
            counters.lines(["a": [10], "b": [4]]) == [Line(name: "a", counts: [10]), Line(name: "other", counts: [4])])
        // Of b's twenty, four are the others' already.
        #expect(
            counters.lines(["a": [11], "b": [20]]) == [Line(name: "b", counts: [16]), Line(name: "other", counts: [5])])
        #expect(
            counters.lines(["a": [11], "b": [21]]) == [Line(name: "b", counts: [17]), Line(name: "other", counts: [5])])
        #expect(
            counters.lines(["a": [30], "b": [21]]) == [Line(name: "a", counts: [19]), Line(name: "other", counts: [5])])
    }

    /// Whatever the order of growth: the sum of all lines grows by what was counted, as long as no line is lost.
    @Test func eachIncrementIsToldOnce() {
        var random = SplitMix64(seed: 7)
        var counters = LargestCounters(limit: 3)
        var totals: [String: [UInt64]] = [:]
        var before: [String: UInt64] = [:]
        for _ in 0..<500 {
            var added: UInt64 = 0
            for _ in 0..<10 {
                let (name, count) = ("n\(random.below(12))", UInt64(random.below(50)))
                totals[name, default: [0]][0] += count
                added += count
            }
            let now = Dictionary(uniqueKeysWithValues: counters.lines(totals).map { ($0.name, $0.counts[0]) })
            #expect(now.count <= 4)
            var grown: UInt64 = 0
            for (name, count) in now {
                #expect(count >= before[name] ?? 0, "\(name)")
                grown += count - (before[name] ?? 0)
            }
            #expect(grown == added)
            before = now
        }
    }

    /// A name like that of the others is one of them: two lines of one name are no metrics.
    @Test func aNameLikeTheOthersHasNoLine() {
        var counters = LargestCounters(limit: 2)
        #expect(
            counters.lines(["other": [9], "b": [2], "c": [1]]) == [
                Line(name: "b", counts: [2]), Line(name: "other", counts: [10]),
            ])
    }
}
