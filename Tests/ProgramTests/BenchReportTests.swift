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
            #expect(record.mta.delivered == 500)
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
