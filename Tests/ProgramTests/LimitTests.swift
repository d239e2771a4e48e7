import Foundation
import RunRecords
import Testing

/// Results of a small run, held against limits: what ends with 99 and what does not.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct LimitTests {
        @Test func limitsEndWith99() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let directory = try await run(stage)
            for command in ["table", "trend"] {
                let (kept, _, said) = try await told(stage, [command, directory, "--threshold", "lost == 0"])
                #expect(
                    kept == 0 && said.contains("bench-report: holds: ") && said.contains(": lost == 0: 0 msg\n"),
                    "\(said)")
                let limits = ["--threshold", "p99 > 0ms", "--threshold", "delivered_mmh > 100000", "--format", "csv"]
                let (broken, table, why) = try await told(stage, [command, directory] + limits)
                #expect(broken == 99, "\(why)")
                #expect(why.contains("bench-report: broken: ") && why.contains(": delivered_mmh > 100000: "))
                #expect(why.contains("bench-report: holds: ") && why.contains(": p99 > 0ms: "))
                #expect(table.hasPrefix("profile,system,") && !table.contains("broken"))
            }
        }

        @Test func whatCannotBeMeantIsRefused() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let directory = try await run(stage)
            for (arguments, reason) in [
                (["table", directory, "--threshold", "p99 < 50"], "'p99' is in ms: expected ns, µs, ms"),
                (
                    ["table", directory, "--baseline", "postfx"],
                    "--baseline 'postfx': no such system; there is mta-segment-fsync"
                ),
                (["trend", directory, "--figure", "delivered_mhm"], "did you mean 'delivered_mmh'?"),
                (["plot", directory, "--kind", "pie"], "'pie' is invalid"),
                (
                    ["plot", directory, "--kind", "bars", "--comparison"],
                    "--kind and --comparison: expected one of them"
                ),
            ] {
                let (code, _, said) = try await told(stage, arguments)
                #expect(code == 2, "\(arguments)")
                #expect(said.contains(reason), "\(said)")
            }
        }

        @Test func everyKindOfChartIsDrawn() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let directory = try await run(stage)
            for kind in ["bars", "time", "percentiles", "cpu", "cost"] {
                let chart = stage.path("\(kind).svg")
                let (code, output, said) = try await told(stage, ["plot", directory, "--kind", kind, "-o", chart])
                #expect(code == 0 && output == chart + "\n", "\(said)")
                #expect(try String(contentsOfFile: chart, encoding: .utf8).contains("</svg>"))
            }
            let chart = stage.path("trend.png")
            let (code, output, _) = try await told(stage, ["trend", directory, "-o", chart])
            #expect(code == 0 && output.contains("one commit only, nothing to compare it with"))
            #expect(FileManager.default.contents(atPath: chart)?.starts(with: [0x89, 0x50, 0x4E, 0x47]) == true)
        }

        private func told(_ stage: Stage, _ arguments: [String]) async throws -> (Int32, String, String) {
            let program = try stage.program("bench-report", arguments)
            return (try await program.waitForExit(seconds: 60), program.output, program.errorOutput)
        }

        /// Runs the small profile; the result's directory.
        private func run(_ stage: Stage) async throws -> String {
            try BenchReportTests.profile.write(toFile: stage.path("tiny.yaml"), atomically: true, encoding: .utf8)
            let out = stage.path("results")
            let (code, _, said) = try await told(stage, ["run", stage.path("tiny.yaml"), "--out", out])
            #expect(code == 0, "\(said)")
            let names = try FileManager.default.contentsOfDirectory(atPath: out).filter { !$0.hasPrefix(".") }
            return out + "/" + (try #require(names.first))
        }
    }
}
