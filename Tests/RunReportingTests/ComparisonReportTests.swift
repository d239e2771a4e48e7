import Foundation
import Measures
import RunRecords
import RunReporting
import Statistics
import Testing

/// The value that text, data and page are made of.
@Suite struct ComparisonReportTests {
    /// Eight interleaved repeats: the first delivers 400 a second, give or take, the second a quarter more.
    private func eightOfTwo(of count: Int = 8) throws -> [RunRecord] {
        try (1...count).flatMap { index in
            let late = Double(index % 4) / 20
            return [
                try RunFixture.variant(0, lastReceived: 1002.5 + late, repeatIndex: index, repeats: count),
                try RunFixture.variant(3, lastReceived: 1002 + late * 0.8, repeatIndex: index, repeats: count),
            ]
        }
    }

    @Test func aCellHasItsMedianAndInterval() throws {
        let report = try ComparisonReport(eightOfTwo())
        let cell = try #require(report.rows[0].cells["delivered_msg_per_s"])
        #expect(cell.count == 8)
        #expect(cell.value.map { abs($0 - 388.4) < 0.2 } == true, "\(String(describing: cell.value))")
        #expect(cell.interval?.method == .orderStatistics)
        #expect(cell.interval?.low == cell.minimum && cell.interval?.high == cell.maximum)
        #expect(report.rows[0].contrasts.isEmpty)
        #expect(report.isInterleaved)
    }

    @Test func aRowStandsAgainstTheFirstInPairs() throws {
        let report = try ComparisonReport(eightOfTwo())
        let contrast = try #require(report.rows[1].contrasts["delivered_mmh"])
        #expect(contrast.isPaired)
        #expect(contrast.contrast.isShown)
        #expect(contrast.contrast.ratio?.interval.method == .bootstrapPercentile)
        #expect(contrast.text.hasPrefix("×1.25 (1.25–1.25), p = 0.000"), "\(contrast.text)")
        let same = try #require(report.rows[1].contrasts["transaction_latency_ms_p99"])
        #expect(same.text == "no difference shown (p = 1.00, n = 8 + 8); ×1.00 (1.00–1.00)")
    }

    @Test func theBaselineIsAnySystem() throws {
        let report = try ComparisonReport(eightOfTwo(), baseline: "mta-memory")
        #expect(report.baseline == 1)
        #expect(report.rows[0].contrasts["delivered_mmh"]?.text.hasPrefix("×0.80 (0.80–0.80), p = 0.000") == true)
        let fault = #expect(throws: RecordFault.self) { try ComparisonReport(eightOfTwo(), baseline: "mta-memry") }
        #expect(fault?.description.contains("did you mean 'mta-memory'?") == true)
    }

    @Test func fewRepeatsShowNothingAndSayHowManyWould() throws {
        let report = try ComparisonReport(eightOfTwo(of: 3))
        #expect(report.rows[0].cells["delivered_mmh"]?.interval?.method == .rangeOnly)
        let text = try #require(report.rows[1].contrasts["delivered_mmh"]).text
        #expect(text.hasPrefix("no difference can be shown with 3 repeats: use at least 4; ×1.25 ("))
        #expect(text.hasSuffix(", range only)"))
        #expect(
            report.warnings.contains(
                "3 repeats: it takes 6 for a 95 % interval of a median, 4 repeats of each to show a difference"))
    }

    // MARK: What is withheld

    @Test func ratesOfWhatIsNoResultAreWithheld() throws {
        var runs = try eightOfTwo()
        runs[1].audit.lost = 3
        runs[1].invalid = ["3 acknowledged messages were lost"]
        let report = try ComparisonReport(runs)
        let row = report.rows[1]
        for key in [
            "delivered_mmh", "accepted_mmh", "delivered_mb_per_s", "delivered_gbit_per_s", "system_messages_per_cpu_s",
        ] {
            let cell = try #require(row.cells[key])
            #expect(cell.value == nil && cell.interval == nil && cell.minimum == nil, "\(key)")
            #expect(cell.withheld == "3 acknowledged messages were lost")
            #expect(row.contrasts[key] == nil)
        }
        #expect(row.cells["transaction_latency_ms_p99"]?.value == 8)
        #expect(row.counts.lost == 3)
        #expect(report.rows[0].withheld == nil)
        let text = try ReportTable(runs, layout: .comparison).render(.text)
        #expect(text.hasPrefix("INVALID: spools mta-memory, run 1: 3 acknowledged messages were lost\n"))
        #expect(text.contains("INVALID mta-memory"))
        #expect(text.contains("mta-memory, delivered: withheld"))
    }

    /// Nor does a line below the table tell a rate, or a ratio to one.
    @Test func noFigureOfWhatIsNoResultStandsBelow() throws {
        var runs = try eightOfTwo()
        runs[0].audit.lost = 3
        runs[0].invalid = ["3 acknowledged messages were lost"]
        let report = try ComparisonReport(runs)
        #expect(report.rows[0].withheld != nil && report.rows[1].withheld == nil)
        #expect(report.rows[0].limit.text == "not clear (figures withheld)")
        #expect(report.rows[1].limit.text.contains("% busy"))
        #expect(report.rows[1].contrasts.isEmpty, "a ratio to what is no result is none")
        for layout in [TableLayout.figures, .comparison] {
            let text = try ReportTable(runs, layout: layout).render(.text)
            #expect(text.contains("not clear (figures withheld)"), "\(text)")
        }
    }

    /// A record that was bent after it was judged is judged again.
    @Test(arguments: ["lost", "changed", "doubled"]) func countsAreLookedAtWhateverTheRecordSays(what: String) throws {
        var run = try RunFixture.run()
        switch what {
        case "lost": run.audit.lost = 1
        case "changed": run.audit.changed = 1
        default: run.audit.doubled = 1
        }
        #expect(try ComparisonReport([run]).rows[0].cells["delivered_mmh"]?.withheld != nil)
        #expect(try ReportTable([run]).render(.text).hasPrefix("INVALID: fixture mta-rocksdb-fsync: 1 "))
        let csv = try ReportTable([run]).render(.csv)
        #expect(csv.contains("\nfixture,mta-rocksdb-fsync,1,false,delivered_mmh,MMH,,,,fsync,"))
        let json = try JSONSerialization.jsonObject(with: Data(ReportTable([run]).render(.json).utf8))
        let figures = (json as? [[String: Any]])?[0]["figures"] as? [String: [String: Any]]
        #expect(figures?["delivered_mmh"]?["median"] is NSNull)
        #expect(figures?["transaction_latency_ms_p50"]?["median"] as? Double == 8)
    }

    /// A relay that is killed may send what it has sent once more.
    @Test func mailThatComesTwiceAfterAKillIsNoFault() throws {
        var run = try RunFixture.run()
        run.audit.doubled = 2
        run.phases = [RunPhase("killed", unixSeconds: 1001)]
        #expect(try ComparisonReport([run]).rows[0].withheld == nil)
    }

    // MARK: Warnings and advice

    @Test func whatAReaderHasToKnow() throws {
        var run = try RunFixture.run(commit: "0123456789-dirty")
        run.machine.memoryBytes = 1 << 30
        #expect(
            try ComparisonReport([run]).warnings == [
                "runs under 60 s (the shortest took 2.5 s): begin and end, caches and bursts weigh too much",
                "10.50 MB were sent, less than twice the memory (1.07 GB): the page cache may hide the disk",
                "1 repeat: it takes 6 for a 95 % interval of a median",
                "the working tree had changes that are in no commit: nobody can build the same again",
            ])
        // 210 GB in 100 s.
        run.machine.commit = "0123456789"
        run.generator.accepted = 20_000_000
        run.sink.lastReceivedUnixSeconds = 1100
        #expect(try ComparisonReport(Array(repeating: run, count: 6)).warnings == [])
    }

    /// A budget of time gives each system as many messages as it can do in it.
    @Test func unequalWorkIsSaid() throws {
        var runs = [try RunFixture.variant(0), try RunFixture.variant(3)]
        (runs[1].generator.accepted, runs[1].profile.messages) = (3000, 3000)
        let three = try ComparisonReport(runs)
        #expect(!three.warnings.contains { $0.hasPrefix("not the same work") })
        #expect(
            three.loads == [
                "1,000 messages of 10 KB over 20 connections (mta-segment-fsync)",
                "3,000 messages of 10 KB over 20 connections (mta-memory)",
            ])
        runs[1].generator.accepted = 3001
        #expect(
            try ComparisonReport(runs).warnings.contains(
                "not the same work: 3,001 messages a run of mta-memory, 1,000 of mta-segment-fsync: caches, files and"
                    + " starts weigh otherwise"))
    }

    /// Under a limit of memory that limit counts, and a spool without files has no disk to hide.
    @Test func memoryIsWhatTheRunWasGiven() throws {
        func cached(_ memory: String) throws -> [String] {
            try ComparisonReport([RunFixture.run(text: RunFixture.profileText + "memory: \(memory)\n")]).warnings
                .filter { $0.contains("page cache") }
        }
        #expect(
            try cached("10MB") == [
                "10.50 MB were sent, less than twice the memory (10 MB): the page cache may hide the disk"
            ])
        #expect(try cached("5MB") == [])
        #expect(try !ComparisonReport([RunFixture.variant(3)]).warnings.contains { $0.contains("page cache") })
    }

    @Test func throughputThatFallsWithinARun() throws {
        var run = try RunFixture.run(lastReceived: 1020.5)
        func warning(_ messages: (Int) -> Int) throws -> String? {
            run.sink.series = (1...21).map {
                IntervalSample(
                    unixSeconds: 1000 + Double($0), messages: UInt64(messages($0)), bytes: 0, failed: 0, connections: 8)
            }
            return try ComparisonReport([run]).warnings.first { $0.hasPrefix("throughput") }
        }
        #expect(
            try warning { 1000 - 20 * $0 }
                == "throughput is not steady within a run, it falls by 43 % from begin to end: its mean is that of no one state"
        )
        #expect(try warning { 1000 - 2 * $0 } == nil)
        #expect(try warning { 1000 + $0 * 7919 % 400 } == nil)
        run.phases = [RunPhase("receiver down", unixSeconds: 1005)]
        #expect(try warning { 1000 - 20 * $0 } == nil)
    }

    @Test func aRatioNextToOneHasMoreDigits() {
        func times(_ value: Double, _ low: Double, _ high: Double) -> String {
            let interval = ConfidenceInterval(low: low, high: high, confidence: 0.95, method: .bootstrapPercentile)
            return ReportContrast.times(RatioEstimate(value: value, interval: interval))
        }
        #expect(times(0.95, 0.9, 0.998) == "×0.950 (0.900–0.998)")
        #expect(times(1, 1, 1) == "×1.00 (1.00–1.00)")
        #expect(times(0.0042, 0.004, 0.005) == "×0.004 (0.004–0.005)")
        #expect(times(1.8, 1.62, 2.05) == "×1.80 (1.62–2.05)")
    }

    @Test func aWideIntervalSaysWhatToDo() throws {
        let ends = [1002.5, 1003, 1002.2, 1003.1, 1002.3, 1002.9, 1002.7]
        let runs = try ends.enumerated().map {
            try RunFixture.run(lastReceived: $1, repeatIndex: $0 + 1, repeats: ends.count)
        }
        let advice = try ComparisonReport(runs).advice
        #expect(advice.count == 1)
        #expect(
            advice[0].hasPrefix("mta-rocksdb-fsync: delivered is known to ±18 % only, runs vary by 13 %: about "),
            "\(advice)")
        #expect(
            advice[0].hasSuffix("longer runs vary less, and 'bench-report doctor' looks for what disturbs this machine")
        )
        #expect(try ComparisonReport(eightOfTwo()).advice == [])
    }

    @Test func aDriftIsToldApartFromChance() throws {
        let runs = try (0..<6).map { index in
            var run = try RunFixture.run(lastReceived: 1002.5 + Double(index) / 50, repeatIndex: index + 1, repeats: 6)
            run.startedUnixSeconds = 1000 * Double(index)
            return run
        }
        let advice = try ComparisonReport(runs.reversed()).advice
        #expect(advice.count == 1)
        #expect(
            advice[0].hasPrefix(
                "mta-rocksdb-fsync: delivered falls from run to run by 0.8 % (p = 0.003): these are no repeats"))
    }

    // MARK: Loads

    @Test(arguments: [
        ("", "1,000 messages of 10 KB over 20 connections"),
        (
            "load: {rate: 5000/s, duration: 60s}\n",
            "1,000 messages of 10 KB over 20 connections, asked at 5000/s for 1m"
        ),
        (
            "load: {rate: 20MMH, arrivals: poisson}\ntls: starttls\ndkim: rsa2048\nrecipients: 3\n",
            "1,000 messages of 10 KB over 20 connections, asked at 20MMH, at random (Poisson), STARTTLS, signed (rsa2048), "
                + "3 recipients each"
        ),
        (
            "injection: http\ndomain_count: 100000\n",
            "1,000 messages of 10 KB over 20 connections, handed over by HTTP, to 100,000 domains"
        ),
    ]) func loadsAreSaidWhole(keys: String, expected: String) throws {
        #expect(try ComparisonReport([RunFixture.run(text: RunFixture.profileText + keys)]).loads == [expected])
    }

    // MARK: Evidence and limits

    @Test func evidenceStandsWithThePromise() throws {
        var run = try RunFixture.run()
        #expect(try ComparisonReport([run]).rows[0].evidence == "by its configuration; syncs were not counted")
        run.evidence = DurabilityEvidence(
            method: "strace", messages: 50, syncs: SyncCounts(calls: ["fdatasync": 50]), verdict: .syncsEachMessage)
        run.resources = ResourceRecord(method: "/proc")
        var system = GroupUsage()
        system.syncs = SyncCounts(calls: ["fdatasync": 30])
        (system.cpuUserSeconds, system.diskWriteBytes) = (0.5, 12_000_000)
        run.resources?[.system] = system
        let report = try ComparisonReport([run])
        #expect(report.rows[0].evidence == "1.00 syncs a message seen one at a time (strace); 0.03 in the run")
        #expect(report.rows[0].cells["system_syncs_per_message"]?.value == 0.03)
        #expect(report.rows[0].cells["system_cpu_us_per_message_total"]?.value == 500)
        #expect(report.rows[0].cells["system_messages_per_cpu_s"]?.value == 2000)
        #expect(report.rows[0].cells["system_disk_write_bytes_per_message"]?.value == 12_000)
        run.evidence?.verdict = .doesNotSync
        #expect(try ComparisonReport([run]).rows[0].evidence.contains("; less than it promises; "))
    }

    @Test func whatLimitedItStandsUnderEveryResult() throws {
        for format in [TableFormat.text, .markdown] {
            for layout in [TableLayout.figures, .comparison] {
                let table = try ReportTable([RunFixture.run()], layout: layout).render(format)
                #expect(
                    table.contains("what limited it:") && table.contains("not clear: 2 cores 16 % busy"), "\(table)")
            }
        }
        #expect(try ReportTable([RunFixture.run()]).render(.json).contains("\"limit\""))
    }

    /// Of older records the bytes that the kernel still held are not known, and nobody may think that they are in.
    @Test func deviceWritesSayUntilWhen() throws {
        var run = try RunFixture.variant(0)
        #expect(try ComparisonReport([run]).notes.contains { $0.hasSuffix("; not what the kernel still held") })
        var resources = ResourceRecord(method: "cgroup")
        (resources.deviceWriteBytes, resources.deviceIsSynced) = (12_000_000, true)
        run.resources = resources
        #expect(
            try ComparisonReport([run]).notes.contains {
                $0.hasSuffix(", with what the kernel still held when the system had stopped")
            })
    }

    @Test func endToEndIsTheSinksWhereAllHaveIt() throws {
        var runs = [try RunFixture.variant(0), try RunFixture.variant(3)]
        #expect(try ComparisonReport(runs).columns.contains { $0.key == "delivery_latency_ms_p99" })
        for index in runs.indices {
            var histogram = LatencyHistogram()
            histogram.record(nanoseconds: 20_000_000, count: 1000)
            runs[index].sink.endToEndLatency = histogram
            let keys = try ComparisonReport(runs).columns.map(\.key)
            #expect(keys.contains("end_to_end_latency_ms_p99") == (index == 1))
            #expect(keys.contains("delivery_latency_ms_p99") == (index == 0))
        }
    }

    @Test func aReportCanBeReadBack() throws {
        let report = try ComparisonReport(eightOfTwo())
        let again = try JSONDecoder().decode(ComparisonReport.self, from: JSONEncoder().encode(report))
        #expect(again.rows.map(\.cells) == report.rows.map(\.cells))
        #expect(again.rows[1].contrasts == report.rows[1].contrasts)
    }
}
