import Foundation
import RunRecords
import Testing

/// `--rate find`: what each rate has to keep, and what is left of a search that was interrupted.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct RateFindTests {
        private static let oneRate = ["--rate", "find", "--find-range", "20/s..20/s", "--find-step", "1s", "-c", "2"]

        /// Each rate sends mail of its own: the same seed gives no id twice, and the ledger has all of them.
        @Test func everyRateHasIDsOfItsOwn() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink(["--ledger", stage.path("sink.ledger")])
            let load = try stage.generator(to: sink.port, Self.oneRate + ["--seed", "5", "--warmup", "200ms"])
            #expect(try await load.waitForExit(seconds: 60) == 0, "\(load.errorOutput)")
            let summary = try await sink.stop(SinkRecord.self)
            let sent = try String(contentsOfFile: stage.path("generator.ledger"), encoding: .utf8)
                .split(separator: "\n").count
            #expect(sent > 60 && summary.received == UInt64(sent))
            #expect(summary.ledger?.unique == UInt64(sent) && summary.ledger?.duplicates == 0)
        }

        /// What the caller does not bear is not sustained.
        @Test func theCallersLimitsDecide() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let load = try stage.program(
                "traffic-gen",
                Self.oneRate
                    + ["--target", "127.0.0.1:\(sink.port)", "--format", "json", "--threshold", "p99 < 1ns"])
            #expect(try await load.waitForExit(seconds: 60) == 99)
            let found = try #require(
                try JSONSerialization.jsonObject(with: Data(load.output.utf8)) as? [String: Any])
            #expect(found["sustained_per_s"] == nil && found["failed_at_per_s"] as? Double == 20)
            let steps = try #require(found["steps"] as? [[String: Any]])
            let said = steps.flatMap { $0["violations"] as? [String] ?? [] }
            #expect(!said.isEmpty && said.allSatisfy { $0.contains("p99 < 1ns") })
        }

        @Test func anInterruptedSearchLeavesItsRecord() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let load = try stage.generator(
                to: sink.port, ["--rate", "find", "--find-range", "20/s..40/s", "--find-step", "10m", "-c", "2"])
            try await sink.wait(for: 10)
            #expect(try await load.terminate() == 1)
            let record = try RecordFile.read(GeneratorRecord.self, from: stage.path("generator.json"))
            #expect(record.accepted >= 10 && record.offered == record.accepted)
            #expect(record.warnings.contains { $0.contains("interrupted") })
        }
    }
}
