import Foundation
import RunRecords
import TestSupport
import Testing

/// What traffic-gen sends, when and how, against our own programs: same accounting whatever the way.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct GeneratorTests {
        private func record(_ stage: Stage, _ name: String = "generator") throws -> GeneratorRecord {
            try RecordFile.read(GeneratorRecord.self, from: stage.path(name + ".json"))
        }

        private func run(_ stage: Stage, to port: Int, name: String = "generator", _ arguments: [String]) async throws
            -> (code: Int32, record: GeneratorRecord)
        {
            let load = try stage.generator(to: port, name: name, arguments)
            let code = try await load.waitForExit(seconds: 90)
            #expect(FileManager.default.fileExists(atPath: stage.path(name + ".json")), "\(load.errorOutput)")
            return (code, try record(stage, name))
        }

        /// An open load is as large as it was asked to be, and each of its clocks is kept.
        @Test func ratesAreKept() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink(["--ledger", stage.path("sink.ledger")])
            let (code, record) = try await run(
                stage, to: sink.port, ["--rate", "30000/m", "-d", "3s", "--warmup", "1s", "-c", "20"])
            #expect(code == 0)
            #expect(record.offered == 1500 && record.accepted == 1500 && record.droppedStarts == 0)
            #expect(record.load?.model == .open && record.load?.ratePerSecond == 500)
            #expect(record.warmUp?.accepted == 500 && record.intendedLatency?.count == 1000)
            #expect(record.transactionLatency.count == 1000 && record.waitLatency?.count == 1000)
            #expect(Set(record.stageLatency?.keys.map { $0 } ?? []) == ["mail", "rcpt", "data", "final"])
            #expect(record.replies.map(\.count) == [1500, 1500, 1500, 1500])
            #expect(record.replies.allSatisfy { $0.firstText.hasPrefix(String($0.code)) })
            let fields = try String(contentsOfFile: stage.path("generator.ledger"), encoding: .utf8)
                .split(separator: "\n").map { $0.split(separator: ",") }
            #expect(fields.count == 1500 && fields.allSatisfy { $0.count == 5 && $0[2] <= $0[3] && $0[3] < $0[4] })
            let summary = try await sink.stop(SinkRecord.self)
            #expect(summary.ledger?.unique == 1500 && summary.ledger?.changed == 0)
        }

        /// Poisson arrivals and stages come to as many messages as they should by their own seed.
        @Test func stagesAreGoneThrough() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let (code, record) = try await run(
                stage, to: sink.port,
                ["--stages", "1s@0..1000/s,2500ms@0,2x(500ms@1000/s)", "-c", "10", "--label", "a=b=c"])
            #expect(code == 0)
            #expect(record.offered == 1500 && record.load?.stages.count == 4 && record.labels == ["a": "b=c"])
            #expect(record.series.filter { $0.messages == 0 }.count >= 1, "the pause")
        }

        /// What a target cannot take in time begins late, and what never began is counted.
        @Test func whatNeverBeganIsCounted() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let server = try stage.script("stalling_server.py", ["0.5", "0"])
            let port = try await server.listeningPort()
            let (code, record) = try await run(stage, to: port, ["--rate", "100/s", "-d", "2s", "-c", "1"])
            #expect(code == 1)
            #expect(record.offered + (record.droppedStarts ?? 0) == 200)
            #expect((record.droppedStarts ?? 0) > 100 && (record.lateStarts ?? 0) > 0)
            #expect(record.warnings.contains { $0.contains("never began") })
        }

        /// A server that stops for two seconds in the middle of eight: the latency from the intended start says so, the
        /// closed loop's does not.
        @Test func stallsAreSeenInAnOpenLoadOnly() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let server = try stage.script("stalling_server.py", ["0", "2"])
            let again = try stage.script("stalling_server.py", ["0", "2"])
            // Both at once, to spend the time once.
            let loads = [
                try stage.generator(
                    to: try await server.listeningPort(), name: "open", ["--rate", "100/s", "-d", "8s", "-c", "2"]),
                try stage.generator(
                    to: try await again.listeningPort(), name: "closed",
                    ["-d", "8s", "-c", "1", "--pipelining-depth", "1"]),
            ]
            for load in loads { #expect(try await load.waitForExit(seconds: 90) == 0, "\(load.errorOutput)") }
            let (open, closed) = (try record(stage, "open"), try record(stage, "closed"))
            #expect((open.intendedLatency?.percentile(99.9) ?? 0) > 1_500_000_000)
            #expect((open.intendedLatency?.percentile(80) ?? 0) > 100_000_000)
            #expect(open.transactionLatency.percentile(90) < 1_000_000_000)
            #expect(closed.intendedLatency == nil, "never corrected afterwards")
            #expect(closed.transactionLatency.percentile(99.9) < 1_000_000_000)
        }

        @Test func limitsHaveTheirExitCode() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let load = try stage.generator(
                to: sink.port, ["-n", "50", "-c", "2", "--threshold", "p99 < 1ns", "--threshold", "lost == 0"])
            #expect(try await load.waitForExit() == 99)
            #expect(load.errorOutput.contains("p99 < 1ns") && !load.errorOutput.contains("lost == 0"))
            let held = try stage.generator(to: sink.port, ["-n", "50", "-c", "2", "--threshold", "accepted >= 50"])
            #expect(try await held.waitForExit() == 0)
        }

        @Test func resultsHaveTheirFormats() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let common = ["--target", "127.0.0.1:\(sink.port)", "-n", "20", "-c", "2"]
            let csv = try stage.program("traffic-gen", common + ["--format", "csv"])
            #expect(try await csv.waitForExit() == 0)
            let rows = csv.output.split(separator: "\n").map {
                $0.split(separator: ",", omittingEmptySubsequences: false)
            }
            #expect(rows.count == 2 && rows[0].count == rows[1].count)
            #expect(rows[1][rows[0].firstIndex(of: "accepted_messages") ?? 0] == "20")
            let json = try stage.program(
                "traffic-gen", common + ["--format", "json", "--output", stage.path("out.json"), "--progress"])
            #expect(try await json.waitForExit() == 0)
            #expect(json.output.isEmpty)
            let written = try RecordFile.read(GeneratorRecord.self, from: stage.path("out.json"))
            #expect(written.accepted == 20)
        }

        /// Ctrl-C: what was measured until then is written, nothing is in doubt that was answered.
        @Test func openLoadsEndOnCtrlC() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let load = try stage.generator(to: sink.port, ["--rate", "200/s", "-c", "5", "-d", "10m"])
            try await sink.wait(for: 100)
            #expect(try await load.terminate() == 1)
            let record = try record(stage)
            #expect(record.accepted >= 100 && record.offered == record.accepted && record.inDoubt == 0)
            #expect(record.warnings.contains { $0.contains("interrupted") })
        }

        /// Two runs with the same seed: every id with the same checksum and size, whatever the connections did.
        @Test func theSeedDecidesEveryByte() async throws {
            let stage = try Stage()
            defer { stage.close() }
            var ledgers: [[String]] = []
            for (name, connections) in [("first", "3"), ("second", "7")] {
                let server = try stage.script("checksum_server.py", [stage.path(name + ".sums")])
                let port = try await server.listeningPort()
                let (code, _) = try await run(
                    stage, to: port, name: name,
                    [
                        "-n", "100", "-c", connections, "--seed", "7", "--body-size", "1kb..9kb", "--html",
                        "--attachments", "1", "--domain-count", "1000000", "--tenants", "3",
                    ])
                #expect(code == 0)
                ledgers.append(
                    try String(contentsOfFile: stage.path(name + ".sums"), encoding: .utf8).split(separator: "\n")
                        .map(String.init).sorted())
            }
            #expect(ledgers[0].count == 100 && ledgers[0] == ledgers[1])
        }

        @Test func theHighestRateIsFound() async throws {
            let stage = try Stage()
            defer { stage.close() }
            // 20 ms a message on one connection: 50 messages a second and no more.
            let server = try stage.script("stalling_server.py", ["0.02", "0"])
            let port = try await server.listeningPort()
            let load = try stage.program(
                "traffic-gen",
                [
                    "--target", "127.0.0.1:\(port)", "-c", "1", "--rate", "find", "--find-range", "10/s..1000/s",
                    "--find-step", "1s", "--reply-limit", "250ms", "--format", "json", "--pipelining-depth", "1",
                ])
            #expect(try await load.waitForExit(seconds: 110) == 0, "\(load.errorOutput)")
            let found = try #require(
                try JSONSerialization.jsonObject(with: Data(load.output.utf8)) as? [String: Any])
            let rate = try #require(found["sustained_per_s"] as? Double)
            #expect((20...60).contains(rate))
        }
    }
}
