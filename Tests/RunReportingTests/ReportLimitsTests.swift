import Measures
import RunRecords
import RunReporting
import Testing

/// Limits on results: values are medians, changes are against the baseline or the commit before.
@Suite struct ReportLimitsTests {
    /// Delivered: 1.44 and 1.80 MMH; final reply p99 8 ms.
    private func twoSystems() throws -> [RunRecord] {
        [try RunFixture.variant(0), try RunFixture.variant(3, lastReceived: 1002)]
    }

    private func lines(_ texts: [String], _ runs: [RunRecord], baseline: String? = nil) throws -> [String] {
        try ReportLimits(texts, for: runs).findings(runs, baseline: baseline).map(\.line)
    }

    @Test func eachLimitIsJudgedForEachSystem() throws {
        #expect(
            try lines(["p99 < 50ms", "delivered_mmh >= 1.5", "lost == 0"], twoSystems()) == [
                "holds: mta-segment-fsync: p99 < 50ms: 8 ms", "holds: mta-memory: p99 < 50ms: 8 ms",
                "broken: mta-segment-fsync: delivered_mmh >= 1.5: 1.44 MMH",
                "holds: mta-memory: delivered_mmh >= 1.5: 1.8 MMH", "holds: mta-segment-fsync: lost == 0: 0 msg",
                "holds: mta-memory: lost == 0: 0 msg",
            ])
    }

    @Test func aChangeIsAgainstTheBaseline() throws {
        let runs = try twoSystems()
        #expect(
            try lines(["delivered_mmh rise <= 20%"], runs) == [
                "broken: mta-memory: delivered_mmh rise <= 20%: 25 %"
            ])
        #expect(
            try lines(["delivered_mmh drop < 20 %"], runs, baseline: "mta-memory") == [
                "broken: mta-segment-fsync: delivered_mmh drop < 20 %: 20 %"
            ])
        #expect(
            try lines(["rate drop < 5%"], [runs[0]]) == [
                "broken: mta-segment-fsync: rate drop < 5%: nothing to compare it with"
            ])
    }

    @Test func medianOfTheRepeats() throws {
        let runs = try [1002, 1004, 1002.5].enumerated().map {
            try RunFixture.run(lastReceived: $1, repeatIndex: $0 + 1, repeats: 3)
        }
        #expect(try lines(["mmh > 1.4 MMH"], runs) == ["holds: mta-rocksdb-fsync: mmh > 1.4 MMH: 1.44 MMH"])
    }

    /// A rate that may not be told cannot be shown to be enough.
    @Test func whatIsWithheldBreaksItsLimit() throws {
        let run = try RunFixture.run { _, audit in audit.lost = 2 }
        #expect(
            try lines(["rate > 1/s", "lost == 0", "p99 < 1s"], [run]) == [
                "broken: mta-rocksdb-fsync: rate > 1/s: withheld: 2 acknowledged messages were lost",
                "broken: mta-rocksdb-fsync: lost == 0: 2 msg", "holds: mta-rocksdb-fsync: p99 < 1s: 8 ms",
            ])
    }

    @Test func mistakesAreNamed() throws {
        let runs = [try RunFixture.run()]
        let fault = #expect(throws: UnitFault.self) { try ReportLimits(["delivered_mhm < 5"], for: runs) }
        #expect(fault?.description.contains("did you mean 'delivered_mmh'?") == true)
        let baseline = #expect(throws: RecordFault.self) {
            try lines(["lost == 0"], runs, baseline: "mta-rocksdb-fsyn")
        }
        #expect(baseline?.description.contains("did you mean 'mta-rocksdb-fsync'?") == true)
    }

    /// Of an open load the short names mean the time from when a message was due.
    @Test func repliesOfAnOpenLoadCountFromWhenTheyWereDue() throws {
        var run = try RunFixture.run()
        run.generator.load = LoadFacts(model: .open, ratePerSecond: 500)
        var intended = LatencyHistogram()
        intended.record(nanoseconds: 90_000_000, count: 1000)
        run.generator.intendedLatency = intended
        #expect(try lines(["p99 < 50ms"], [run]) == ["broken: mta-rocksdb-fsync: p99 < 50ms: 90 ms"])
    }
}
