import Foundation
import ResultChecks
import ResultStore
import RunRecords
import Testing

/// A good result passes, and every tampered copy fails for its own reason, though its digests were made again.
@Suite struct ResultCheckTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var what: String
        /// Checks that have to refuse it.
        var checks: [String]
        /// In one of their findings.
        var says: String
        var tamper: @Sendable (inout ResultBundle) throws -> Void
        var testDescription: String { what }

        /// Tampers with a result: one of the checks says why that is refused.
        func expectRefusal(of good: ResultBundle, sourceLocation: SourceLocation = #_sourceLocation) throws {
            var bundle = good
            try tamper(&bundle)
            let failures = ResultCheck(bundle).failures
            #expect(
                failures.contains { checks.contains($0.check) && $0.detail.contains(says) },
                "refused by \(failures)", sourceLocation: sourceLocation)
        }
    }

    @Test func aGoodResultPassesEveryCheck() throws {
        let check = ResultCheck(try GoodResult.bundle(GoodResult.record()))
        #expect(check.failures.map { "\($0.check): \($0.detail)" } == [])
        #expect(check.findings.filter { $0.outcome == .skipped }.map { "\($0.check): \($0.detail)" } == [])
        #expect(Set(check.findings.map(\.check)).count == 25)
        #expect(check.records.count == 1)
    }

    @Test func aGoodComparisonPasses() throws {
        let check = ResultCheck(try GoodResult.comparison())
        #expect(check.failures.map { "\($0.result) \($0.check): \($0.detail)" } == [])
        #expect(check.records.map(\.repeatIndex) == [1, 1, 2, 2])
    }

    static let ofRuns: [Row] = [
        Row(what: "the rate of the report is raised", checks: ["report"], says: "the record gives") {
            $0.tamper("report.md", "1.440", "9.440")
        },
        Row(what: "the accepted count is raised", checks: ["balance", "series", "replies", "ledgers"], says: "2000") {
            try $0.tamper { $0[path: "generator.accepted"] = 2000 }
        },
        Row(what: "accepted is raised wherever it stands", checks: ["ledgers", "histograms", "series"], says: "1000") {
            try $0.tamper {
                for key in ["generator.accepted", "generator.offered", "audit.acknowledged", "profile.messages"] {
                    $0[path: key] = 2000
                }
                for key in ["mta.accepted", "mta.accepted_messages", "mta.delivered", "sink.received"] {
                    $0[path: key] = 2000
                }
                $0[path: "sink.ledger.unique"] = 2000
                $0[path: "generator.replies.0.count"] = 2000
            }
        },
        Row(
            what: "one is lost and nobody says so", checks: ["ledgers"], says: "audit.lost is 0, the ledgers give 1"
        ) {
            let lines =
                GoodResult.sinkLedger(GoodResult.started).split(separator: "\n").dropLast().joined(separator: "\n")
                + "\n"
            $0.files[LedgerStore.sinkName] = try ZstdFrame.compress(Array(lines.utf8))
            $0.seal()
        },
        Row(what: "a bucket is moved", checks: ["files", "report"], says: "histograms/transaction") {
            try $0.tamper {
                let buckets = $0[path: "generator.transaction_latency.buckets"] as! [[Int]]
                let moved = [
                    [buckets[0][0], buckets[0][1] + 290], buckets[1], [buckets[2][0], 1], [buckets[3][0], 9],
                ]
                $0[path: "generator.transaction_latency.buckets"] = moved
            }
        },
        Row(what: "the smallest value is made smaller", checks: ["histograms"], says: "not the ends of its buckets") {
            try $0.tamper { $0[path: "generator.transaction_latency.min_ns"] = 1_000_000 }
        },
        Row(what: "a second is left out", checks: ["series", "files"], says: "sum of messages is 700") {
            try $0.tamper { json in
                let series = json[path: "generator.series"] as! [Any]
                json[path: "generator.series"] = Array(series.dropFirst())
            }
        },
        Row(what: "a line of the seconds is left out", checks: ["files"], says: "series.csv: line 2") {
            let lines = $0.text("series.csv")!.split(separator: "\n", omittingEmptySubsequences: false)
            $0.files["series.csv"] = Array((lines[..<1] + lines[2...]).joined(separator: "\n").utf8)
            $0.seal()
        },
        Row(what: "the run is made shorter", checks: ["times", "report"], says: "generator.elapsed_s is 2.700") {
            try $0.tamper { $0[path: "generator.last_accepted_unix_s"] = GoodResult.started + 1.5 }
        },
        Row(
            what: "the run is made shorter by little", checks: ["times"],
            says: "from the first message to the last acceptance are 2.3950 s"
        ) {
            try $0.tamper { $0[path: "generator.last_accepted_unix_s"] = GoodResult.started + 2.895 }
        },
        Row(what: "it is made shorter twice", checks: ["times"], says: "counts the last messages from") {
            try $0.tamper {
                $0[path: "generator.last_accepted_unix_s"] = GoodResult.started + 1.5
                $0[path: "generator.elapsed_s"] = 1.3
                $0[path: "sink.last_received_unix_s"] = GoodResult.started + 1.6
            }
        },
        Row(what: "the day is another", checks: ["name"], says: "the directory's name says 20261120T120000Z") {
            try $0.tamper { $0[path: "started_unix_s"] = GoodResult.started - 86400 }
        },
        Row(
            what: "what is wrong is not said", checks: ["invalid", "balance"], says: "3 acknowledged messages were lost"
        ) {
            try $0.tamper {
                $0[path: "audit.lost"] = 3
                $0[path: "invalid"] = [String]()
            }
        },
        Row(what: "the profile is another", checks: ["profile"], says: "profile.yaml is not the profile_text") {
            $0.tamper("profile.yaml", "connections: 20", "connections: 2000")
        },
        Row(what: "the profile is another, and the record", checks: ["profile"], says: "connections 20 instead of 2000")
        {
            $0.tamper("profile.yaml", "connections: 20", "connections: 2000")
            try $0.tamper { json in
                let text = json[path: "profile_text"] as! String
                json[path: "profile_text"] = text.replacingOccurrences(of: "connections: 20", with: "connections: 2000")
            }
        },
        Row(what: "a promise is made up", checks: ["invalid"], says: "durability os instead of fsync") {
            try $0.tamper { $0[path: "mta.durability"] = "os" }
        },
        Row(what: "a promise is made up for the system", checks: ["durability"], says: "system.promise is fsync") {
            try $0.tamper {
                $0[path: "mta.durability"] = "os"
                $0[path: "profile.durability"] = "os"
            }
        },
        Row(what: "syncs are made up", checks: ["durability"], says: "3 syncs were seen for 20 messages") {
            try $0.tamper { $0[path: "evidence.syncs.calls.fdatasync"] = 3 }
        },
        Row(what: "CPU is made smaller", checks: ["resources", "report"], says: "the kernel counted 1.50 s") {
            try $0.tamper { $0[path: "mta.header.usage.cpu_user_s"] = 0.1 }
        },
        Row(what: "CPU is made smaller twice", checks: ["resources"], says: "system: samples sum to 1.50 s of CPU") {
            try $0.tamper {
                $0[path: "mta.header.usage.cpu_user_s"] = 0.1
                $0[path: "resources.usage.system.cpu_user_s"] = 0.1
            }
        },
        Row(what: "no CPU was needed", checks: ["plausible", "resources"], says: "0.000000 s of CPU") {
            try $0.tamper {
                for key in ["generator", "mta", "sink"] {
                    $0[path: key + ".header.usage.cpu_user_s"] = 0
                    $0[path: key + ".header.usage.cpu_system_s"] = 0
                }
                $0[path: "sink.received"] = 100_000_000
            }
        },
        Row(what: "the schema is another", checks: ["schema"], says: "the schema is 'millrace.run/3'") {
            try $0.tamper { $0[path: "schema"] = "millrace.run/3" }
        },
        Row(what: "an old schema is claimed", checks: ["schema"], says: "") {
            $0.files[ResultManifest.fileName] = nil
            $0.files[ResultBundle.recordName] = Array(
                $0.text(ResultBundle.recordName)!.replacingOccurrences(of: "millrace.run/2", with: "millrace.run/1")
                    .utf8)
        },
        Row(what: "a key is made up", checks: ["schema"], says: "key 'generator.bonus' is unknown") {
            try $0.tamper { $0[path: "generator.bonus"] = 1 }
        },
        Row(what: "a count is negative", checks: ["schema"], says: "generator.failed is -1.0") {
            try $0.tamper { $0[path: "generator.failed"] = -1 }
        },
        Row(what: "a count is absurd", checks: ["schema"], says: "no count of a run is so large") {
            try $0.tamper { $0[path: "sink.received"] = UInt64.max }
        },
        Row(what: "the tree is said to be clean", checks: ["name"], says: "the record makes it") {
            $0.name += "-dirty"
        },
        Row(what: "the machine is another", checks: ["environment"], says: "environment.json: cores is 2") {
            try $0.tamper { $0[path: "machine.cores"] = 96 }
        },
        Row(what: "the system was set up otherwise", checks: ["files"], says: "system/files/etc/mta.yaml: line 1") {
            $0.tamper("system/files/etc/mta.yaml", "mta.test", "other.test")
        },
        Row(what: "a file is left out of the list", checks: ["manifest"], says: "report.md is there, but is not listed")
        {
            let lines = $0.text(ResultManifest.fileName)!.split(separator: "\n").filter { !$0.hasSuffix("report.md") }
            $0.files[ResultManifest.fileName] = Array((lines.joined(separator: "\n") + "\n").utf8)
        },
        Row(what: "a file is changed and not listed again", checks: ["manifest"], says: "run.json has the digest") {
            $0.files[ResultBundle.recordName]! += [0x0A]
        },
        Row(
            what: "the run begins later, all by itself", checks: ["latencies"],
            says: "first_offered_unix_s is 1795176001.000, the ledgers give 1795176000.500"
        ) {
            try $0.tamper { $0[path: "generator.first_offered_unix_s"] = GoodResult.started + 1 }
        },
        Row(what: "latencies are made smaller wherever they stand", checks: ["latencies"], says: "p99") {
            var record = try GoodResult.record()
            record.generator.transactionLatency = GoodResult.histogram([(10_000_000, 1000)])
            $0 = try GoodResult.bundle(record)
        },
        Row(what: "the ledgers are taken away", checks: ["ledgers"], says: "says that the ledgers were kept") {
            $0.files[LedgerStore.sinkName] = nil
            $0.seal()
        },
        Row(what: "the ledgers are of another run", checks: ["ledgers"], says: "generator.run_id is") {
            try $0.tamper { $0[path: "generator.run_id"] = "0193a1b2c3d4e5f6" }
        },
    ]

    @Test(arguments: ofRuns) func aTamperedRunIsRefused(_ row: Row) throws {
        var bundle = try GoodResult.bundle(GoodResult.record())
        try row.tamper(&bundle)
        let failures = ResultCheck(bundle).failures
        let names = Set(failures.map(\.check))
        #expect(names.isSuperset(of: row.checks), "refused by \(failures)")
        #expect(
            row.says.isEmpty || failures.contains { row.checks.contains($0.check) && $0.detail.contains(row.says) },
            "refused by \(failures)")
    }

    static let ofComparisons: [Row] = [
        Row(what: "a slow run is removed", checks: ["runs"], says: "mta-loose: run 2 of 2 is missing") {
            $0.files[$0.runs[3].name + "/" + ResultManifest.fileName] = nil
            $0.runs.remove(at: 3)
            try $0.writeTables(ResultCheck($0).records)
            $0.seal()
        },
        Row(what: "a system is removed", checks: ["runs"], says: "repeat 1: place 2 of 2 is missing") {
            for index in [3, 1] {
                $0.files[$0.runs[index].name + "/" + ResultManifest.fileName] = nil
                $0.runs.remove(at: index)
            }
            try $0.writeTables(ResultCheck($0).records)
            $0.seal()
        },
        Row(what: "a run is there twice", checks: ["runs"], says: "mta-loose: run 1 is there 2 times") {
            $0.runs.append($0.runs[1])
            $0.seal()
        },
        Row(what: "a figure of the CSV is edited", checks: ["comparison.csv"], says: "median of good mta-rocksdb") {
            $0.tamper("comparison.csv", ",delivered_mmh,MMH,1.44,", ",delivered_mmh,MMH,2.44,")
        },
        Row(what: "an invalid run is called valid", checks: ["comparison.csv"], says: "valid of good mta-loose") {
            $0.tamper("comparison.csv", "mta-loose,2,true", "mta-loose,2,false")
        },
        Row(what: "a row of the CSV is left out", checks: ["comparison.csv"], says: "has no row of good mta-loose") {
            let lines = $0.text("comparison.csv")!.split(separator: "\n").filter {
                !$0.contains("loose,2,true,accepted_mmh")
            }
            $0.files["comparison.csv"] = Array((lines.joined(separator: "\n") + "\n").utf8)
            $0.seal()
        },
        Row(
            what: "a figure of the JSON is edited", checks: ["comparison.json"],
            says: "figures.accepted_mmh.median is 9"
        ) {
            var rows = try JSONSerialization.jsonObject(with: Data($0.files["comparison.json"]!)) as! [[String: Any]]
            rows[0][path: "figures.accepted_mmh.median"] = 9
            $0.files["comparison.json"] = Array(try JSONSerialization.data(withJSONObject: rows))
            $0.seal()
        },
        Row(what: "the text is edited", checks: ["comparison"], says: "7.44 400") {
            $0.tamper("comparison.txt", "1.44", "7.44")
        },
    ]

    @Test(arguments: ofComparisons) func aTamperedComparisonIsRefused(_ row: Row) throws {
        try row.expectRefusal(of: GoodResult.comparison())
    }

    /// What could not be run is said, and then it is not missing.
    @Test func whatWasNotRunMayBeMissing() throws {
        var bundle = try GoodResult.comparison()
        bundle.files[bundle.runs[3].name + "/" + ResultManifest.fileName] = nil
        bundle.runs.remove(at: 3)
        try bundle.writeTables(ResultCheck(bundle).records)
        for name in ["comparison.txt", "comparison.md"] {
            bundle.files[name] = Array("NOT RUN: good mta-loose, run 2: no memory\n".utf8) + bundle.files[name]!
        }
        bundle.seal()
        #expect(ResultCheck(bundle).failures.map(\.detail) == [])
    }

    /// A budget of time, or the command, may ask for fewer messages than the profile: then it stands in the result.
    @Test func anotherNumberOfMessagesHasToBeSaid() throws {
        var record = try GoodResult.record()
        record.profileText = record.profileText.replacingOccurrences(of: "messages: 1000", with: "messages: 5000")
        let failures = ResultCheck(try GoodResult.bundle(record)).failures
        #expect(failures.map(\.check) == ["profile"])
        #expect(failures.first?.detail.hasSuffix("messages 1000 instead of 5000") == true, "\(failures)")
        record.conditions = ["1,000 messages fit into the budget of 60 s: 20 msg/s in a calibration run of 100"]
        #expect(ResultCheck(try GoodResult.bundle(record)).failures.map(\.detail) == [])
    }
}
