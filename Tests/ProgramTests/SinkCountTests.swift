import Foundation
import RunRecords
import Testing

/// What the sink counts adds up, and begins again when it is asked to.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct SinkCountTests {
        private func httpPort(_ sink: Server) async throws -> Int {
            try await eventually("the counters' address") {
                sink.program.output.split(separator: "\n").first { $0.hasPrefix("http ") }
                    .flatMap { $0.split(separator: ":").last }.flatMap { Int($0) }
            }
        }

        private func sum(_ record: SinkRecord, _ holds: (ReplyCount) -> Bool) -> UInt64 {
            (record.replies ?? []).filter(holds).map(\.count).reduce(0, +)
        }

        /// The equations of docs/SINK.md.
        @Test func allCountsAddUp() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink([
                "--http", "127.0.0.1:0", "--threads", "2", "--behaviour",
                Stage.root + "/Tests/ProgramTests/Support/counts.yaml",
            ])
            let output = try await stage.runScript(
                "sink_counts.py", [String(sink.port), String(try await httpPort(sink))])
            let seen = output.split(whereSeparator: \.isWhitespace).compactMap { UInt64($0) }
            let record = try await sink.stop(SinkRecord.self)
            #expect(seen.count == 3 && record.connections == seen[0] && record.begun == seen[1])
            #expect(sum(record) { $0.stage == "greeting" } == record.connections)
            #expect(record.begun == record.received + record.refused)
            #expect(sum(record) { $0.stage == "final" && $0.code / 100 == 2 } == record.received)
            #expect(
                sum(record) { ($0.stage == "final" && $0.code / 100 != 2) || $0.stage == "content" } == record.refused)
            #expect(sum(record) { $0.code > 0 } == seen[2], "each reply once")
        }

        /// The same without rules: what the session says by itself, and who leaves.
        @Test func plainCountsAddUp() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let output = try await stage.runScript("sink_plain.py", [String(sink.port), sink.recordPath])
            let seen = output.split(whereSeparator: \.isWhitespace).compactMap { UInt64($0) }
            let record = try await sink.stop(SinkRecord.self)
            #expect(seen.count == 2 && record.connections == seen[0] && record.begun == 3)
            #expect(record.received == 1 && record.refused == 2)
            #expect(sum(record) { $0.stage == "content" && $0.code == 0 } == 1)
            #expect(sum(record) { $0.stage == "final" && $0.code == 554 } == 1)
            #expect(sum(record) { $0.code > 0 } == seen[1])
        }

        /// Fifty at once, for less time than there is between two looks at the counts.
        @Test func thePeakIsExact() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink(["--threads", "2"])
            try await stage.runScript("sink_peak.py", [String(sink.port), "50"])
            let record = try await sink.stop(SinkRecord.self)
            #expect(record.connections == 50 && record.connectionsPeak == 50)
        }

        @Test func aSecondRunIsAsTheFirstAfterAReset() async throws {
            let stage = try Stage()
            defer { stage.close() }
            try """
            seed: 3
            rules:
              - {match: {share: 0.3}, at: mail, action: defer, reply: "451 4.3.0 Share"}
              - {action: limit, messages: 30/h, reply: "452 4.3.2 Limit"}
              - {action: greylist, wait: 1ns}
              - {action: mix, outcomes: [{weight: 2, action: reject}, {weight: 3, action: accept}]}
            """.write(toFile: stage.path("rules.yaml"), atomically: true, encoding: .utf8)
            let sink = try await stage.sink(["--http", "127.0.0.1:0", "--behaviour", stage.path("rules.yaml")])
            try await stage.runScript("sink_reset.py", [String(sink.port), String(try await httpPort(sink))])
        }
    }
}
