import CostModel
import PublishedBenchmarks
import RunRecords
import Testing

@Suite struct MeasuredBesideTests {
    private func rows(_ key: String, _ sheet: Sheet) throws -> [[String]] {
        try #require(sheet.tables.first { $0.key == key }).rows.map { $0.map(\.text) }
    }

    private static let postfix = SystemFacts(
        name: "postfix", variant: "tuned", title: "Postfix", version: "3", spool: "files", promise: .fsync)

    /// 2,000 messages in 2 s are 1,000 a second, 3.6 MMH, 1.8 a core; 1.8 / (4.034 / 8) = 3.57, 1.8 / (6.831 / 96) = 25.3.
    @Test func aCoreHereStandsAgainstAVCPUThere() throws {
        let sheet = try MeasuredBeside(try Shipped.work(), [try RunHere.run()]).sheet
        let measured = try rows("measured", sheet)
        #expect(
            measured == [
                [
                    "mta-rocksdb-os", "2", "survives mta crash", "not looked at", "1", "2,000", "3.600", "3.600",
                    "3.600", "1.80", "100.0", "",
                ]
            ])
        let beside = try rows("beside", sheet)
        #expect(beside.count == 5)
        #expect(beside[0] == ["mta-rocksdb-os", "c5.2xlarge", "8", "4.034", "0.504", "1.80", "3.57"])
        #expect(beside[4].last == "25.3")
    }

    /// 3.6 MMH / 2 cores per core against 0.15 / 8 of Postfix there: 96.
    @Test func postfixStandsBesidePostfix() throws {
        let sheet = try MeasuredBeside(try Shipped.work(), [try RunHere.run(system: Self.postfix)]).sheet
        #expect(
            try rows("beside", sheet)[0] == ["postfix-tuned", "c5.2xlarge", "8", "0.1500", "0.0188", "1.80", "96.0"])
    }

    /// CPU: 8 × 10^6 / 100 = 80,000; card: 2,500 Mbit/s / 1.6 Mbit = 1,562.5 msg/s = 5.625 MMH, against 4.034.
    @Test func theProjectionStandsBesideThePublishedMachine() throws {
        let sheet = try MeasuredBeside(try Shipped.work(), [try RunHere.run()]).sheet
        let projected = try rows("projected", sheet)
        #expect(
            projected[0] == ["projected from mta-rocksdb-os", "c5.2xlarge", "5.625", "network card", "4.034", "1.39"])
        #expect(projected.count == 5)
    }

    @Test func whatDiffersFromTheProcedureIsSaid() throws {
        let sheet = try MeasuredBeside(try Shipped.work(), [try RunHere.run(connections: 100)]).sheet
        for text in [
            "2,000 messages instead of 100,000", "100 connections instead of 2,000", "1 valid runs instead of 4",
            "without signatures (DKIM): mta-rocksdb-os;",
        ] { #expect(sheet.notes.contains { $0.contains(text) }, "\(text)") }
        #expect(sheet.notes.contains { $0.hasPrefix("here: loopback, and generator, MTA and sink share the cores") })
    }

    /// Four runs as published: nothing differs, and rates are their median with both ends.
    @Test func theProcedureItselfDiffersInNothing() throws {
        // BenchPlan may not know the key; the record carries the profile as it was written.
        let runs = try [90.0, 100, 110, 120].enumerated().map { index, seconds in
            var run = try RunHere.run(messages: 100_000, seconds: seconds, repeatIndex: index + 1)
            run.profileText += "dkim: rsa2048\n"
            return run
        }
        let sheet = try MeasuredBeside(try Shipped.work(), runs).sheet
        #expect(!sheet.notes.contains { $0.hasPrefix("differs from the procedure") }, "\(sheet.notes)")
        // 100,000 / 120 s, and / 90 s; median of 909.09 and 1,000.
        #expect(try Array(rows("measured", sheet)[0][6...8]) == ["3.436", "3.000", "4.000"])
    }

    @Test func invalidRunsAreNamedAndNotUsed() throws {
        let sheet = try MeasuredBeside(
            try Shipped.work(), [try RunHere.run(), try RunHere.run(system: Self.postfix, lost: 3)],
            notRun: ["exim: not installed"]
        ).sheet
        #expect(try rows("measured", sheet).count == 1)
        #expect(sheet.head.contains("NOT RUN: exim: not installed"))
        #expect(sheet.head.contains { $0.hasPrefix("INVALID, not used: postfix-tuned, run 1: 3 acknowledged") })
    }

    /// Ten times the messages of a tenth of the size are no tenfold rate.
    @Test func otherWorkIsNotSetBesideIt() throws {
        let sheet = try MeasuredBeside(try Shipped.work(), [try RunHere.run(bytes: 10_000)]).sheet
        #expect(sheet.tables.allSatisfy { $0.rows.isEmpty })
        #expect(
            sheet.head == [
                "OTHER WORK, not set beside it: fixture mta-rocksdb-os: messages of 10,000 bytes instead of 100,000"
            ])
    }

    @Test func warningsStayWithTheFigures() throws {
        var run = try RunHere.run()
        run.warnings = ["the run took 2 s"]
        let sheet = try MeasuredBeside(try Shipped.work(), [run]).sheet
        #expect(sheet.notes.contains("warning: mta-rocksdb-os: the run took 2 s"))
    }

    @Test func whatWasSeenOfThePromiseIsSaid() throws {
        var run = try RunHere.run(system: Self.postfix)
        for (verdict, text) in [
            (DurabilityEvidence.Verdict.syncsEachMessage, "syncs each message"), (.doesNotSync, "does NOT sync"),
            (.notChecked, "not looked at"),
        ] {
            run.evidence = DurabilityEvidence(method: "strace", messages: 50, syncs: SyncCounts(), verdict: verdict)
            #expect(try rows("measured", try MeasuredBeside(try Shipped.work(), [run]).sheet)[0][3] == text)
        }
    }
}
