import Foundation
import RunRecords
import Testing

/// The harness starts all three programs, and its account of a run balances.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct BenchReportTests {
        static let profile = """
            question: Does the account of a small run balance?
            messages: 500
            message_size: 5KB
            connections: 20
            stall_limit: 20s
            prices:
              - name: somewhere
                usd_per_hour: 0.34
                source: made up for this test

            """

        @Test func aSmallRunBalances() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let directory = try await run(stage)
            let record = try RecordFile.read(RunRecord.self, from: directory + "/run.json")
            #expect(ConservationLaw.violations(of: record) == [])
            #expect(record.generator.accepted == 500)
            #expect(record.mta?.delivered == 500)
            #expect(record.sink.ledger?.unique == 500)
            #expect(record.audit.acknowledged == 500)
            #expect((record.audit.lost, record.audit.doubled, record.audit.changed) == (0, 0, 0))
        }

        @Test func resultsBecomeTablesAndPlots() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let directory = try await run(stage)
            for format in ["text", "markdown", "csv", "json"] {
                let table = try stage.program("bench-report", ["table", directory, "--format", format])
                #expect(try await table.waitForExit() == 0, "\(table.errorOutput)")
                #expect(table.output.count > 200, "\(format): \(table.output)")
            }
            let chart = stage.path("chart.svg")
            let plot = try stage.program("bench-report", ["plot", directory, "-o", chart])
            #expect(try await plot.waitForExit() == 0, "\(plot.errorOutput)")
            let drawn = String(decoding: FileManager.default.contents(atPath: chart) ?? Data(), as: UTF8.self)
            #expect(drawn.contains("<svg"))
            #expect(drawn.contains("</svg>"))
        }

        @Test(arguments: [
            ("messages: 500", "mesages: 500", "mesages"),
            ("message_size: 5KB", "message_size: 5 parsecs", "5 parsecs"),
            ("connections: 20", "connections: 0", "connections"),
        ])
        func faultyProfilesAreRefusedWithTheirLine(right: String, wrong: String, named: String) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let text = Self.profile.replacingOccurrences(of: right, with: wrong)
            let line = try #require(text.split(separator: "\n").firstIndex { $0 == wrong }) + 1
            try text.write(toFile: stage.path("faulty.yaml"), atomically: true, encoding: .utf8)
            let program = try stage.program(
                "bench-report", ["run", stage.path("faulty.yaml"), "--out", stage.path("out")])
            #expect(try await program.waitForExit() == 2)
            #expect(program.errorOutput.contains("faulty.yaml:\(line)"), "\(program.errorOutput)")
            #expect(program.errorOutput.contains(named), "\(program.errorOutput)")
        }

        @Test func variantsTakeTurnsAndAreCompared() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let directory = try await compare(stage, ["--only", "segment-os", "--only", "memory"], exits: 0).directory
            let names = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
            let records = try names.filter { $0.contains("Z_") }.map {
                try RecordFile.read(RunRecord.self, from: "\(directory)/\($0)/run.json")
            }.sorted { $0.startedUnixSeconds < $1.startedUnixSeconds }
            #expect(records.map(\.profile.variant) == ["segment-os", "memory", "memory", "segment-os"])
            #expect(records.map(\.order?.position) == [1, 2, 1, 2])
            #expect(records.map(\.order?.of) == [2, 2, 2, 2])
            #expect(records.map(\.repeatIndex) == [1, 1, 2, 2])
            #expect(records.map(\.mta?.durability) == ["os", "none", "none", "os"])
            for record in records { #expect(record.invalid == []) }
            #expect(
                names.filter { $0.hasPrefix("comparison") }
                    == ["csv", "html", "json", "md", "svg", "txt"].map { "comparison.\($0)" })
            let table = try stage.program("bench-report", ["table", directory, "--comparison"])
            #expect(try await table.waitForExit() == 0, "\(table.errorOutput)")
            #expect(table.output == (try String(contentsOfFile: directory + "/comparison.txt", encoding: .utf8)))
            #expect(table.output.contains("mta-memory "))
            let chart = stage.path("bars.svg")
            let plot = try stage.program("bench-report", ["plot", directory, "-o", chart])
            #expect(try await plot.waitForExit() == 0, "\(plot.errorOutput)")
            #expect(try String(contentsOfFile: chart, encoding: .utf8).contains(">Written to the device<"))
            let lines = try stage.program("bench-report", ["plot", directory, "-o", chart, "--no-comparison"])
            #expect(try await lines.waitForExit() == 0, "\(lines.errorOutput)")
            #expect(try String(contentsOfFile: chart, encoding: .utf8).contains(">Latency by percentile<"))
        }

        /// The others are compared all the same, and what is missing is said first.
        @Test func aVariantThatCannotRunIsNamed() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let (output, directory) = try await compare(stage, ["--only", "memory", "--only", "faulty"], exits: 1)
            #expect(output.hasPrefix("NOT RUN: pair mta-faulty, run 1: mta ended before it was ready: "), "\(output)")
            #expect(output.contains("NOT RUN: pair mta-faulty, run 2: "))
            #expect(output.contains("\nmta-memory "), "\(output)")
            #expect(!output.contains("\nmta-faulty "))
            #expect(try String(contentsOfFile: directory + "/comparison.txt", encoding: .utf8) == output)
            #expect(
                try String(contentsOfFile: directory + "/comparison.csv", encoding: .utf8).contains(",mta-memory,2,"))
        }

        @Test func aVariantThatIsNotThereIsRefused() async throws {
            let stage = try Stage()
            defer { stage.close() }
            try Self.variants.write(toFile: stage.path("pair.yaml"), atomically: true, encoding: .utf8)
            let program = try stage.program(
                "bench-report", ["run", stage.path("pair.yaml"), "--out", stage.path("out"), "--only", "disk"])
            #expect(try await program.waitForExit() == 2)
            #expect(program.errorOutput.contains("--only 'disk': expected segment-os or memory or faulty"))
        }

        /// More generator threads than cores: in a run this short the start alone could saturate it.
        static let variants =
            profile + """
                threads: {generator: 16}
                variants:
                  - {spool: segment, durability: os}
                  - {spool: memory}
                  - {name: faulty, spool: rocksdb, rocksdb_options: {no_such_option: 1}}

                """

        /// Runs two repeats of the variants; what was printed, and the comparison's directory.
        private func compare(
            _ stage: Stage, _ only: [String], exits expected: Int32
        ) async throws -> (output: String, directory: String) {
            try Self.variants.write(toFile: stage.path("pair.yaml"), atomically: true, encoding: .utf8)
            let out = stage.path("results")
            let program = try stage.program(
                "bench-report",
                ["run", stage.path("pair.yaml"), "--out", out, "--repeat", "2", "--rest", "100ms"] + only)
            let code = try await program.waitForExit(seconds: 60)
            #expect(code == expected, "\(program.errorOutput) \(program.output)")
            let names = try FileManager.default.contentsOfDirectory(atPath: out).filter { !$0.hasPrefix(".") }
            #expect(names.count == 1)
            return (program.output, out + "/" + (try #require(names.first)))
        }

        /// Runs the profile; the result's directory.
        private func run(_ stage: Stage) async throws -> String {
            try Self.profile.write(toFile: stage.path("tiny.yaml"), atomically: true, encoding: .utf8)
            let out = stage.path("results")
            let program = try stage.program("bench-report", ["run", stage.path("tiny.yaml"), "--out", out])
            let code = try await program.waitForExit(seconds: 60)
            #expect(code == 0, "\(program.errorOutput) \(program.output)")
            let names = try FileManager.default.contentsOfDirectory(atPath: out).filter { !$0.hasPrefix(".") }
            #expect(names.count == 1)
            return out + "/" + (try #require(names.first))
        }
    }
}
