import Foundation
import RunRecords
import Testing

/// Automatic rules of shaping where mail has several ways to leave.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct ShapingWaysTests {
        private static let behaviour = """
            seed: 1
            rules:
              - {name: half, match: {domain: half.test, client: 127.0.0.2}, at: end, action: defer, reply: "450 4.7.1 blocked"}
              - {name: none, match: {domain: none.test}, at: end, action: defer, reply: "450 4.7.1 blocked"}
              - {name: fewer, match: {recipient: last@full.test}, at: end, action: defer, reply: "450 4.7.28 fewer"}
              - {name: slow, match: {domain: full.test}, at: end, action: delay, delay: 500ms}
            """

        private static let shaping = """
            domains:
              - domain: [half.test, none.test]
                automation:
                  - {name: blocked, when: {reply: blocked}, do: bounce, for: 1h, reply: 550 5.7.1 Given up}
              - domain: full.test
                connections: 4
                automation:
                  - {name: fewer, when: {reply: fewer}, scope: destination, do: limit, set: {connections: 1}, for: 1h}
            """

        private func start(_ stage: Stage) async throws -> (sink: Server, mta: Server) {
            try Self.behaviour.write(toFile: stage.path("sink.yaml"), atomically: true, encoding: .utf8)
            try Self.shaping.write(toFile: stage.path("shaping.yaml"), atomically: true, encoding: .utf8)
            let sink = try await stage.sink(["--behaviour", stage.path("sink.yaml")])
            let mta = try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    smart_host: 127.0.0.1:\(sink.port)
                    retry_first: 1s
                    shaping: \(stage.path("shaping.yaml"))
                    egress_sources: [{name: one, addresses: [127.0.0.2]}, {name: two, addresses: [127.0.0.3]}]
                    egress_pools: [{name: both, sources: [{name: one}, {name: two}]}]
                    delivery: {egress_pool: both}
                    """, threads: 1)
            return (sink, mta)
        }

        /// Open connections to a domain, by `mta connections`.
        private func connections(_ stage: Stage, to domain: String) async throws -> Int {
            let list = try stage.program(
                "mta",
                [
                    "connections", "--direction", "out", "--format", "json", "--control",
                    stage.path("mta-spool/control"),
                ])
            #expect(try await list.waitForExit() == 0, "\(list.errorOutput)")
            let object = try JSONSerialization.jsonObject(with: Data(list.output.utf8)) as? [String: Any]
            let all = try #require(object?["connections"] as? [[String: Any]])
            return all.count {
                ($0["queue"] as? String ?? "").hasSuffix(domain) && $0["state"] as? String != "connecting"
            }
        }

        /// A way whose mail is returned leaves the other way to the mail; where no way is left, it is returned.
        @Test func mailIsReturnedWhereNoWayIsLeft() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let (sink, mta) = try await start(stage)
            try await stage.runScript("send_many.py", ["\(mta.port)", "6", "a@half.test"])
            try await stage.runScript("send_many.py", ["\(mta.port)", "6", "a@none.test"])
            try await mta.wait(for: 12)
            let record = try await mta.stop(MTARecord.self)
            #expect(record.delivered == 6 && record.bounced == 6 && record.queued == 0)
            #expect(try await sink.stop(SinkRecord.self).received == 6)
        }

        /// Where fewer connections may be open than there are, the surplus ends while mail waits for them.
        @Test func surplusConnectionsAreGivenUp() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let (sink, mta) = try await start(stage)
            // Each takes half a second; the last ones are more than can go while the test looks on.
            try await stage.runScript("send_many.py", ["\(mta.port)", "40", "a@full.test"])
            try await stage.runScript("send_many.py", ["\(mta.port)", "1", "last@full.test"])
            try await stage.runScript("send_many.py", ["\(mta.port)", "200", "a@full.test"])
            let control = ["--control", stage.path("mta-spool/control")]
            for attempt in 0... {
                let list = try stage.program("mta", ["shaping", "list"] + control)
                #expect(try await list.waitForExit() == 0)
                // One by each source is left.
                if list.output.contains("fewer"), try await connections(stage, to: "full.test") <= 2 { break }
                try #require(attempt < 400, "the surplus is still open")
                try await Task.sleep(nanoseconds: 20_000_000)
            }
            let record = try await mta.stop(MTARecord.self)
            #expect(record.queued > 0 && record.bounced == 0)
            #expect(try await sink.stop(SinkRecord.self).connectionsPeak > 2)
        }
    }
}
