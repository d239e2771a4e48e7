import Foundation
import RunRecords
import Testing

/// The event log and web hooks of a running relay.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct EventTests {
        private typealias Event = LoggedEvent

        private func relay(
            _ stage: Stage, to next: Int, _ more: String, log: String = "", age: String = "3s"
        ) async throws -> Server {
            try """
            listen: 127.0.0.1:0
            hostname: mta.test
            smart_host: 127.0.0.1:\(next)
            spool_dir: \(stage.path("spool"))
            record: \(stage.path("mta.json"))
            retry_first: 1s
            retry_factor: 1
            retry_max_age: \(age)
            log: {directory: \(stage.path("log"))\(log)}
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
            let events = try Event.all(in: stage.path("log"))
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
            #expect(events.filter { $0.type == "Delivery" }.allSatisfy { $0.response?.command == "." })
            #expect(events.first { $0.type == "Bounce" }?.response?.command == "RCPT TO:<reject@far.test>")
            let protocols = events.filter { $0.type == "Reception" }.compactMap(\.reception_protocol)
            #expect(Set(protocols) == ["ESMTP", "internal"])
            let rejections = events.filter { $0.type == "Rejection" }
            #expect(rejections.map(\.response?.code) == [500, 503, 552, 501, 554])
            #expect(rejections.allSatisfy { $0.listener == "smtp" })
            #expect(rejections.last?.sender == "a@x.test" && rejections.last?.recipient?.list == ["ok@far.test"])
        }

        /// A next hop that cannot be reached, a sender that is told of a delay, and what an operator takes out.
        @Test func delaysAndRemovalsAreInTheLog() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let (kept, closed) = (try stage.openDirectory("kept"), try freePort())
            let server = try stage.script("refusing_server.py", [kept])
            let mta = try await relay(
                stage, to: try await server.listeningPort(),
                "delay_warning: 800ms\ndomains: [{name: down.test, next_hop: '127.0.0.1:\(closed)'}]", age: "1h")
            try await stage.runScript("send_one.py", [String(mta.port), "a@x.test", "defer@far.test"])
            try await stage.runScript("send_one.py", [String(mta.port), "", "b@down.test"])
            try await eventually("the sender to be told") { try KeptMessage.all(in: kept).first }
            // What is just being tried stays; soon it waits again.
            var removed = 0
            for _ in 0..<50 where removed < 2 {
                removed += try await remove(stage)
                try await Task.sleep(nanoseconds: 100_000_000)
            }
            let record = try await mta.stop(MTARecord.self)
            #expect(record.removed == 2 && record.queued == 0 && record.bounced == 0 && record.generated == 1)
            let events = try Event.all(in: stage.path("log"))
            let holds = events.filter { $0.type == "Delayed" && $0.id == nil }
            #expect(!holds.isEmpty && holds.allSatisfy { $0.queue == "down.test" && $0.response?.code == 451 })
            #expect(holds.first?.response?.content == "connect to 127.0.0.1:\(closed): Connection refused")
            let delays = events.filter { $0.type == "Delayed" && $0.recipient?.list == ["defer@far.test"] }
            #expect(delays.count == 1)
            #expect(delays.first?.response?.content == "mailbox is busy" && delays.first?.sender == "a@x.test")
            let bounces = events.filter { $0.type == "AdminBounce" }
            #expect(bounces.allSatisfy { $0.response?.code == 550 })
            let taken = events.filter { $0.type == "Reception" && $0.reception_protocol != "internal" }
            #expect(bounces.count == 2 && Set(bounces.map(\.id)) == Set(taken.map(\.id)))
        }

        /// Removes all that waits.
        /// - Returns: how many deliveries.
        private func remove(_ stage: Stage) async throws -> Int {
            let program = try stage.program("mta", ["queue", "remove", "--all", "--spool-dir", stage.path("spool")])
            #expect(try await program.waitForExit() == 0, "\(program.errorOutput)")
            return Int(program.output.prefix { $0.isNumber }) ?? 0
        }

        @Test func onlyTheEventsThatAreWantedAreWritten() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let server = try stage.script("refusing_server.py", [try stage.openDirectory("kept")])
            let mta = try await relay(
                stage, to: try await server.listeningPort(), "", log: ", events: [Bounce, Rejection]")
            try await stage.runScript("send_one.py", [String(mta.port), "a@x.test", "one@far.test", "reject@far.test"])
            try await stage.runScript("event_client.py", [String(mta.port)])
            try await mta.wait(for: 4)
            _ = try await mta.stop(MTARecord.self)
            let kinds = try Event.all(in: stage.path("log")).map(\.type)
            #expect(kinds.sorted() == ["Bounce"] + Array(repeating: "Rejection", count: 5))
        }

        /// A batch that is refused for `give_up` is left out, counted, and what is behind it comes.
        @Test func hooksGiveUpOnOneBatchOnly() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let (sink, http) = (try await stage.sink(), try freePort())
            let receiver = try stage.script("hook_receiver.py", ["0", stage.path("received"), "0", "poison@y.test"])
            let url = "http://127.0.0.1:\(try await receiver.listeningPort())/"
            try "Bearer secret\n".write(toFile: stage.path("token"), atomically: true, encoding: .utf8)
            let mta = try await relay(
                stage, to: sink.port,
                """
                http: {address: '127.0.0.1:\(http)'}
                web_hooks:
                  - name: billing
                    url: '\(url)'
                    events: [Delivery]
                    linger: 0s
                    batch: 1
                    retry_first: 50ms
                    give_up: 500ms
                    authorization_file: \(stage.path("token"))
                """)
            let recipients = ["1@y.test", "poison@y.test", "2@y.test", "3@y.test"]
            for (number, recipient) in recipients.enumerated() {
                try await stage.runScript("send_one.py", [String(mta.port), "a@x.test", recipient])
                try await mta.wait(for: number + 1)
            }
            try await eventually("three events") { try LoggedEvent.lines(stage.path("received")).count >= 3 ? () : nil }
            let received = try LoggedEvent.lines(stage.path("received")).flatMap { $0.recipient?.list ?? [] }
            // Two event loops hand their events over in turns of their own.
            #expect(received.sorted() == ["1@y.test", "2@y.test", "3@y.test"])
            let metrics = try await stage.metrics(http)
            func events(_ outcome: String) -> Double? {
                metrics["millrace_web_hook_events_total{hook=\"billing\",outcome=\"\(outcome)\"}"]
            }
            #expect(events("delivered") ?? 0 >= 2 && events("skipped") == 1)
            #expect(metrics["millrace_web_hook_failures_total{hook=\"billing\"}"] ?? 0 > 1)
            _ = try await mta.stop(MTARecord.self)
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
            try await eventually("thirty events") {
                try LoggedEvent.lines(stage.path("received")).count >= 30 ? () : nil
            }
            #expect(try await first.stop(MTARecord.self).delivered == 30)
            receiver.kill()
            let second = try await relay(stage, to: sink.port, hooks)
            try await send(stage, second, 20)
            try await second.wait(for: 20)
            #expect(try await second.stop(MTARecord.self).delivered == 20)
            let again = try stage.script("hook_receiver.py", [String(port), stage.path("received"), "0"])
            _ = try await again.listeningPort()
            let third = try await relay(stage, to: sink.port, hooks)
            try await eventually("fifty events") {
                try LoggedEvent.lines(stage.path("received")).count >= 50 ? () : nil
            }
            _ = try await third.stop(MTARecord.self)
            let logged = try Event.all(in: stage.path("log")).filter { $0.type == "Delivery" }.map(\.id)
            let received = try LoggedEvent.lines(stage.path("received"))
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
