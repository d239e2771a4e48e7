import Foundation
import RunRecords
import Testing

/// How mail leaves, as next hops by aiosmtpd see it.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct EgressTests {
        private func arrivals(_ stage: Stage) throws -> [Receivers.Arrival] {
            try Receivers.arrivals(stage.path("arrivals"))
        }

        /// What `mta queue list` says of each destination that has mail.
        private func queue(_ stage: Stage) async throws -> [String: ControlResponse.Destination] {
            Dictionary(uniqueKeysWithValues: (try await stage.queue().destinations ?? []).map { ($0.name, $0) })
        }

        private static let chosen = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"

        private static let domains: [(name: String, hop: String, rules: String)] = [
            ("clear.test", "127.0.0.1:plain", "opportunistic"),
            ("broken.test", "127.0.0.1:broken", "opportunistic"),
            ("eager.test", "127.0.0.1:eager", "opportunistic"),
            ("offered.test", "127.0.0.1:right", "opportunistic"),
            ("untrusted.test", "127.0.0.1:strange", "opportunistic"),
            ("needed.test", "127.0.0.1:strange", "required"),
            ("chosen.test", "127.0.0.1:old", "required, tls_ciphers: [\(chosen)]"),
            ("new.test", "127.0.0.1:old", "required, tls_minimum: '1.3'"),
            ("not-offered.test", "127.0.0.1:plain", "required"),
            ("fails.test", "127.0.0.1:broken", "required"),
            ("eager-fails.test", "127.0.0.1:eager", "required"),
            ("right.test", "localhost:right", "verified"),
            ("other-name.test", "localhost:other", "verified"),
            ("no-name.test", "127.0.0.1:right", "verified"),
            ("other-root.test", "localhost:strange", "verified"),
            ("verified-clear.test", "localhost:plain", "verified"),
        ]

        private func configuration(_ ports: [String: Int], ca: String, log: String) -> String {
            let sections = Self.domains.map { name, hop, tls in
                let parts = hop.split(separator: ":").map(String.init)
                return "  - {name: \(name), next_hop: '\(parts[0]):\(ports[parts[1]]!)', tls: \(tls)}"
            }
            return """
                listen: 127.0.0.1:0
                smart_host: 127.0.0.1:\(ports["plain"]!)
                delivery: {tls_ca: \(ca)}
                log: {directory: \(log)}
                domains:
                \(sections.joined(separator: "\n"))
                """
        }

        /// Opportunistic TLS is used where it is offered, whatever the certificate, and falls back where it fails, for
        /// that next hop alone; `required` never goes in the clear; `verified` wants the right name and root.
        @Test func tlsIsUsedAsEachDomainAsks() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let (ours, theirs) = (try await Authority(stage), try await Authority(stage, name: "stranger"))
            let certificates = [
                ("right", try await ours.issue("right", ["DNS:localhost"])),
                ("other", try await ours.issue("other", ["DNS:other.test"])),
                ("strange", try await theirs.issue("strange", ["DNS:localhost"])),
                ("old", try await ours.issue("old", ["DNS:localhost"])),
            ]
            let ports = try await Receivers(
                stage,
                ["plain", "broken", "eager"] + certificates.map { "\($0)=\($1.certificate),\($1.key)" }
            ).ports
            let mta = try await stage.mta(
                configured: configuration(ports, ca: ours.certificate, log: stage.path("log")), threads: 1)
            for domain in Self.domains {
                try await stage.runScript("send_one.py", [String(mta.port), "a@x.test", "b@" + domain.name])
            }
            let waiting: Set = [
                "not-offered.test", "fails.test", "eager-fails.test", "other-name.test", "no-name.test",
                "other-root.test", "verified-clear.test", "new.test",
            ]
            try await mta.wait(for: Self.domains.count - waiting.count)
            let queue = try await queueOnceTried(stage, waiting)
            #expect(Set(queue.keys) == waiting)
            for (name, destination) in queue {
                #expect(destination.failure?.hasPrefix("451 4.7.5") ?? false, "\(name): \(destination)")
            }
            let record = try await mta.stop(MTARecord.self)
            #expect(record.bounced == 0 && record.queued == UInt64(waiting.count))
            let arrived = try arrivals(stage).map { "\($0.recipients[0]) \($0.receiver) \($0.tls ? "TLS" : "clear")" }
            #expect(
                arrived.sorted() == [
                    "b@broken.test broken clear", "b@chosen.test old TLS", "b@clear.test plain clear",
                    "b@eager.test eager clear", "b@needed.test strange TLS",
                    "b@offered.test right TLS", "b@right.test right TLS", "b@untrusted.test strange TLS",
                ])
            try expectTheLog(stage.path("log"))
        }

        /// What was agreed upon, and who the other side said it was.
        private func expectTheLog(_ directory: String) throws {
            for event in try LoggedEvent.all(in: directory) where event.type == "Delivery" {
                let isClear = ["broken.test", "clear.test", "eager.test"].contains(event.queue)
                #expect((event.tls_cipher == nil) == isClear && (event.tls_protocol_version == nil) == isClear)
                guard !isClear else { continue }
                #expect(event.tls_cipher?.hasPrefix("TLS_") ?? false, "\(event)")
                if event.queue == "chosen.test" { #expect(event.tls_cipher == Self.chosen) }
                let subjects = ["needed.test": "strange", "untrusted.test": "strange", "chosen.test": "old"]
                #expect(event.tls_peer_subject_name == ["CN=" + (subjects[event.queue ?? ""] ?? "right")])
            }
        }

        /// RFC 6066 §3: a host is named, an address is not.
        @Test func theServerIsNamedInTLS() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let own = try await Authority(stage).issue("own", ["DNS:localhost"])
            let ports = try await Receivers(stage, ["named=\(own.certificate),\(own.key)"]).ports
            let mta = try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    smart_host: 127.0.0.1:\(ports["named"]!)
                    domains: [{name: name.test, next_hop: 'localhost:\(ports["named"]!)'}]
                    """)
            try await stage.runScript("send_one.py", [String(mta.port), "a@x.test", "b@name.test", "b@address.test"])
            try await mta.wait(for: 2)
            _ = try await mta.stop(MTARecord.self)
            let names = try arrivals(stage).map { "\($0.recipients[0]) \($0.tls) \($0.server_name ?? "none")" }
            #expect(Set(names) == ["b@name.test true localhost", "b@address.test true none"])
        }

        /// RFC 5321 §4.5.3.1.8: a server need not take more than a hundred at a time.
        @Test func manyRecipientsAreSharedOut() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let kept = try stage.openDirectory("kept")
            let sink = try await stage.sink(["--keep", kept])
            let mta = try await stage.mta(configured: "listen: 127.0.0.1:0\nsmart_host: 127.0.0.1:\(sink.port)")
            let recipients = (0..<250).map { "\($0)@y.test" }
            try await stage.runScript("send_one.py", [String(mta.port), "a@x.test"] + recipients)
            try await mta.wait(for: 250)
            #expect(try await mta.stop(MTARecord.self).delivered == 250)
            let arrived = try KeptMessage.all(in: kept).map(\.recipients)
            #expect(arrived.map(\.count).sorted() == [50, 100, 100])
            #expect(arrived.joined().sorted() == recipients.sorted())
        }

        private func queueOnceTried(
            _ stage: Stage, _ names: Set<String>
        ) async throws -> [String: ControlResponse.Destination] {
            for _ in 0..<100 {
                let now = try await queue(stage).filter { $0.value.ready + $0.value.deferred + $0.value.leased > 0 }
                if names.allSatisfy({ now[$0]?.failure != nil }) { return now }
                try await Task.sleep(nanoseconds: 50_000_000)
            }
            return try await queue(stage)
        }

        /// A host whose TLS has failed is not asked for it again, whatever the way it failed; another port of it is.
        @Test(arguments: ["broken", "eager"]) func brokenTLSIsRemembered(_ kind: String) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let ports = try await Receivers(stage, [kind]).ports
            let mta = try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    smart_host: 127.0.0.1:\(ports[kind]!)
                    delivery: {messages_per_connection: 1}
                    """, threads: 1)
            for number in 1...3 {
                try await stage.runScript("send_one.py", [String(mta.port), "a@x.test", "\(number)@far.test"])
                try await mta.wait(for: number)
            }
            #expect(try await mta.stop(MTARecord.self).deferrals == 0)
            #expect(try arrivals(stage).map(\.session) == [1, 1, 1])
        }

        /// What an operator, and in the end a sender, reads of it.
        @Test func whatCannotBeReachedIsSaidPlainly() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let closed = try freePort()
            let mta = try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    smart_host: 127.0.0.1:\(closed)
                    domains: [{name: six.test, next_hop: '[::1]:\(closed)'}]
                    """)
            try await stage.runScript("send_one.py", [String(mta.port), "a@x.test", "b@six.test", "b@far.test"])
            let four = "127.0.0.1:\(closed)"
            let queue = try await queueOnceTried(stage, ["six.test", four])
            #expect(queue[four]?.failure == "451 4.4.1 connect to \(four): Connection refused")
            #expect(queue["six.test"]?.failure == "451 4.4.1 connect to [::1]:\(closed): Connection refused")
            #expect(try await mta.stop(MTARecord.self).queued == 2)
        }

        /// The address it comes from, the name it gives, and how much it says before it goes (one loop: two would take
        /// turns with the one connection).
        @Test func connectionsLookAsTheirDomainAsks() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let ports = try await Receivers(stage, ["plain", "few"]).ports
            let mta = try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    smart_host: 127.0.0.1:\(ports["plain"]!)
                    delivery: {source_addresses: [127.0.0.5], ehlo_name: out.test}
                    domains:
                      - name: few.test
                        next_hop: 127.0.0.1:\(ports["few"]!)
                        messages_per_connection: 2
                        connections: 1
                        source_addresses: [127.0.0.7, '::1']
                        ehlo_name: few.out.test
                    """, threads: 1)
            for number in 0..<5 {
                try await stage.runScript(
                    "send_one.py", [String(mta.port), "a@x.test", "\(number)@few.test", "\(number)@other.test"])
            }
            try await mta.wait(for: 10)
            #expect(try await mta.stop(MTARecord.self).delivered == 10)
            let (few, other) = (
                try arrivals(stage).filter { $0.receiver == "few" },
                try arrivals(stage).filter { $0.receiver == "plain" }
            )
            #expect(few.count == 5 && few.allSatisfy { $0.peer == "127.0.0.7" && $0.ehlo == "few.out.test" })
            let messages = Dictionary(grouping: few, by: \.session).values.map(\.count)
            #expect(messages.sorted() == [1, 2, 2], "\(messages)")
            #expect(other.count == 5 && other.allSatisfy { $0.peer == "127.0.0.5" && $0.ehlo == "out.test" })
        }

        /// RFC 2033 §4.2: one transaction, an answer a recipient; whoever is in the mailbox is delivered (RFC 3461 §5.2.1).
        @Test func aMailboxServerAnswersForEachRecipient() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let kept = try stage.openDirectory("kept")
            let sink = try await stage.sink(["--keep", kept])
            let ports = try await Receivers(stage, ["lmtp"]).ports
            let mta = try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    smart_host: 127.0.0.1:\(sink.port)
                    domains: [{name: box.test, next_hop: 'lmtp:127.0.0.1:\(ports["lmtp"]!)'}]
                    """)
            let notify = ["NOTIFY=SUCCESS,FAILURE"]
            let replies = try await stage.send(
                [
                    Submission(
                        sender: "a@x.test",
                        recipients: ["ok", "no", "later"].map { .init(address: $0 + "@box.test", options: notify) },
                        content: Data("Subject: three\r\n\r\ntext\r\n".utf8))
                ], to: mta.port)
            #expect(replies.allSatisfy { $0.hasPrefix("250 ") })
            // Two are done with, and the sender is told of each in a notification of its own.
            try await mta.wait(for: 4)
            let record = try await mta.stop(MTARecord.self)
            #expect(record.delivered == 3 && record.bounced == 1 && record.queued == 1 && record.generated == 2)
            #expect(try arrivals(stage).map { $0.recipients.count } == [3])
            let notices = try KeptMessage.all(in: kept)
            #expect(notices.allSatisfy { $0.reversePath.isEmpty && $0.recipients == ["a@x.test"] })
            let actions = notices.map {
                $0.text.matches(of: /Final-Recipient: rfc822; (\w+)@box.test\r\nAction: (\w+)\r\nStatus: (\S+)/)
                    .map { "\($0.1) \($0.2) \($0.3)" }
            }
            #expect(Set(actions) == [["ok delivered 2.0.0"], ["no failed 5.1.1"]], "\(actions)")
        }
    }
}
