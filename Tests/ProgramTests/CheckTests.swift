import Foundation
import ResultStore
import RunRecords
import Testing

/// A stranger's run can be checked: what the harness writes passes, and tampered copies do not, whatever else is made
/// to agree with them.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(3))) struct CheckTests {
        struct Row: Sendable {
            var what: String
            /// The check that has to refuse it.
            var check: String
            /// In its finding.
            var says: String
            var tamper: @Sendable (_ directory: String) throws -> Void
        }

        static let ofRuns: [Row] = [
            Row(what: "rate of the report", check: "report", says: "the record gives") {
                try edit($0 + "/report.md") {
                    $0.replacing(/(delivered +\| MMH +\|) +([0-9.]+)/) { "\($0.1) 9\($0.2)" }
                }
            },
            Row(what: "accepted", check: "balance", says: "accepted 5000 + refused 0") {
                try record($0) { $0["generator"]!["accepted"] = 5000 }
            },
            Row(what: "a lost message", check: "ledgers", says: "audit.lost is 0, the ledgers give 1") {
                let path = $0 + "/" + LedgerStore.sinkName
                let packed = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
                let lines = try ZstdFrame.decompress(packed, limit: 1 << 20).split(separator: 0x0A)
                let less = Array(lines.dropFirst().joined(separator: [0x0A])) + [0x0A]
                try Data(ZstdFrame.compress(less)).write(to: URL(fileURLWithPath: path))
            },
            Row(what: "a bucket", check: "files", says: "histograms/transaction.csv: line") {
                try record($0) {
                    var buckets = $0["generator"]!.dictionary("transaction_latency")["buckets"] as! [[Int]]
                    buckets[0][1] += buckets[buckets.count - 2][1]
                    buckets.remove(at: buckets.count - 2)
                    var latency = $0["generator"]!.dictionary("transaction_latency")
                    latency["buckets"] = buckets
                    $0["generator"]!["transaction_latency"] = latency
                }
            },
            Row(what: "a line of the series", check: "files", says: "series.csv: line 2") {
                try edit($0 + "/series.csv") { text in
                    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
                    lines.remove(at: 1)
                    return lines.joined(separator: "\n")
                }
            },
            Row(what: "a shorter time", check: "times", says: "generator.elapsed_s is") {
                try record($0) {
                    let first = $0["generator"]!["first_offered_unix_s"] as! Double
                    $0["generator"]!["last_accepted_unix_s"] = first + 0.001
                }
            },
            Row(what: "a profile", check: "profile", says: "profile.yaml is not the profile_text") {
                try edit($0 + "/profile.yaml") { $0.replacingOccurrences(of: "5KB", with: "500KB") }
            },
            Row(what: "a durability", check: "invalid", says: "durability os instead of fsync") {
                try record($0) { $0["mta"]!["durability"] = "os" }
            },
            Row(
                what: "a durability that was asked for", check: "durability", says: "system.promise is fsync"
            ) {
                try record($0) {
                    $0["mta"]!["durability"] = "os"
                    $0["profile"]!["durability"] = "os"
                }
            },
            Row(what: "another schema", check: "schema", says: "the schema is 'millrace.run/9'") {
                try edit($0 + "/run.json") { $0.replacingOccurrences(of: "millrace.run/2", with: "millrace.run/9") }
            },
            Row(what: "other connections", check: "arguments", says: "profile.connections is 2000") {
                try record($0) { $0["profile"]!["connections"] = 2000 }
            },
            Row(what: "no CPU", check: "plausible", says: "s of CPU for 500000000 messages") {
                try record($0) {
                    $0["sink"]!["received"] = 500_000_000
                }
            },
            Row(what: "a reason left out", check: "invalid", says: "'invalid' does not say: 2 acknowledged messages") {
                try record($0) { $0["audit"]!["lost"] = 2 }
            },
        ]

        @Test func whatWasRunPassesAndTamperedCopiesDoNot() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let directory = try await run(stage, BenchReportTests.profile, "tiny")
            let (good, status) = try await check(stage, directory)
            #expect(status == 0)
            #expect(good.filter { $0.outcome == "fail" }.map(\.detail) == [])
            #expect(good.contains { $0.check == "ledgers" && $0.outcome == "pass" })
            for row in Self.ofRuns {
                let copy = stage.path("tampered") + "/" + URL(fileURLWithPath: directory).lastPathComponent
                try? FileManager.default.removeItem(atPath: stage.path("tampered"))
                try FileManager.default.createDirectory(
                    atPath: stage.path("tampered"), withIntermediateDirectories: true)
                try FileManager.default.copyItem(atPath: directory, toPath: copy)
                try row.tamper(copy)
                try Self.seal(copy)
                let (findings, status) = try await check(stage, copy)
                let failures = findings.filter { $0.outcome == "fail" }
                #expect(status == 1, "\(row.what)")
                #expect(
                    failures.contains { $0.check == row.check && $0.detail.contains(row.says) },
                    "\(row.what): \(failures)")
                #expect(!failures.contains { $0.check == "manifest" }, "the digests were made again: \(failures)")
            }
        }

        @Test func aTamperedResultIsNotShown() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let directory = try await run(stage, BenchReportTests.profile, "tiny")
            try Self.edit(directory + "/series.csv") { $0 + "sink-mta,1.000,1,1,0,1\n" }
            for words in [
                ["table", directory], ["plot", directory, "-o", stage.path("chart.svg")], ["histogram", directory],
            ] {
                let refused = try stage.program("bench-report", words)
                #expect(try await refused.waitForExit() == 1)
                #expect(refused.errorOutput.contains("refused: "), "\(refused.errorOutput)")
                #expect(refused.errorOutput.contains("series.csv has the digest"), "\(refused.errorOutput)")
                #expect(refused.output == "")
                let shown = try stage.program("bench-report", words + ["--unchecked"])
                #expect(try await shown.waitForExit() == 0, "\(shown.errorOutput)")
                guard words[0] == "table" else { continue }
                #expect(shown.output.contains("warning: tiny mta-segment-fsync: UNCHECKED: refused by 2 checks"))
            }
        }

        @Test func aComparisonHasAllItsRuns() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let directory = try await run(
                stage, BenchReportTests.variants, "pair",
                ["--only", "segment-os", "--only", "memory", "--repeat", "2", "--rest", "50ms"])
            #expect(try await check(stage, directory).status == 0)
            let merged = try stage.program("bench-report", ["histogram", directory, "--merged"])
            #expect(try await merged.waitForExit() == 0, "\(merged.errorOutput)")
            #expect(merged.output.contains(#/pair mta-memory +transaction +2 +1,000 +/#), "\(merged.output)")
            let several = try stage.program("bench-report", ["histogram", directory, "--format", "hgrm"])
            #expect(try await several.waitForExit() == 2)
            #expect(several.errorOutput.contains("4 histograms, expected one"))

            try Self.edit(directory + "/comparison.csv") { text in
                text.replacing(/(accepted_mmh,MMH),([0-9])/) { "\($0.1),9\($0.2)" }
            }
            try Self.seal(directory)
            var (findings, status) = try await check(stage, directory)
            #expect(status == 1)
            #expect(findings.contains { $0.check == "comparison.csv" && $0.detail.contains("median of pair mta-") })
            let runs = try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.contains("memory") }
            try FileManager.default.removeItem(atPath: directory + "/" + runs[0])
            try Self.seal(directory)
            (findings, status) = try await check(stage, directory)
            #expect(status == 1)
            #expect(
                findings.contains { $0.check == "runs" && $0.detail.contains(/mta-memory: run \d of 2 is missing/) })
        }

        /// A result of before there were systems under test, made by the program of then.
        @Test func resultsOfSchema1AreRead() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let old = Stage.root + "/Tests/ResultChecksTests/Fixtures/"
            let name = try #require(
                try FileManager.default.contentsOfDirectory(atPath: old).first { $0.contains("Z_") })
            let (findings, status) = try await check(stage, old + name)
            #expect(status == 0, "\(findings.filter { $0.outcome == "fail" })")
            #expect(findings.contains { $0.check == "balance" && $0.outcome == "pass" })
            #expect(findings.contains { $0.check == "files" && $0.outcome == "pass" })
            #expect(findings.contains { $0.check == "manifest" && $0.outcome == "skipped" })
            let table = try stage.program("bench-report", ["table", old + name, "--format", "json"])
            #expect(try await table.waitForExit() == 0, "\(table.errorOutput)")
            #expect(table.output.contains("\"system\" : \"mta-segment-fsync\""))
            let plot = try stage.program("bench-report", ["plot", old + name, "-o", stage.path("old.svg")])
            #expect(try await plot.waitForExit() == 0, "\(plot.errorOutput)")
        }

        /// The same run n times is no n repeats, whatever its directory is called.
        @Test(arguments: ["table", "plot", "trend", "html", "histogram"])
        func aResultCountsOnce(command: String) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let old = Stage.root + "/Tests/ResultChecksTests/Fixtures/"
            let name = try #require(
                try FileManager.default.contentsOfDirectory(atPath: old).first { $0.contains("Z_") })
            try FileManager.default.copyItem(atPath: old + name, toPath: stage.path("copy"))
            let program = try stage.program("bench-report", [command, old + name, stage.path("copy")])
            #expect(try await program.waitForExit() == 2)
            #expect(program.errorOutput.contains("is there twice, also in \(old + name)"), "\(program.errorOutput)")
        }

        @Test func whatIsNoResultIsUsage() async throws {
            let stage = try Stage()
            defer { stage.close() }
            for path in ["/nowhere", try stage.openDirectory("empty")] {
                let program = try stage.program("bench-report", ["check", path])
                #expect(try await program.waitForExit() == 2, "\(program.output)")
            }
            let format = try stage.program("bench-report", ["check", "/nowhere", "--format", "yaml"])
            #expect(try await format.waitForExit() == 2)
        }

        // MARK: Helpers

        struct Finding: Decodable {
            var result: String
            var check: String
            var outcome: String
            var detail: String
        }

        private func check(_ stage: Stage, _ directory: String) async throws -> (findings: [Finding], status: Int32) {
            let program = try stage.program("bench-report", ["check", directory, "--format", "json"])
            let status = try await program.waitForExit()
            let findings = try JSONDecoder().decode([Finding].self, from: Data(program.output.utf8))
            return (findings, status)
        }

        /// Runs a profile; the directory of what came of it.
        private func run(
            _ stage: Stage, _ profile: String, _ name: String, _ words: [String] = []
        ) async throws -> String {
            try profile.write(toFile: stage.path(name + ".yaml"), atomically: true, encoding: .utf8)
            let out = stage.path("results")
            let program = try stage.program(
                "bench-report", ["run", stage.path(name + ".yaml"), "--out", out] + words)
            #expect(try await program.waitForExit(seconds: 60) == 0, "\(program.errorOutput) \(program.output)")
            let names = try FileManager.default.contentsOfDirectory(atPath: out).filter { !$0.hasPrefix(".") }
            return out + "/" + (try #require(names.first))
        }

        private static func seal(_ directory: String) throws {
            try ResultManifest(try ResultBundle.read(directory).files).text.write(
                toFile: directory + "/" + ResultManifest.fileName, atomically: true, encoding: .utf8)
        }

        private static func edit(_ path: String, _ body: (String) -> String) throws {
            let text = try String(contentsOfFile: path, encoding: .utf8)
            let other = body(text)
            #expect(other != text, "\(path) was not changed")
            try other.write(toFile: path, atomically: true, encoding: .utf8)
        }

        private static func record(_ directory: String, _ body: (inout [String: [String: Any]]) -> Void) throws {
            let url = URL(fileURLWithPath: directory + "/run.json")
            var json = try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as! [String: Any]
            var objects = json.compactMapValues { $0 as? [String: Any] }
            body(&objects)
            json.merge(objects) { _, new in new }
            try JSONSerialization.data(withJSONObject: json, options: [.sortedKeys, .withoutEscapingSlashes]).write(
                to: url)
        }
    }
}

extension [String: Any] {
    fileprivate func dictionary(_ key: String) -> [String: Any] { self[key] as! [String: Any] }
}
