import Foundation
import RunRecords
import Testing

/// The event log and web hooks of a running relay.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct EventTests {
        private struct Event: Decodable {
            enum Recipients: Decodable {
                case one(String)
                case several([String])
                init(from decoder: any Decoder) throws {
                    let container = try decoder.singleValueContainer()
                    if let text = try? container.decode(String.self) {
                        self = .one(text)
                    } else {
                        self = .several(try container.decode([String].self))
                    }
                }
                var list: [String] {
                    switch self {
                    case .one(let text): [text]
                    case .several(let texts): texts
                    }
                }
            }
            struct Response: Decodable {
                var code: Int
                var content: String
            }
            var type: String
            var id: String?
            var sender: String?
            var recipient: Recipients?
            var response: Response?
            var reception_protocol: String?
            var listener: String?
        }

        /// What the log says, over all segments.
        private func events(_ directory: String) throws -> [Event] {
            try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".jsonl") }.sorted()
                .flatMap { try lines(directory + "/" + $0) }
        }

        private func lines(_ path: String) throws -> [Event] {
            let data = FileManager.default.contents(atPath: path) ?? Data()
            return try data.split(separator: 0x0A).map { try JSONDecoder().decode(Event.self, from: $0) }
        }

        private func relay(_ stage: Stage, to next: Int, _ more: String) async throws -> Server {
            try """
            listen: 127.0.0.1:0
            hostname: mta.test
            smart_host: 127.0.0.1:\(next)
            spool_dir: \(stage.path("spool"))
            record: \(stage.path("mta.json"))
            retry_first: 1s
            retry_factor: 1
            retry_max_age: 3s
            log: {directory: \(stage.path("log"))}
            \(more)
            """.write(toFile: stage.path("mta.yaml"), atomically: true, encoding: .utf8)
            let program = try stage.program("mta", ["serve", "--config", stage.path("mta.yaml")])
            return Server(
                program: program, port: try await program.listeningPort(), recordPath: stage.path("mta.json"))
        }

        /// Each recipient that came in goes out again in the log: delivered, bounced or expired; and each refusal is there
        /// with the reply that was given.
        @Test func theLogBalances() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let server = try stage.script("refusing_server.py", [try stage.openDirectory("kept")])
            let mta = try await relay(stage, to: try await server.listeningPort(), "")
            try await stage.runScript(
                "send_one.py", [String(mta.port), "a@x.test", "one@far.test", "two@far.test", "reject@far.test"])
            try await stage.runScript("send_one.py", [String(mta.port), "", "defer@far.test"])
            try await stage.runScript("event_client.py", [String(mta.port)])
            // Three, their notification, the one that expires, and the client's.
            try await mta.wait(for: 6)
            let record = try await mta.stop(MTARecord.self)
            #expect(record.queued == 0)
            let events = try events(stage.path("log"))
            func recipients(_ kinds: String...) -> [String] {
                events.filter { kinds.contains($0.type) }.flatMap { $0.recipient?.list ?? [] }.sorted()
            }
            #expect(recipients("Reception").count == Int(record.accepted + record.generated))
            #expect(recipients("Delivery") == ["a@x.test", "ok@far.test", "one@far.test", "two@far.test"])
            #expect(recipients("Bounce") == ["reject@far.test"] && recipients("Expiration") == ["defer@far.test"])
            #expect(recipients("TransientFailure").count == Int(record.deferrals) && record.deferrals >= 1)
            #expect(recipients("Reception") == recipients("Delivery", "Bounce", "Expiration"))
            #expect(events.filter { $0.type == "Delivery" }.allSatisfy { $0.response?.content == "kept" })
            #expect(events.first { $0.type == "Bounce" }?.response?.content == "no such user here")
            let protocols = events.filter { $0.type == "Reception" }.compactMap(\.reception_protocol)
            #expect(Set(protocols) == ["ESMTP", "internal"])
            let rejections = events.filter { $0.type == "Rejection" }
            #expect(rejections.map(\.response?.code) == [500, 503, 552, 501, 554])
            #expect(rejections.allSatisfy { $0.listener == "smtp" })
            #expect(rejections.last?.sender == "a@x.test" && rejections.last?.recipient?.list == ["ok@far.test"])
        }

        /// A receiver that is down, then fails, then is restarted with the relay: it gets every event, in order, and mail
        /// never waits for it.
        @Test func hooksMissNothingAndHoldNothingUp() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let port = try freePort()
            try "Bearer secret\n".write(toFile: stage.path("token"), atomically: true, encoding: .utf8)
            let hooks =
                "web_hooks: [{name: billing, url: \"http://127.0.0.1:\(port)/events\", events: [Delivery, Bounce], "
                + "linger: 0s, batch: 7, retry_first: 100ms, retry_cap: 200ms, authorization_file: \(stage.path("token"))}]"
            let first = try await relay(stage, to: sink.port, hooks)
            try await send(stage, first, 30)
            try await first.wait(for: 30)
            let receiver = try stage.script(
                "hook_receiver.py", [String(port), stage.path("received"), "3"])
            _ = try await receiver.listeningPort()
            try await eventually("thirty events") { try lines(stage.path("received")).count >= 30 ? () : nil }
            #expect(try await first.stop(MTARecord.self).delivered == 30)
            receiver.kill()
            let second = try await relay(stage, to: sink.port, hooks)
            try await send(stage, second, 20)
            try await second.wait(for: 20)
            #expect(try await second.stop(MTARecord.self).delivered == 20)
            let again = try stage.script("hook_receiver.py", [String(port), stage.path("received"), "0"])
            _ = try await again.listeningPort()
            let third = try await relay(stage, to: sink.port, hooks)
            try await eventually("fifty events") { try lines(stage.path("received")).count >= 50 ? () : nil }
            _ = try await third.stop(MTARecord.self)
            let logged = try events(stage.path("log")).filter { $0.type == "Delivery" }.map(\.id)
            let received = try lines(stage.path("received"))
            #expect(logged.count == 50 && Set(logged).count == 50)
            // At least once each; here nothing was in doubt, so just once.
            #expect(received.map(\.id) == logged)
            #expect(received.allSatisfy { $0.type == "Delivery" })
        }

        private func send(_ stage: Stage, _ mta: Server, _ count: Int) async throws {
            let load = try stage.generator(
                to: mta.port, ["--concurrency", "2", "--message-count", String(count), "--body-size", "1kb"])
            #expect(try await load.waitForExit() == 0)
        }
    }
}
