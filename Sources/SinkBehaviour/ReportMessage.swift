package import MailTypes

/// The text of a message that goes back: a delivery status notification (RFC 3464) or a feedback report (RFC 5965),
/// in the form that DATA carries.
package struct ReportMessage: Sendable {
    package var kind: ReportRule.Kind
    /// Of the sink.
    package var hostname: String
    /// Whom the report is sent to.
    package var recipient: MailAddress
    /// Of the message that is reported on.
    package var originalSender: MailAddress
    package var originalRecipients: [MailAddress]
    /// What is said of the recipients.
    package var reply: SMTPReply
    /// The begin of the message.
    package var content: [UInt8]
    package var source: NetworkAddress?
    package var unixSeconds: Int
    /// Makes boundary and Message-ID.
    package var number: UInt64

    package init(
        kind: ReportRule.Kind, hostname: String, recipient: MailAddress, originalSender: MailAddress,
        originalRecipients: [MailAddress], reply: SMTPReply, content: [UInt8], source: NetworkAddress? = nil,
        unixSeconds: Int, number: UInt64
    ) {
        self.kind = kind
        self.hostname = hostname
        self.recipient = recipient
        self.originalSender = originalSender
        self.originalRecipients = originalRecipients
        self.reply = reply
        self.content = content
        self.source = source
        self.unixSeconds = unixSeconds
        self.number = number
    }

    /// Bounces come from nobody, so that nobody answers them (RFC 3464 §2).
    package var reversePath: MailAddress { kind == .bounce ? .null : MailAddress("feedback@" + hostname) }

    /// Lines end with CRLF, dots are stuffed, the final dot is not there.
    package var wireForm: [UInt8] {
        let boundary = "=_sink_\(String(number, radix: 16))_\(unixSeconds)"
        var lines = fields(boundary)
        lines += ["", "--" + boundary, "Content-Type: text/plain; charset=us-ascii", ""] + explanation
        lines += ["", "--" + boundary, "Content-Type: message/\(type)", ""] + report
        lines += ["", "--" + boundary, "Content-Type: text/rfc822-headers", ""]
        var out: [UInt8] = []
        for line in lines { Self.append(Array(line.utf8), to: &out) }
        for line in headerLines { Self.append(line, to: &out) }
        for line in ["", "--" + boundary + "--"] { Self.append(Array(line.utf8), to: &out) }
        return out
    }

    private var type: String { kind == .bounce ? "delivery-status" : "feedback-report" }

    private func fields(_ boundary: String) -> [String] {
        let from = kind == .bounce ? "MAILER-DAEMON@" + hostname : "feedback@" + hostname
        return [
            "From: \(from)", "To: \(Self.oneLine(recipient.description))",
            "Subject: \(kind == .bounce ? "Delivery failed" : "Complaint about a message")",
            "Date: \(MailDate.text(unixSeconds: unixSeconds))",
            "Message-ID: <\(String(number, radix: 16)).\(unixSeconds)@\(hostname)>",
            "Auto-Submitted: auto-replied", "MIME-Version: 1.0",
            "Content-Type: multipart/report; report-type=\(type);", "\tboundary=\"\(boundary)\"",
        ]
    }

    private var explanation: [String] {
        let names = originalRecipients.map { "    <\(Self.oneLine($0.description))>" }
        return kind == .bounce
            ? ["Your message was accepted and could not be delivered to", ""] + names + [
                "", Self.oneLine(reply.description),
            ]
            : ["A message of yours was reported as unwanted by", ""] + names
    }

    private var report: [String] {
        switch kind {
        case .bounce:
            ["Reporting-MTA: dns; \(hostname)", "Arrival-Date: \(MailDate.text(unixSeconds: unixSeconds))"]
                + originalRecipients.flatMap {
                    [
                        "", "Final-Recipient: rfc822; \(Self.oneLine($0.description))", "Action: failed",
                        "Status: \(status)", "Diagnostic-Code: smtp; \(Self.oneLine(reply.description))",
                    ]
                }
        case .complaint:
            [
                "Feedback-Type: abuse", "User-Agent: Millrace-Sink/1", "Version: 1",
                "Original-Mail-From: <\(Self.oneLine(originalSender.description))>",
                "Arrival-Date: \(MailDate.text(unixSeconds: unixSeconds))", "Reporting-MTA: dns; \(hostname)",
            ] + originalRecipients.map { "Original-Rcpt-To: <\(Self.oneLine($0.description))>" }
                + (source.map { ["Source-IP: \($0)"] } ?? [])
        }
    }

    /// Of the class of the code where the reply has none of its own.
    private var status: String { reply.enhanced?.description ?? "\(reply.code / 100).0.0" }

    /// Up to the empty line.
    private var headerLines: [[UInt8]] {
        var lines: [[UInt8]] = []
        for line in content.split(separator: 0x0A, omittingEmptySubsequences: false) {
            let bare = line.last == 0x0D ? Array(line.dropLast()) : Array(line)
            if bare.isEmpty { break }
            lines.append(bare)
        }
        return lines
    }

    private static func append(_ line: [UInt8], to out: inout [UInt8]) {
        if line.first == UInt8(ascii: ".") { out.append(UInt8(ascii: ".")) }
        out.append(contentsOf: line.lazy.filter { $0 != 0x0D && $0 != 0 })
        out.append(0x0D)
        out.append(0x0A)
    }

    /// An address or a reply stands on the line it was put on.
    private static func oneLine(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
    }
}
