import Foundation
import RunRecords
import Testing

/// What the sink was told to do shows up in everybody's counts, to the unit.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct SinkBehaviourTests {
        private func rules(_ stage: Stage, _ text: String) throws -> [String] {
            try text.write(toFile: stage.path("sink.yaml"), atomically: true, encoding: .utf8)
            return ["--behaviour", stage.path("sink.yaml")]
        }

        private func count(_ replies: [ReplyCount]?, _ stage: String, _ code: Int) -> UInt64 {
            (replies ?? []).filter { $0.stage == stage && $0.code == code }.map(\.count).reduce(0, +)
        }

        @Test func scriptedRepliesAreCountedByTheGeneratorExactly() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink(
                rules(
                    stage,
                    """
                    seed: 5
                    rules:
                      - {match: {share: 0.02}, at: mail, action: defer, reply: "450 4.3.2 Busy"}
                      - {match: {share: 0.1}, at: rcpt, action: reject, reply: "550 5.1.1 Unknown"}
                      - {match: {share: 0.05}, at: end, action: reject, reply: "554 5.7.1 Refused"}
                      - {match: {share: 0.5}, at: end, action: accept, reply: "250 2.0.0 Queued as 1"}
                    """) + ["--ledger", stage.path("sink.ledger"), "--threads", "2"])
            let load = try stage.generator(
                to: sink.port, ["--concurrency", "10", "--message-count", "1000", "--body-size", "1kb", "--seed", "1"])
            #expect(try await load.waitForExit() == 1, "some were refused")
            let sent = try RecordFile.read(GeneratorRecord.self, from: stage.path("generator.json"))
            let record = try await sink.stop(SinkRecord.self)
            // 1000: 20 deferred; 980: 98 unknown; 882: 44 refused (882 × 0.05 = 44.1); 838: 419 with a text of theirs.
            #expect(count(sent.replies, "mail", 450) == 20)
            #expect(count(sent.replies, "rcpt", 550) == 98)
            #expect([44, 45].contains(count(sent.replies, "final", 554)))
            let accepted = 882 - count(sent.replies, "final", 554)
            #expect(sent.offered == 1000 && sent.accepted == accepted && sent.refused == 1000 - accepted)
            #expect(record.received == accepted && record.ledger?.unique == accepted)
            #expect(record.refused == 882 - accepted)
            #expect(count(record.replies, "mail", 450) == 20 && count(record.replies, "mail", 250) == 980)
            #expect(count(record.replies, "rcpt", 550) == 98 && count(record.replies, "rcpt", 250) == 882)
            #expect(count(record.replies, "final", 554) == 882 - accepted)
            #expect(count(record.replies, "final", 250) == accepted)
            #expect(record.rules?.map(\.count) == [20, 98, 882 - accepted, 419])
        }

        /// Everything is greylisted once and a tenth is refused: the relay's own record says so.
        @Test func scriptedRepliesAreCountedByTheRelayExactly() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink(
                rules(
                    stage,
                    """
                    rules:
                      - {match: {sender: "*@*"}, action: greylist, wait: 300ms}
                      - {match: {sender: "*@*", share: 0.1}, at: end, action: reject, reply: "554 5.7.1 Refused"}
                    """) + ["--ledger", stage.path("sink.ledger")])
            let mta = try await stage.mta(to: sink.port)
            let load = try stage.generator(
                to: mta.port, ["--concurrency", "5", "--message-count", "200", "--body-size", "1kb", "--seed", "2"])
            #expect(try await load.waitForExit() == 0)
            // 180 of the mail, and a notification for each of the others.
            try await sink.wait(for: 200)
            try await mta.wait(for: 220)
            let relayed = try await mta.stop(MTARecord.self)
            let record = try await sink.stop(SinkRecord.self)
            #expect(relayed.accepted == 200 && relayed.generated == 20)
            #expect(relayed.delivered == 200 && relayed.bounced == 20 && relayed.queued == 0)
            #expect(relayed.deferrals == 200)
            #expect(record.received == 200 && record.refused == 20)
            #expect(record.ledger?.unique == 180 && record.ledger?.unidentified == 20)
            #expect(count(record.replies, "rcpt", 450) == 200 && count(record.replies, "final", 554) == 20)
        }

        /// Connections that end in the middle or before the last reply: the generator knows which is which.
        @Test func cutConnectionsAreCountedExactly() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink(
                rules(
                    stage,
                    """
                    rules:
                      - {match: {share: 0.02}, at: data, action: drop, after_bytes: 20kb}
                      - {match: {share: 0.05}, at: end, action: drop, reset: true}
                    """))
            let load = try stage.generator(
                to: sink.port,
                [
                    "--concurrency", "4", "--message-count", "500", "--body-size", "50kb", "--no-pipelining",
                ])
            #expect(try await load.waitForExit() == 1)
            let sent = try RecordFile.read(GeneratorRecord.self, from: stage.path("generator.json"))
            let record = try await sink.stop(SinkRecord.self)
            #expect(record.rules?.map(\.count) == [10, 24] || record.rules?.map(\.count) == [10, 25])
            let cut = record.rules?.map(\.count).reduce(0, +) ?? 0
            #expect(sent.offered == 500 && sent.accepted == 500 - cut && sent.failed + sent.inDoubt == cut)
            #expect(record.received == sent.accepted && record.refused == cut)
            #expect(count(record.replies, "final", 0) == cut - 10 && count(record.replies, "content", 0) == 10)
        }

        @Test func kumosResponsesAreTakenAsTheyAre() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let text = """
                [default]
                bounce=10
                defer=5
                [[bounce."a.test"]]
                code=550
                msg="5.1.1 No such user"
                """
            try text.write(toFile: stage.path("responses.toml"), atomically: true, encoding: .utf8)
            let sink = try await stage.sink(["--behaviour", stage.path("responses.toml")])
            let load = try stage.generator(
                to: sink.port,
                [
                    "--concurrency", "3", "--message-count", "400", "--body-size", "1kb", "--domain", "a",
                    "--domain-suffix", "test",
                ])
            #expect(try await load.waitForExit() == 1)
            let record = try await sink.stop(SinkRecord.self)
            #expect(count(record.replies, "final", 550) == 40 && count(record.replies, "final", 451) == 20)
            #expect(record.received == 340)
        }

        /// By a client that looks at each octet.
        @Test func stagesConnectionsAndExtensionsDoAsTold() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink(
                rules(
                    stage,
                    try String(contentsOfFile: Stage.root + "/Tests/ProgramTests/Support/stages.yaml", encoding: .utf8))
            )
            try await stage.runScript("sink_stages.py", [String(sink.port)])
            let record = try await sink.stop(SinkRecord.self)
            #expect(count(record.replies, "ehlo", 550) == 1 && count(record.replies, "data", 451) == 1)
        }

        /// 354 comes late by itself: the client says nothing until it has it.
        @Test func aDelayedDataIsAnswered() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink(
                rules(stage, "rules:\n  - {at: data, action: delay, delay: 100ms}\n"))
            let load = try stage.generator(
                to: sink.port,
                ["--concurrency", "3", "--message-count", "30", "--body-size", "1kb", "--no-pipelining"])
            #expect(try await load.waitForExit() == 0)
            let record = try await sink.stop(SinkRecord.self)
            #expect(record.received == 30)
        }

        /// An open load goes on when every other message is refused before its content.
        @Test(arguments: ["rcpt", "data"], [0, 1, 2]) func refusalsLeaveAnOpenLoadRunning(stage at: String, depth: Int)
            async throws
        {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink(
                rules(stage, "rules:\n  - {match: {share: 0.5}, at: \(at), action: reject, reply: \"550 5.7.1 No\"}\n"))
            let load = try stage.generator(
                to: sink.port,
                [
                    "--connections", "1", "--rate", "2000/s", "--duration", "1s", "--body-size",
                    "1kb",
                    "--pipelining-depth", "\(depth)",
                ])
            #expect(try await load.waitForExit() == 1)
            let record = try RecordFile.read(GeneratorRecord.self, from: stage.path("generator.json"))
            #expect(record.offered == record.accepted + record.refused + record.failed + record.inDoubt)
            #expect(record.accepted > 0 && record.refused > 0)
        }

        /// Nobody listens for a while, and then somebody does.
        @Test func refusedConnectionsComeAgain() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink(
                rules(stage, "rules:\n  - {match: {during: {after: 1s, for: 2s}}, action: refuse}\n"))
            let output = try await stage.runScript("sink_refusal.py", [String(sink.port)])
            #expect(output == "open, refused, open\n")
        }

        /// Bounces and complaints go to the relay, which brings them back here.
        @Test func reportsComeBack() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let kept = try stage.openDirectory("kept")
            let home = try await stage.sink(["--keep", kept])
            let sink = try await stage.sink(
                rules(
                    stage,
                    """
                    reports_to: 127.0.0.1:\(home.port)
                    rules:
                      - {match: {share: 0.1}, action: bounce, after: 100ms, reply: "550 5.1.1 Unknown after all"}
                      - {match: {share: 0.05}, action: complaint, to: feedback@home.test}
                    """))
            let load = try stage.generator(
                to: sink.port, ["--concurrency", "3", "--message-count", "100", "--body-size", "1kb"])
            #expect(try await load.waitForExit() == 0)
            try await home.wait(for: 15)
            let record = try await sink.stop(SinkRecord.self)
            #expect(record.received == 100 && record.reports?.sent == 15 && record.reports?.failed == 0)
            let messages = try KeptMessage.all(in: kept)
            #expect(messages.count { $0.reversePath.isEmpty } == 10)
            #expect(messages.count { $0.recipients == ["feedback@home.test"] } == 5)
            let output = try await stage.runScript("parse_reports.py", [kept])
            #expect(output == "10 bounces, 5 complaints\n")
        }

        @Test func countersAreServedAndReset() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink(
                rules(stage, "rules:\n  - {match: {share: 0.1}, at: end, action: reject}\n")
                    + ["--http", "127.0.0.1:0", "--ledger", stage.path("sink.ledger")])
            let port = try await eventually("the counters' address") {
                sink.program.output.split(separator: "\n").first { $0.hasPrefix("http ") }
                    .flatMap { $0.split(separator: ":").last }.flatMap { Int($0) }
            }
            func load(_ name: String) async throws {
                let load = try stage.generator(
                    to: sink.port, name: name, ["--concurrency", "2", "--message-count", "50", "--body-size", "1kb"])
                #expect(try await load.waitForExit() == 1)
            }
            try await load("first")
            let metrics = try await stage.metrics(port)
            #expect(metrics["sink_messages_received_total"] == 45)
            #expect(metrics["sink_replies_total{stage=\"final\",code=\"550\"}"] == 5)
            #expect(metrics["sink_ledger_messages_total{finding=\"unique\"}"] == 45)
            let replies = try await stage.http(
                [
                    HTTPRequest(path: "/counters"), HTTPRequest(method: "POST", path: "/reset"),
                    HTTPRequest(path: "/counters"), HTTPRequest(path: "/reset"), HTTPRequest(path: "/x"),
                ], to: port)
            let records = try [0, 1, 2].map {
                try JSONDecoder().decode(SinkRecord.self, from: Data(replies[$0].text.utf8))
            }
            #expect(records.map(\.received) == [45, 45, 0])
            #expect(records[2].ledger?.unique == 0 && records[2].rules?.map(\.count) == [0])
            #expect(replies[3].status == 405 && replies[4].status == 404)
            try await load("second")
            #expect(try await sink.stop(SinkRecord.self).received == 45)
        }

        @Test func faultsOfTheRulesEndItWithTwo() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let program = try stage.program(
                "sink-mta", ["--listen", "127.0.0.1:0"] + rules(stage, "rules:\n  - {action: defr}\n"))
            #expect(try await program.waitForExit() == 2)
            #expect(program.errorOutput.contains("sink.yaml:2: key 'rules[0].action'"))
        }
    }
}
