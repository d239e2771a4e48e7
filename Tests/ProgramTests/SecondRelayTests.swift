import Foundation
import RunRecords
import Testing

/// What two relays in a row make of mail that not every server takes, and what the sender is told.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct SecondRelayTests {
        /// Every octet, line ends of all kinds, what would end DATA, and no line end at the end.
        private static let binary: Data = {
            let octets = Data((0...255).map { UInt8($0) })
            let ends = Data("\r\n.\r\n\n.\n\r.\r\r\n..\r\n".utf8)
            let header = Data("From: a@x.test\r\nContent-Transfer-Encoding: binary\r\n\r\n".utf8)
            return header + octets + ends + Data(repeating: 0, count: 70_000) + Data(octets.reversed()) + Data([13])
        }()

        /// RFC 3030 §3: through a second relay of ours to a receiver that offers BINARYMIME.
        @Test func binaryMailPassesASecondRelay() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let receiver = try stage.script("lenient_receiver.py", [stage.path("ledger"), "CHUNKING", "BINARYMIME"])
            let port = try await receiver.listeningPort()
            let second = try await stage.mta(
                configured: "listen: 127.0.0.1:0\nsmart_host: 127.0.0.1:\(port)", name: "second")
            let first = try await stage.mta(
                configured: "listen: 127.0.0.1:0\nsmart_host: 127.0.0.1:\(second.port)", name: "first")
            let message = Submission(
                sender: "a@x.test", mailOptions: ["BODY=BINARYMIME"], recipients: [.init(address: "b@y.test")],
                content: Self.binary, chunks: true)
            #expect(try await stage.send([message], to: first.port).allSatisfy { $0.hasPrefix("250 ") })
            try await second.wait(for: 1)
            #expect(try await first.stop(MTARecord.self).delivered == 1)
            #expect(try await second.stop(MTARecord.self).delivered == 1)
            let received = try LenientMessage.all(in: stage.path("ledger"))
            #expect(received.count == 1)
            #expect(received[0].mail.contains(" BODY=BINARYMIME") && received[0].verb == "BDAT")
            #expect(received[0].withoutTraces(2) == Self.binary)
        }

        /// Without BINARYMIME there it is returned: converted it is not, and cut at its NULs it must not be.
        @Test func binaryMailIsReturnedWhereItCannotGo() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let receiver = try stage.script("lenient_receiver.py", [stage.path("ledger"), "CHUNKING"])
            let mta = try await stage.mta(to: try await receiver.listeningPort())
            let message = Submission(
                sender: "a@x.test", mailOptions: ["BODY=BINARYMIME", "RET=FULL"],
                recipients: [.init(address: "b@y.test")], content: Self.binary, chunks: true)
            #expect(try await stage.send([message], to: mta.port).allSatisfy { $0.hasPrefix("250 ") })
            try await mta.wait(for: 2)
            let record = try await mta.stop(MTARecord.self)
            #expect(record.bounced == 1 && record.delivered == 1 && record.generated == 1)
            let received = try LenientMessage.all(in: stage.path("ledger"))
            #expect(received.map(\.mail).map { $0.prefix(12) } == ["MAIL FROM:<>"])
            let text = String(decoding: received[0].content, as: UTF8.self)
            #expect(text.contains("Status: 5.6.3") && !text.contains("\0"), "\(text)")
        }

        /// What `parse_notification.py` read.
        private struct Notification: Decodable {
            var types, faults: [String]
            var report, to, explanation, original: String
            var fields: [[String: String]]
        }

        /// RFC 6533: a notification about an international address, with ORCPT in both of its forms, is read by Python.
        @Test(arguments: ["HDRS", "FULL"])
        func notificationsOfInternationalAddressesAreRead(_ returned: String) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let (refusing, kept) = (try stage.openDirectory("refusing"), stage.path("ledger"))
            let refuser = try stage.script("refusing_server.py", [refusing])
            let receiver = try stage.script("lenient_receiver.py", [kept])
            let mta = try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    smart_host: 127.0.0.1:\(try await receiver.listeningPort())
                    domains: [{name: old.test, next_hop: '127.0.0.1:\(try await refuser.listeningPort())'}]
                    """)
            let encoded = #"ORCPT=utf-8;\x{6771}\x{4EAC}@list.test"#
            let message = Submission(
                sender: "grüße@x.test", mailOptions: ["SMTPUTF8", "BODY=8BITMIME", "RET=" + returned, "ENVID=QQ+2B1"],
                recipients: [
                    .init(address: "東京@old.test", options: [encoded]),
                    .init(address: "京都@old.test", options: ["ORCPT=utf-8;京都@list.test"]),
                    .init(address: "plain@old.test", options: ["ORCPT=rfc822;b+2Btag@list.test"]),
                ], content: Data("Subject: Grüße\r\n\r\nKöln\r\n".utf8))
            #expect(try await stage.send([message], to: mta.port).allSatisfy { $0.hasPrefix("250 ") })
            try await mta.wait(for: 4)
            #expect(try await mta.stop(MTARecord.self).bounced == 3)
            let received = try LenientMessage.all(in: kept)
            #expect(received.map(\.recipients) == [["RCPT TO:<grüße@x.test>"]])
            #expect(received[0].mail.hasPrefix("MAIL FROM:<>") && received[0].mail.contains(" SMTPUTF8"))
            try received[0].content.write(to: URL(fileURLWithPath: stage.path("notification.eml")))
            let output = try await stage.runScript("parse_notification.py", [stage.path("notification.eml")])
            try check(JSONDecoder().decode(Notification.self, from: Data(output.utf8)), returned)
        }

        private func check(_ notification: Notification, _ returned: String) throws {
            #expect(notification.faults == [])
            let original = returned == "FULL" ? "message/global" : "message/global-headers"
            #expect(
                notification.types == ["multipart/report", "text/plain", "message/global-delivery-status", original])
            #expect(notification.report == "delivery-status" && notification.to.contains("grüße@x.test"))
            #expect(notification.explanation.contains("<東京@old.test>:"))
            #expect(notification.original.contains("Subject: Grüße\r\n"))
            #expect(notification.original.contains("Köln") == (returned == "FULL"))
            #expect(notification.fields.count == 4)
            #expect(notification.fields[0]["Original-Envelope-Id"] == "QQ+1")
            let recipients = notification.fields.dropFirst()
            #expect(
                recipients.map { $0["Original-Recipient"] } == [
                    "utf-8; 東京@list.test", "utf-8; 京都@list.test", "rfc822; b+tag@list.test",
                ])
            #expect(
                recipients.map { $0["Final-Recipient"] } == [
                    "utf-8; 東京@old.test", "utf-8; 京都@old.test", "rfc822; plain@old.test",
                ])
            #expect(recipients.allSatisfy { $0["Action"] == "failed" && $0["Status"] == "5.6.7" })
        }
    }
}

extension LenientMessage {
    /// The content below so many Received fields; nil if there are fewer.
    func withoutTraces(_ count: Int) -> Data? {
        var rest: Data? = content
        for _ in 0..<count {
            rest = rest.flatMap { KeptMessage(reversePath: "", recipients: [], content: $0).withoutTrace }
        }
        return rest
    }
}
