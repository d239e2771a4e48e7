import Foundation
import RunRecords
import Testing

/// Which mail a relay takes, and which it does not.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct ReceptionTests {
        private func submission(to recipient: String, _ content: Data, chunks: Bool = false) -> Submission {
            Submission(sender: "a@x.test", recipients: [.init(address: recipient)], content: content, chunks: chunks)
        }

        /// Mail for our own domains is taken from anyone, other mail from those of `relay_networks` only.
        @Test func relayDomainsAreTakenFromAnyone() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let kept = try stage.openDirectory("kept")
            let sink = try await stage.sink(["--keep", kept])
            let mta = try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    smart_host: 127.0.0.1:\(sink.port)
                    relay_networks: [127.0.9.0/24]
                    relay_domains: [Ours.test, .below.test]
                    """)
            let recipients = [
                ("b@ours.test", true), ("b@OURS.test", true), ("b@a.below.test", true), ("b@c.a.below.test", true),
                ("b@below.test", false), ("b@sub.ours.test", false), ("b@notours.test", false), ("b@far.test", false),
                ("b%far.test@[127.0.0.1]", false),
            ]
            let content = Data("Subject: x\r\n\r\nHi\r\n".utf8)
            let replies = try await stage.send(recipients.map { submission(to: $0.0, content) }, to: mta.port)
            for ((recipient, isTaken), reply) in zip(recipients, replies) {
                #expect(reply.hasPrefix(isTaken ? "250 2.0.0" : "554 5.7.1"), "\(recipient): \(reply)")
            }
            try await mta.wait(for: 4)
            #expect(try await mta.stop(MTARecord.self).delivered == 4)
            let arrived = try KeptMessage.all(in: kept).flatMap(\.recipients)
            #expect(Set(arrived) == Set(recipients.filter(\.1).map(\.0)))
        }

        /// RFC 5321 §6.3: what has come through a hundred hops goes round in circles.
        @Test(arguments: [false, true]) func loopsAreCut(chunks: Bool) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let mta = try await stage.mta(configured: "listen: 127.0.0.1:0\nsmart_host: 127.0.0.1:\(sink.port)")
            func received(_ count: Int) -> String {
                (0..<count).map { "\($0 % 2 == 0 ? "Received" : "RECEIVED"): from a\r\n\tby b; \($0)\r\n" }.joined()
            }
            let rest = "Subject: x\r\nX-Received: by c\r\n\r\n"
            let mail = [
                (received(100) + rest, false), (received(99) + rest, true), (received(1000) + rest, false),
                // What is no field of the header does not count.
                (rest + received(200), true), (received(99) + " Received: folded\r\n" + rest, true),
            ]
            let replies = try await stage.send(
                mail.map { submission(to: "b@y.test", Data($0.0.utf8), chunks: chunks) }, to: mta.port)
            for ((_, isTaken), reply) in zip(mail, replies) {
                #expect(reply.hasPrefix(isTaken ? "250 2.0.0" : "554 5.4.6"), "\(reply)")
            }
            try await mta.wait(for: 3)
            #expect(try await mta.stop(MTARecord.self).delivered == 3)
        }
    }
}
