import Foundation
import RunRecords
import Testing

/// Mail that goes later and mail that has to be there by a time, as senders, receivers and operators see it.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct TimesTests {
        private func message(_ recipient: String, _ options: [String], field: String = "", notify: [String] = [])
            -> Submission
        {
            Submission(
                sender: "a@x.test", mailOptions: options, recipients: [.init(address: recipient, options: notify)],
                content: Data("From: a@x.test\r\n\(field)Subject: x\r\n\r\ntext\r\n".utf8))
        }

        private func deliveries(_ stage: Stage) async throws -> [ControlResponse.Delivery] {
            try #require(try await stage.queue("mta-spool", ["--limit", "9"]).deliveries)
        }

        /// RFC 4865 and X-Schedule: what is held is on the disk with its time, is seen by operators, goes over a restart
        /// and past a flush, and goes when it is named.
        @Test func mailIsHeldUntilItsTime() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let ledger = stage.path("ledger")
            let receiver = try stage.script("lenient_receiver.py", [ledger])
            let issued = try await Authority(stage).issue("mx", ["DNS:localhost"])
            let configuration = """
                smart_host: 127.0.0.1:\(try await receiver.listeningPort())
                durability: deferred
                scheduling_header: X-Schedule
                listeners:
                  - name: in
                    address: 127.0.0.1:0
                    protocol: submission
                    tls: default
                    auth: []
                    auth_required: false
                    future_release: 7d
                tls: [{name: default, certificate: '\(issued.certificate)', key: '\(issued.key)'}]
                """
            let mta = try await stage.mta(configured: configuration)
            let first = InternetDateText(in: 86_400)
            let replies = try await stage.send(
                [
                    message("now@y.test", []), message("held@y.test", ["HOLDFOR=3600"]),
                    message("soon@y.test", ["HOLDFOR=1"]),
                    message("day@y.test", [], field: "X-Schedule: {\"first_attempt\":\r\n \"\(first)\"}\r\n"),
                    message("wrong@y.test", [], field: "X-Schedule: {\"first\": 1}\r\n"),
                    message("never@y.test", ["HOLDFOR=604801"]),
                ], to: mta.port)
            #expect(
                replies.map { $0.prefix(9) } == Array(repeating: "250 2.0.0", count: 4) + ["554 5.6.0", "501 5.5.4"])
            try await mta.wait(for: 2)
            let waiting = try await deliveries(stage)
            #expect(waiting.map(\.place) == ["scheduled", "scheduled"])
            let due = waiting.compactMap(\.dueUnixMilliseconds).sorted()
            #expect(due.count == 2 && due[1] / 1_000 == UInt64(first.seconds))
            #expect(try await mta.stop(MTARecord.self).queued == 2)
            let next = try await stage.mta(configured: configuration)
            #expect(try await deliveries(stage).compactMap(\.dueUnixMilliseconds).sorted() == due)
            let control = ["--control", stage.path("mta-spool/control")]
            let flush = try stage.program("mta", ["queue", "flush", "--all"] + control)
            #expect(try await flush.waitForExit() == 0)
            #expect(flush.output == "0 deliveries tried now\n")
            let named = try #require(waiting.first { $0.dueUnixMilliseconds == due[0] }?.id)
            #expect(try await stage.program("mta", ["queue", "flush", named] + control).waitForExit() == 0)
            try await eventually("the third message") {
                (try? LenientMessage.all(in: ledger))?.count == 3 ? () : nil
            }
            let record = try await next.stop(MTARecord.self)
            #expect(record.recovered == 2 && record.delivered == 1 && record.queued == 1)
            let mail = try LenientMessage.all(in: ledger)
            #expect(
                mail.map { $0.recipients.joined() }.sorted().map { $0.dropFirst(9) } == [
                    "held@y.test>", "now@y.test>", "soon@y.test>",
                ])
        }

        /// RFC 2852: the rest of the time goes to a next hop that takes it; who does not is told nothing it cannot keep,
        /// and the sender hears of it. When the time is over mail is returned with `R`, told of and tried on with `N`.
        @Test func timesArePassedOn() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let receiver = try stage.script("lenient_receiver.py", [stage.path("knowing"), "DELIVERBY", "DSN"])
            let down = try freePort()
            let other = try stage.script("lenient_receiver.py", [stage.path("other"), "DSN"])
            let mta = try await stage.mta(
                configured: """
                    smart_host: 127.0.0.1:\(try await receiver.listeningPort())
                    listeners: [{name: in, address: '127.0.0.1:0', deliver_by: 0s}]
                    domains:
                      - {name: other.test, next_hop: '127.0.0.1:\(try await other.listeningPort())'}
                      - {name: down.test, next_hop: '127.0.0.1:\(down)'}
                    """)
            let replies = try await stage.send(
                [
                    message("r@y.test", ["BY=900;R"]), message("trace@y.test", ["BY=900;NT"]),
                    message("r@other.test", ["BY=900;R"]), message("n@other.test", ["BY=900;N"]),
                    message("never@other.test", ["BY=900;NT"], notify: ["NOTIFY=NEVER"]),
                    message("r@down.test", ["BY=1;R"]), message("n@down.test", ["BY=1;N"]),
                ], to: mta.port)
            #expect(replies.allSatisfy { $0.hasPrefix("250 ") })
            // Four arrive, two go back, one waits; their sender is told five times.
            try await mta.wait(for: 11)
            let record = try await mta.stop(MTARecord.self)
            #expect(record.delivered == 9 && record.bounced == 2 && record.generated == 5 && record.queued == 1)
            let knowing = try LenientMessage.all(in: stage.path("knowing"))
            let passed = knowing.filter { !$0.mail.contains("<>") }
            #expect(passed.allSatisfy { $0.mail.contains(#/ BY=\d{3};(R|NT)/#) }, "\(passed.map(\.mail))")
            let told = knowing.filter { $0.mail.contains("<>") }.map { String(decoding: $0.content, as: UTF8.self) }
            #expect(told.count { $0.contains("Action: relayed") && $0.contains("trace@y.test") } == 1)
            #expect(told.count { $0.contains("Action: relayed") && $0.contains("rfc822; n@other.test") } == 1)
            let failed = told.filter { $0.contains("Action: failed") }
            #expect(failed.count == 2 && failed.allSatisfy { $0.contains("Status: 5.4.7") })
            #expect(failed.count { $0.contains("r@other.test") && $0.contains("does not offer DELIVERBY") } == 1)
            #expect(failed.count { $0.contains("r@down.test") && $0.contains("within 1 seconds, as asked") } == 1)
            let delayed = told.filter { $0.contains("Action: delayed") }
            #expect(delayed.count == 1 && delayed[0].contains("n@down.test") && delayed[0].contains("Status: 4.4.7"))
            #expect(told.allSatisfy { $0.contains("Deliver-By-Date: ") && !$0.contains("never@other.test") })
            let unknowing = try LenientMessage.all(in: stage.path("other"))
            #expect(unknowing.count == 2 && unknowing.allSatisfy { !$0.mail.contains("BY=") })
            let wishes = Set(unknowing.flatMap(\.recipients))
            #expect(
                wishes == [
                    "RCPT TO:<n@other.test> NOTIFY=FAILURE,DELAY", "RCPT TO:<never@other.test> NOTIFY=NEVER",
                ])
        }

        /// Recipients go to all event loops; a caller with too many is told when to come again; the key's name is known.
        @Test func injectionIsSpreadLimitedAndNamed() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let http = try freePort()
            let add = try stage.program(
                "mta", ["users", "add", "app", "--file", stage.path("keys")], input: "secret\n")
            #expect(try await add.waitForExit() == 0)
            let mta = try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    smart_host: 127.0.0.1:\(sink.port)
                    log: {directory: '\(stage.path("log"))'}
                    http:
                      address: '127.0.0.1:\(http)'
                      api_keys: \(stage.path("keys"))
                      recipient_rate_per_caller: '1/1h,max_burst=400'
                    rules: [{name: named, when: {protocol: http}, then: {metadata: {http_auth: '${user}'}}}]
                    """)
            try await stage.runScript("inject_limited.py", [String(http)])
            try await mta.wait(for: 401)
            #expect(try await mta.stop(MTARecord.self).delivered == 401)
            let events = try LoggedEvent.all(in: stage.path("log"))
            let named = events.filter { $0.meta?["http_auth"] == "app" }
            #expect(Set(named.map(\.type)) == ["Reception", "Delivery"])
            let received = events.filter { $0.type == "Reception" && $0.authn_id == "app" }
            #expect(received.reduce(0) { $0 + ($1.recipient?.list.count ?? 0) } == 400)
            // Eight bits of an id say which loop made it.
            #expect(Set(received.compactMap { $0.id?.suffix(16).prefix(2) }) == ["00", "01"])
        }
    }
}

/// A moment some seconds from now, as RFC 3339 writes it.
private struct InternetDateText: CustomStringConvertible {
    let seconds: Int
    init(in seconds: Int) { self.seconds = Int(Date().timeIntervalSince1970) + seconds }
    var description: String {
        ISO8601DateFormatter().string(from: Date(timeIntervalSince1970: Double(seconds)))
    }
}
