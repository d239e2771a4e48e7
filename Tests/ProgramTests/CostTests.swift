import Foundation
import RunRecords
import Testing

/// `bench-report cost`, `project` and `published` with the data that the repository ships.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct CostTests {
        private static let profiles =
            URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path + "/profiles"

        /// Runs `bench-report` to its end: what it says, on either side.
        private func tool(_ stage: Stage, _ words: [String], code: Int32 = 0) async throws -> String {
            let data = words.first == "published" ? ["--published", Self.profiles + "/published"] : []
            let program = try stage.program("bench-report", words + data + ["--prices", Self.profiles + "/prices"])
            let ended = try await program.waitForExit(seconds: 90)
            guard ended == code else {
                throw StageFault("\(words.joined(separator: " ")) ended with \(ended): \(program.errorOutput)")
            }
            return code == 0 ? program.output : program.errorOutput
        }

        /// - Returns: the directory of a result.
        private func smallRun(_ stage: Stage) async throws -> String {
            let text =
                "question: What does it cost?\nmessages: 300\nmessage_size: 5KB\nconnections: 10\nstall_limit: 20s\n"
            try text.write(toFile: stage.path("tiny.yaml"), atomically: true, encoding: .utf8)
            let out = stage.path("results")
            let program = try stage.program("bench-report", ["run", stage.path("tiny.yaml"), "--out", out])
            let code = try await program.waitForExit(seconds: 60)
            #expect(code == 0, "\(program.errorOutput) \(program.output)")
            let names = try FileManager.default.contentsOfDirectory(atPath: out).filter { !$0.hasPrefix(".") }
            return out + "/" + (try #require(names.first))
        }

        /// One machine, reserved: 0.214 × 730 = $156.22; 33; 30,000 GB by tiers 2,601.20; 3,300; 0.
        @Test func aMonthOnOneMachine() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let text = try await tool(
                stage,
                [
                    "cost", "--mmh", "4.033514", "--instance", "c5.2xlarge", "--reserved", "1y", "--hours-per-day",
                    "10",
                    "--days", "30", "--messages-per-hour", "1M", "--message-size", "100KB", "--storage",
                    "gp3:100GB:7200iops:225MB/s", "--egress", "aws", "--support", "3300USD/month", "--licence",
                    "apache-2.0", "--volume", "300M/month", "--format", "csv",
                ])
            for line in [
                "parts,1,usd_per_month,156.22", "parts,2,usd_per_month,33", "parts,4,usd_per_month,3300",
                "parts,5,usd_per_month,0", "figures,1,value,1", "machines,2,machines,25",
                "machines,3,messages_per_hour,1000000",
            ] { #expect(text.contains("\n\(line)\n"), "\(line) is not in \(text)") }
            let egress = try #require(text.firstMatch(of: /\nparts,3,usd_per_month,([0-9.]+)\n/)?.1)
            #expect(abs((Double(egress) ?? 0) - 2601.2) < 0.001)
        }

        @Test(arguments: [
            (["--instance", "c5.2xlarge"], "expected a RESULT, or --mmh"),
            (["--mmh", "4"], "--instance is missing: expected one of c5.2xlarge"),
            (["--mmh", "4", "--instance", "c5.2xlarg"], "did you mean 'c5.2xlarge'?"),
            (["--mmh", "four", "--instance", "c5.2xlarge"], "expected million messages an hour, such as 4.0"),
            (
                ["--mmh", "4", "--instance", "c5.2xlarge", "--messages-per-hour", "1m"],
                "such as 250000, 300k, 1M or 1.5B"
            ),
            (["--mmh", "4", "--instance", "c5.2xlarge", "--storage", "gp3:100"], "such as gp3:100GB:7200iops:225MB/s"),
            (["--mmh", "4", "--instance", "c5.2xlarge", "--storage", "io9:1GB"], "there are gp3"),
            (["--mmh", "4", "--instance", "F8s_v2", "--storage", "gp3:100GB"], "expected both of one cloud"),
            (["--mmh", "4", "--instance", "c5.2xlarge", "--egress", "aws"], "--egress needs --message-size"),
            (["--mmh", "4", "--instance", "c5.2xlarge", "--support", "3300"], "an amount such as 3300USD/month"),
            (["--mmh", "4", "--instance", "F8s_v2", "--reserved", "1y"], "the prices have none for F8s_v2"),
            (["--mmh", "4", "--instance", "c5.2xlarge", "--reserved", "3y"], "expected 1y"),
            (["--mmh", "4", "--instance", "c5.2xlarge", "--volume", "1M"], "such as 1M/month, 1B/day"),
            (["--mmh", "4", "--instance", "c5.2xlarge", "--hours-per-day", "25"], "expected hours, 0.01 to 24"),
            (["--mmh", "4", "--instance", "c5.2xlarge", "--format", "xml"], "expected text, markdown, csv or json"),
        ])
        func whatIsOddIsRefusedWithTheAllowedForm(words: [String], said: String) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let error = try await tool(stage, ["cost"] + words, code: 2)
            #expect(error.contains(said), "\(error)")
        }

        /// A small run of our own: its cost, its projection, and itself beside the published one; an invalid copy is refused.
        @Test func aResultIsProjectedUnlessItIsInvalid() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let result = try await smallRun(stage)
            let json = try await tool(stage, ["project", result, "--all", "--format", "json"])
            let object = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
            let rows = try #require(object["projected"] as? [[String: Any]])
            #expect(rows.count == 21)
            #expect(rows.allSatisfy { ($0["projected_mmh"] as? Double ?? 0) > 0 })
            let cost = try await tool(stage, ["cost", result, "--projected", "--instance", "c5.2xlarge"])
            #expect(cost.contains("projected, limited by"))
            let measured = try await tool(stage, ["cost", result, "--instance", "c5.2xlarge"])
            #expect(measured.contains("measured here on"))
            let beside = try await tool(stage, ["published", "kumomta-2023", "--beside", result])
            #expect(beside.contains("OTHER WORK, not set beside it"), "\(beside)")
            var record = try RecordFile.read(RunRecord.self, from: result + "/run.json")
            record.invalid = ["made so by a test"]
            try RecordFile.write(record, to: stage.path("run.json"))
            for words in [
                ["project", stage.path("run.json"), "--all"],
                ["cost", stage.path("run.json"), "--instance", "c5.2xlarge"],
            ] {
                let error = try await tool(stage, words, code: 1)
                #expect(
                    error.contains("refused: ") || error.contains("no valid result"), "\(error)")
            }
        }

        /// The published procedure, made small: two of our spools, signed, set beside the published table.
        @Test func theProcedureIsDoneHere() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let out = stage.path("results")
            let text = try await tool(
                stage,
                [
                    "published", "kumomta-2023", "--run", "--messages", "200", "--repeat", "1", "--rest", "0s",
                    "--systems", "mta:rocksdb-os,mta:segment-fsync", "--out", out,
                ])
            for line in [
                "mta-rocksdb-os: 200 messages instead of 100,000", "mta-segment-fsync: 1 valid runs instead of 4",
                "projected from mta-rocksdb-os",
            ] { #expect(text.contains(line), "\(line) is not in \(text)") }
            #expect(!text.contains("without signatures"), "\(text)")
            #expect(!text.contains("connections instead of"), "\(text)")
            let names = try FileManager.default.contentsOfDirectory(atPath: out).filter { !$0.hasPrefix(".") }
            let directory = out + "/" + (try #require(names.first))
            #expect(names.count == 1)
            for suffix in ["txt", "md", "csv", "json"] {
                #expect(FileManager.default.fileExists(atPath: "\(directory)/published.\(suffix)"), "\(suffix)")
            }
        }

        @Test(arguments: [
            (["--run", "--limits"], "expected one of them"), (["--run", "--repeat", "0"], "expected 1 or more"),
            (["--run", "--rest", "soon"], "a duration such as"), (["--run", "--systems", "sendmail"], "--systems"),
            (["--limits", "--systems", "mta:segment,postfix"], "expected one system"),
            (["--limits", "--messages", "10"], "too little for any system: more --messages"),
        ])
        func oddProceduresAreRefused(words: [String], said: String) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let error = try await tool(
                stage, ["published", "kumomta-2023"] + words + ["--out", stage.path("results")], code: 2)
            #expect(error.contains(said), "\(error)")
        }

        @Test func whatIsPublishedIsPrintedAndDrawn() async throws {
            let stage = try Stage()
            defer { stage.close() }
            #expect(try await tool(stage, ["published"]).contains("\nkumomta-2023 "))
            let chart = stage.path("chart.svg")
            let text = try await tool(stage, ["published", "kumomta-2023", "-o", chart])
            #expect(text.contains("of 39 lines: 10 reproduced, 21 off, 4 contradicted, 4 not checkable"))
            let drawn = String(decoding: FileManager.default.contents(atPath: chart) ?? Data(), as: UTF8.self)
            for label in ["c5.24xlarge", "96 vCPU, 192 GiB", "6.831", "0.50", "0.071", "0.604", "Postfix, published"] {
                #expect(drawn.contains(">\(label)<"), "\(label) is not drawn")
            }
            #expect(try await tool(stage, ["published", "others"]).contains("nitromta-postfix, cost"))
            let error = try await tool(stage, ["published", "kumomta-2032"], code: 2)
            #expect(error.contains("did you mean 'kumomta-2023'?"))
        }
    }
}
