import Foundation
import RunRecords
import Testing

extension ProgramTests {
    /// Web hooks where something is in their way.
    @Suite(.timeLimit(.minutes(2))) struct HookTests {
        private struct Event: Decodable {
            var type: String
            var id: String?
        }

        private func received(_ stage: Stage) throws -> [Event] {
            let data = FileManager.default.contents(atPath: stage.path("received")) ?? Data()
            return try data.split(separator: 0x0A).map { try JSONDecoder().decode(Event.self, from: $0) }
        }

        /// - Returns: the relay, and the port of its metrics.
        private func relay(
            _ stage: Stage, to next: Int, hook port: Int, log: String = "", _ hook: String
        ) async throws -> (mta: Server, http: Int) {
            try "Bearer secret\n".write(toFile: stage.path("token"), atomically: true, encoding: .utf8)
            let http = try freePort()
            let mta = try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    smart_host: 127.0.0.1:\(next)
                    http: {address: "127.0.0.1:\(http)"}
                    log: {directory: \(stage.path("log"))\(log)}
                    web_hooks:
                      - name: billing
                        url: http://127.0.0.1:\(port)/events
                        authorization_file: \(stage.path("token"))
                        retry_first: 100ms
                        retry_cap: 200ms
                        \(hook)
                    """)
            return (mta, http)
        }

        private func send(_ stage: Stage, _ mta: Server, _ count: Int) async throws {
            let load = try stage.generator(
                to: mta.port, ["--concurrency", "2", "--message-count", String(count), "--body-size", "1kb"])
            #expect(try await load.waitForExit() == 0)
        }

        /// A receiver that has been down since the first start gets everything after a restart, although segments are
        /// compressed when they are read; how far it is behind is known meanwhile, and that something is wrong.
        @Test func aReceiverDownFromTheStartMissesNothing() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let port = try freePort()
            let log = ", segment_size: 4096, compression: zstd"
            let (first, http) = try await relay(stage, to: sink.port, hook: port, log: log, "events: [Delivery]")
            for _ in 0..<4 {
                try await send(stage, first, 10)
                // Events reach the log within a quarter of a second, and a segment ends only between two writes.
                try await Task.sleep(nanoseconds: 600_000_000)
            }
            try await first.wait(for: 40)
            try await Task.sleep(nanoseconds: 1_200_000_000)
            let down = try await stage.metrics(http)
            #expect(try #require(down["millrace_web_hook_lag_bytes{hook=\"billing\"}"]) > 10_000)
            #expect(down["millrace_web_hook_healthy{hook=\"billing\"}"] == 0)
            #expect(down["millrace_log_healthy"] == 1 && down["millrace_log_removed_unread_total"] == 0)
            let record = try await first.stop(MTARecord.self)
            #expect(record.faults.contains { $0.hasPrefix("web hook billing: ") })
            let (second, later) = try await relay(stage, to: sink.port, hook: port, log: log, "events: [Delivery]")
            let receiver = try stage.script("hook_receiver.py", [String(port), stage.path("received"), "0"])
            _ = try await receiver.listeningPort()
            try await eventually("forty events") { try received(stage).count >= 40 ? () : nil }
            // The place is moved a moment after the receiver has written.
            try await Task.sleep(nanoseconds: 1_000_000_000)
            let up = try await stage.metrics(later)
            #expect(up["millrace_web_hook_lag_bytes{hook=\"billing\"}"] == 0)
            #expect(up["millrace_web_hook_healthy{hook=\"billing\"}"] == 1)
            try await eventually("compressed segments") {
                try FileManager.default.contentsOfDirectory(atPath: stage.path("log"))
                    .contains { $0.hasSuffix(".zst") } ? () : nil
            }
            _ = try await second.stop(MTARecord.self)
            let events = try received(stage)
            #expect(events.count == 40 && Set(events.map(\.id)).count == 40)
        }

        /// What a hook does not want costs it no time: tens of megabytes before the one event that it waits for.
        @Test(arguments: ["events: [Bounce]", "batch: 100000"])
        func aHookReadsAsFastAsItCan(hook: String) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let directory = try stage.openDirectory("log")
            let line = "{\"type\":\"Delivery\",\"pad\":\"" + String(repeating: "x", count: 400) + "\"}\n"
            let text = String(repeating: line, count: 40_000) + "{\"type\":\"Bounce\",\"id\":\"the last\"}\n"
            try text.write(
                toFile: directory + "/20251125-000000.000.jsonl", atomically: true, encoding: .utf8)
            try "20251125-000000.000 0".write(
                toFile: directory + "/billing.cursor", atomically: true, encoding: .utf8)
            let port = try freePort()
            let receiver = try stage.script("hook_receiver.py", [String(port), stage.path("received"), "0"])
            _ = try await receiver.listeningPort()
            let (mta, _) = try await relay(stage, to: sink.port, hook: port, hook)
            // At one block of 256 KiB a second it would be a minute.
            try await eventually("the last event", seconds: 15) {
                try received(stage).last?.id == "the last" ? () : nil
            }
            #expect(try await mta.stop(MTARecord.self).faults.isEmpty)
        }

        /// A bridge to a broker beside the relay: no port, the broker's own form, and a record that the broker refused is
        /// posted again, with its neighbours.
        @Test func aHookReachesABridgeOverAUnixSocket() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let directory = try stage.openDirectory("bridge")
            let bridge = try stage.script("hook_bridge.py", [directory + "/s", stage.path("received")])
            _ = try await bridge.listeningPort()
            // Who serves has become another user.
            try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: directory + "/s")
            let host = (directory + "/s").replacingOccurrences(of: "/", with: "%2F")
            let mta = try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    smart_host: 127.0.0.1:\(sink.port)
                    log: {directory: \(stage.path("log")), node_id: out-3, headers: [Subject, 'X-*'], except: [{events: [Reception]}]}
                    web_hooks:
                      - name: broker
                        url: 'http+unix://\(host)/topics/mail'
                        format: kafka
                        rate: 10000/s
                        retry_first: 50ms
                        linger: 0s
                    """)
            let content = "Subject: one\r\nX-Tag: a\r\nX-Tag: b\r\n folded\r\n\r\ntext\r\n"
            let submission = Submission(
                sender: "a@x.test", recipients: [.init(address: "b@y.test")], content: Data(content.utf8))
            #expect(try await stage.send([submission], to: mta.port).map { $0.prefix(3) } == ["250"])
            struct Seen: Decodable {
                struct Headers: Decodable {
                    var Subject: String
                    var tags: [String]
                    enum CodingKeys: String, CodingKey { case Subject, tags = "X-Tag" }
                }
                var type, nodeid, session_id: String
                var headers: Headers?
                var source_address: [String: String]?
            }
            let events = try await eventually("a delivery") { () -> [Seen]? in
                let data = FileManager.default.contents(atPath: stage.path("received")) ?? Data()
                let found = try data.split(separator: 0x0A).map { try JSONDecoder().decode(Seen.self, from: $0) }
                return found.isEmpty ? nil : found
            }
            #expect(events.map(\.type) == ["Delivery"] && events[0].nodeid == "out-3")
            #expect(events[0].headers?.Subject == "one" && events[0].headers?.tags == ["a", "b folded"])
            #expect(events[0].session_id.wholeMatch(of: /o[0-9]+\.[0-9]+@[0-9]{10}/) != nil)
            #expect(events[0].source_address?["address"]?.hasPrefix("127.0.0.1:") == true)
            let faults = try await mta.stop(MTARecord.self).faults
            #expect(faults == ["web hook broker: a record was refused: no leader"], "\(faults)")
        }

        /// A place that makes no sense is said and costs no event.
        @Test func aLostPlaceIsSaid() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let directory = try stage.openDirectory("log")
            try "{\"type\":\"Bounce\",\"id\":\"old\"}\n".write(
                toFile: directory + "/20251125-000000.000.jsonl", atomically: true, encoding: .utf8)
            try "20990101-000000.000 5".write(
                toFile: directory + "/billing.cursor", atomically: true, encoding: .utf8)
            let port = try freePort()
            let receiver = try stage.script("hook_receiver.py", [String(port), stage.path("received"), "0"])
            _ = try await receiver.listeningPort()
            let (mta, _) = try await relay(stage, to: sink.port, hook: port, "linger: 0s")
            try await eventually("the old event") { try received(stage).first?.id == "old" ? () : nil }
            let faults = try await mta.stop(MTARecord.self).faults
            #expect(faults.count == 1 && faults[0].contains("which is to come: begins with the oldest segment"))
        }
    }
}
