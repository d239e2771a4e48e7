import Foundation
import RunRecords
import Testing

/// Shaping of a running relay, in front of receivers that throttle, put off and block as their rules say.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct ShapingTests {
        private struct Event: Decodable {
            struct Response: Decodable { var content: String }
            var type: String
            var queue: String?
            var rule, scope, action, change: String?
            var automation: Int?
            var response: Response?
        }

        private func events(_ stage: Stage) throws -> [Event] {
            let directory = stage.path("log")
            return try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".jsonl") }
                .sorted().flatMap { name in
                    let data = FileManager.default.contents(atPath: "\(directory)/\(name)") ?? Data()
                    return try data.split(separator: 0x0A).map { try JSONDecoder().decode(Event.self, from: $0) }
                }
        }

        private func sink(_ stage: Stage, _ rules: String) async throws -> Server {
            try "seed: 1\nrules:\n\(rules)".write(
                toFile: stage.path("sink.yaml"), atomically: true, encoding: .utf8)
            return try await stage.sink(["--behaviour", stage.path("sink.yaml")])
        }

        private func relay(_ stage: Stage, to sink: Server, _ shaping: String) async throws -> Server {
            // Of an earlier one.
            try? FileManager.default.removeItem(atPath: stage.path("mta.json.live"))
            try shaping.write(toFile: stage.path("shaping.yaml"), atomically: true, encoding: .utf8)
            return try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    smart_host: 127.0.0.1:\(sink.port)
                    shaping: \(stage.path("shaping.yaml"))
                    log: {directory: \(stage.path("log"))}
                    """)
        }

        private func send(_ stage: Stage, _ mta: Server, _ count: Int, to recipients: String...) async throws {
            try await stage.runScript("send_many.py", ["\(mta.port)", "\(count)"] + recipients)
        }

        private func active(_ stage: Stage) async throws -> [ControlResponse.Automation] {
            let list = try stage.program(
                "mta", ["shaping", "list", "--control", stage.path("mta-spool/control"), "--format", "json"])
            #expect(try await list.waitForExit() == 0, "\(list.errorOutput)")
            return try JSONDecoder().decode([ControlResponse.Automation].self, from: Data(list.output.utf8))
        }

        /// Asks until this automation is at work.
        private func wait(for id: UInt64, _ stage: Stage) async throws -> ControlResponse.Automation {
            for _ in 0..<300 {
                if let found = try await active(stage).first(where: { $0.id == id }) { return found }
                try await Task.sleep(nanoseconds: 50_000_000)
            }
            throw StageFault("no automation \(id)")
        }

        private static let suspends = """
            default: {connections: 2}
            domains:
              - domain: big.test
                connections: 1
                messages_per_connection: 1
                automation:
                  - {name: throttled, when: {reply: '4\\.7\\.28'}, count: 3 in 1h, do: suspend, for: 1h}
            """
        private static let throttles = """
              - {name: throttle, match: {domain: big.test}, at: end, action: defer, reply: "451 4.7.28 Slow down"}
            """

        /// Three replies and no more until an operator ends it; other destinations go on; a restart changes nothing.
        @Test func aRuleFiresForItsDestinationAlone() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await sink(stage, Self.throttles)
            var mta = try await relay(stage, to: sink, Self.suspends)
            try await send(stage, mta, 20, to: "a@big.test")
            let first = try await wait(for: 1, stage)
            #expect(first.rule == "domain:big.test/throttled" && first.scope == "->big.test")
            #expect(first.action == "suspend" && first.triggers == 1 && first.cause == "451 4.7.28 Slow down")
            try await send(stage, mta, 20, to: "a@calm.test")
            try await mta.wait(for: 20)
            let cancel = try stage.program("mta", ["shaping", "cancel", "1", "--config", stage.path("mta.yaml")])
            #expect(try await cancel.waitForExit() == 0, "\(cancel.errorOutput)")
            _ = try await wait(for: 2, stage)
            let record = try await mta.stop(MTARecord.self)
            #expect(record.delivered == 20 && record.queued == 20 && record.deferrals == 6)
            #expect(FileManager.default.fileExists(atPath: stage.path("mta-spool/shaping-state.json")))

            mta = try await relay(stage, to: sink, Self.suspends)
            try await send(stage, mta, 5, to: "a@calm.test")
            try await mta.wait(for: 5)
            #expect(try await active(stage).map(\.id) == [2])
            #expect(try await mta.stop(MTARecord.self).deferrals == 0)
            let counts = try await sink.stop(SinkRecord.self)
            #expect(counts.rules?.first { $0.name == "throttle" }?.count == 6)
            #expect(counts.received == 25)
            let shaping = try events(stage).filter { $0.type == "Shaping" }
            #expect(
                shaping.map { "\($0.change!) \($0.automation!) \($0.rule!) \($0.scope!) \($0.queue!)" } == [
                    "triggered 1 domain:big.test/throttled ->big.test big.test",
                    "cancelled 1 domain:big.test/throttled ->big.test big.test",
                    "triggered 2 domain:big.test/throttled ->big.test big.test",
                ])
        }

        /// The first is refused by the receiver, the others are returned with the rule's reply without being tried.
        @Test func whatWaitsIsReturned() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await sink(
                stage,
                "  - {name: block, match: {domain: big.test}, at: end, action: reject, reply: \"554 5.7.1 Blocked\"}")
            let mta = try await relay(
                stage, to: sink,
                """
                domains:
                  - domain: big.test
                    connections: 1
                    messages_per_connection: 1
                    automation:
                      - {name: given-up, when: {code: 554}, do: bounce, for: 1h, reply: 550 5.7.1 Given up}
                """)
            try await send(stage, mta, 10, to: "a@big.test")
            try await mta.wait(for: 10)
            try await send(stage, mta, 2, to: "a@big.test")
            try await mta.wait(for: 12)
            let record = try await mta.stop(MTARecord.self)
            #expect(record.bounced == 12)
            #expect(try await sink.stop(SinkRecord.self).rules?.map(\.count) == [1])
            let bounces = try events(stage).filter { $0.type == "Bounce" && $0.queue == "big.test" }
            #expect(
                bounces.compactMap(\.response?.content).sorted() == ["Blocked"]
                    + Array(repeating: "Given up", count: 11))
        }

        /// It ends by itself, and what waited goes.
        @Test func aSuspensionExpires() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await sink(
                stage,
                "  - {name: once, match: {recipient: first@big.test}, at: end, action: defer, reply: \"451 4.7.1 Wait\"}"
            )
            let mta = try await relay(
                stage, to: sink,
                """
                domains:
                  - domain: big.test
                    automation: [{name: wait, when: {enhanced: 4.7.1}, do: suspend, for: 1s}]
                """)
            try await send(stage, mta, 1, to: "first@big.test")
            try await send(stage, mta, 5, to: "b@big.test")
            try await mta.wait(for: 5)
            try await eventually("the end of it in the log", seconds: 30) {
                try events(stage).contains { $0.change == "ended" } ? () : nil
            }
            _ = try await mta.stop(MTARecord.self)
            #expect(try events(stage).filter { $0.type == "Shaping" }.map(\.change) == ["triggered", "ended"])
            #expect(try await sink.stop(SinkRecord.self).received == 5)
        }

        /// Counted at the receiver: never more connections than said, each with as many messages as said, and no faster
        /// than said, however fast or slow the machine is.
        @Test func limitsAreKept() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let mta = try await relay(
                stage, to: sink,
                """
                default: {connections: 3}
                domains: [{domain: big.test, connections: 2, messages_per_connection: 5, rate: 40/1s}]
                """)
            let began = Date().timeIntervalSince1970
            try await send(stage, mta, 60, to: "a@big.test")
            try await mta.wait(for: 60)
            #expect(try await mta.stop(MTARecord.self).delivered == 60)
            let counts = try await sink.stop(SinkRecord.self)
            #expect(counts.received == 60 && counts.connectionsPeak <= 2)
            #expect(counts.connections >= 12)
            // A quarter of a second's worth may be saved up.
            #expect(counts.lastReceivedUnixSeconds - began >= Double(60 - 10) / 40 - 0.01)
        }

        @Test func theCommandsSayWhatHolds() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let check = try stage.program("mta", ["shaping", "check", "default"])
            #expect(try await check.waitForExit() == 0, "\(check.errorOutput)")
            #expect(check.output.hasPrefix("default: all is well: "))
            try "default: {connection: 1}".write(
                toFile: stage.path("wrong.yaml"), atomically: true, encoding: .utf8)
            let wrong = try stage.program("mta", ["shaping", "check", "default", stage.path("wrong.yaml")])
            #expect(try await wrong.waitForExit() == 2)
            #expect(
                wrong.errorOutput.contains(
                    "wrong.yaml:1: unknown key 'default.connection', did you mean 'connections'?"))
            let resolve = try stage.program(
                "mta", ["shaping", "resolve", "gmail.com", "--mx", "gmail-smtp-in.l.google.com", "--format", "csv"])
            #expect(try await resolve.waitForExit() == 0, "\(resolve.errorOutput)")
            let rows = resolve.output.split(separator: "\n")
            #expect(rows.first == "of,limit,value,said by")
            #expect(
                rows.contains { $0.hasPrefix("path,connections,20,default.yaml:") && $0.hasSuffix("(provider:google)") }
            )
            #expect(rows.contains { $0.hasPrefix("path,recipients_per_transaction,50,") && $0.hasSuffix("(default)") })
        }
    }
}
