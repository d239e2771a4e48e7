import DeliveryQueue
import Foundation
import MailTypes
import Testing

@Suite struct DeliveryNotificationTests {
    private func notification(
        sender: String = "a@x.test", reply: SMTPReply, header: [UInt8] = Array("Subject: x\r\n".utf8)
    )
        -> DeliveryNotification
    {
        DeliveryNotification(
            hostname: "mta.test", id: MessageID(high: 1, low: 2), originalID: MessageID(high: 1, low: 1),
            originalSender: MailAddress(sender), arrivalSeconds: 0, nowSeconds: 86_400,
            outcomes: [.init(recipient: MailAddress("b@y.test"), reply: reply)], original: .header(header))
    }

    @Test func saysWhatFailed() throws {
        let reply = SMTPReply(550, .init(5, 1, 1), "no such user\nreally")
        let lines = String(decoding: try #require(notification(reply: reply).content()), as: UTF8.self)
            .components(separatedBy: "\r\n")
        for line in [
            "From: Mail Delivery System <MAILER-DAEMON@mta.test>", "To: <a@x.test>", "Auto-Submitted: auto-replied",
            "Date: Fri, 2 Jan 1970 00:00:00 +0000", "Reporting-MTA: dns; mta.test",
            "Arrival-Date: Thu, 1 Jan 1970 00:00:00 +0000", "Final-Recipient: rfc822; b@y.test", "Action: failed",
            "Status: 5.1.1", "Diagnostic-Code: smtp; 550 5.1.1 no such user / really",
            "Content-Type: text/rfc822-headers", "Subject: x",
        ] { #expect(lines.contains(line), "\(line)") }
    }

    /// RFC 2852 §5, RFC 4865 §6.
    @Test func timesThatWereAskedForAreSaid() throws {
        var notification = notification(reply: SMTPReply(554, .init(5, 4, 7), "over"))
        notification.deliverBySeconds = 90_000
        notification.futureRelease = .interval(60)
        let text = String(decoding: try #require(notification.content()), as: UTF8.self)
        #expect(text.contains("\r\nDeliver-By-Date: Fri, 2 Jan 1970 01:00:00 +0000\r\n"))
        #expect(text.contains("\r\nFuture-Release-Request: for;60\r\n\r\nFinal-Recipient:"))
    }

    @Test func neverForTheNullSender() {
        #expect(notification(sender: "", reply: SMTPReply(550, nil, "no")).content() == nil)
    }

    @Test func transientReplyOfAnExpiredMessageIsAPermanentStatus() throws {
        let content = try #require(notification(reply: SMTPReply(450, .init(4, 2, 2), "full")).content())
        #expect(String(decoding: content, as: UTF8.self).contains("Status: 5.2.2\r\n"))
    }

    @Test func controlCharactersCannotBreakLines() throws {
        let evil = SMTPReply(550, nil, "no\r\nTo: victim@x.test\u{0}\u{7F}")
        let content = try #require(notification(reply: evil).content())
        #expect(!content.contains(0))
        #expect(!String(decoding: content, as: UTF8.self).contains("\r\nTo: victim"))
    }

    @Test func longHeadersAreCutAtALineEnd() throws {
        let line = Array("X-Long: \(String(repeating: "y", count: 91))\r\n".utf8)
        let header = (0..<1000).flatMap { _ in line }
        let content = try #require(notification(reply: SMTPReply(550, nil, "no"), header: header).content())
        #expect(content.count < DeliveryNotification.returnedHeaderLimit + 2000)
        let text = String(decoding: content, as: UTF8.self)
        #expect(text.contains("y\r\n\r\n--millrace-"))
    }

    @Test func saysWhatTheSenderAskedToBeTold() throws {
        var report = DeliveryNotification(
            action: .relayed, hostname: "mta.test", id: MessageID(high: 1, low: 2),
            originalID: MessageID(high: 1, low: 1), originalSender: MailAddress("a@x.test"), arrivalSeconds: 0,
            nowSeconds: 86_400,
            outcomes: [
                .init(
                    recipient: MailAddress("b@y.test"), reply: SMTPReply(250, nil, "ok"),
                    originalRecipient: Array("rfc822;b+2Btag@y.test".utf8))
            ], original: .whole(Array("Subject: x\r\n\r\n.Hi\r\n".utf8)))
        report.envelopeID = Array("QQ+2B1".utf8)
        let lines = String(decoding: try #require(report.content()), as: UTF8.self).components(separatedBy: "\r\n")
        for line in [
            "Original-Envelope-Id: QQ+1", "Original-Recipient: rfc822; b+tag@y.test", "Action: relayed",
            "Status: 2.0.0", "Content-Type: message/rfc822", ".Hi", "Subject: Mail was relayed",
        ] { #expect(lines.contains(line), "\(line)") }
    }

    /// An independent reader: Python's email package.
    @Test func pythonReadsIt() throws {
        let content = try #require(notification(reply: SMTPReply(550, .init(5, 1, 1), "no")).content())
        let script = """
            import sys, email, email.policy
            m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.SMTP)
            parts = list(m.iter_parts())
            status = parts[1].get_payload()
            print(m.get_content_type(), m.get_param('report-type'), [p.get_content_type() for p in parts],
                  status[0]['Reporting-MTA'], status[1]['Action'], status[1]['Status'], m.defects)
            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script]
        let (input, output) = (Pipe(), Pipe())
        (process.standardInput, process.standardOutput) = (input, output)
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(content))
        try input.fileHandleForWriting.close()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(
            said == "multipart/report delivery-status ['text/plain', 'message/delivery-status', 'text/rfc822-headers'] "
                + "dns; mta.test failed 5.1.1 []\n")
    }
}
