package import MailTypes

/// The report that tells a sender what could not be delivered, or not yet: multipart/report with a delivery-status part
/// (RFC 3464, RFC 6522), sent from the null reverse-path (RFC 5321 §6.1) and marked as automatic (RFC 3834).
package struct DeliveryNotification: Sendable {
    /// Header octets of the original that are returned; the rest is left out.
    package static let returnedHeaderLimit = 16_384

    package struct Failure: Sendable, Hashable {
        package var recipient: MailAddress
        /// What the next hop said, or our own reason.
        package var reply: SMTPReply
        package init(recipient: MailAddress, reply: SMTPReply) {
            self.recipient = recipient
            self.reply = reply
        }
    }

    /// RFC 3464 §2.3.3.
    package enum Action: Hashable, Sendable {
        case failed
        /// Given up at that time, seconds since 1970.
        case delayed(untilSeconds: Int)
    }

    package var action: Action
    /// Name of this host: Reporting-MTA.
    package var hostname: String
    /// The message's own id: Message-ID and MIME boundary.
    package var id: MessageID
    package var originalID: MessageID
    package var originalSender: MailAddress
    /// Seconds since 1970.
    package var arrivalSeconds: Int
    package var nowSeconds: Int
    package var failures: [Failure]
    /// The original's header (without stuffing dots), as far as it is known.
    package var originalHeader: [UInt8]

    package init(
        action: Action = .failed, hostname: String, id: MessageID, originalID: MessageID, originalSender: MailAddress,
        arrivalSeconds: Int,
        nowSeconds: Int, failures: [Failure], originalHeader: [UInt8]
    ) {
        self.action = action
        self.hostname = hostname
        self.id = id
        self.originalID = originalID
        self.originalSender = originalSender
        self.arrivalSeconds = arrivalSeconds
        self.nowSeconds = nowSeconds
        self.failures = failures
        self.originalHeader = originalHeader
    }

    /// The whole message, CRLF line ends, not dot-stuffed; nil for mail from the null reverse-path, which is never
    /// answered (RFC 5321 §6.1).
    package func content() -> [UInt8]? {
        guard !originalSender.isNull, !failures.isEmpty else { return nil }
        let boundary = "millrace-\(id)"
        var out: [UInt8] = []
        func line(_ text: String) { out.append(contentsOf: (text + "\r\n").utf8) }
        line("Date: \(MailDate.text(unixSeconds: nowSeconds))")
        line("From: Mail Delivery System <MAILER-DAEMON@\(hostname)>")
        line("To: <\(originalSender)>")
        line("Message-ID: <\(id)@\(hostname)>")
        line(action == .failed ? "Subject: Undelivered mail returned to sender" : "Subject: Mail is delayed")
        line("Auto-Submitted: auto-replied")
        line("MIME-Version: 1.0")
        line("Content-Type: multipart/report; report-type=delivery-status; boundary=\"\(boundary)\"")
        line("")
        line("--\(boundary)")
        explanation.forEach(line)
        line("--\(boundary)")
        statusFields.forEach(line)
        line("--\(boundary)")
        line("Content-Type: text/rfc822-headers")
        line("")
        out.append(contentsOf: returnedHeader)
        line("")
        line("--\(boundary)--")
        return out
    }

    private var explanation: [String] {
        [
            "Content-Type: text/plain; charset=utf-8", "", "This is the mail system at \(hostname).", "",
        ] + introduction + failures.flatMap { ["<\($0.recipient)>:", "    \(Self.oneLine($0.reply.description))", ""] }
    }

    private var introduction: [String] {
        guard case .delayed(let until) = action else {
            return ["Your message could not be delivered to these recipients:", ""]
        }
        return [
            "Your message has not been delivered to these recipients yet:", "",
            "It is tried again until \(MailDate.text(unixSeconds: until)). You need not do anything.", "",
        ]
    }

    private var statusFields: [String] {
        var fields = [
            "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; \(hostname)",
            "X-Millrace-Queue-ID: \(originalID)", "Arrival-Date: \(MailDate.text(unixSeconds: arrivalSeconds))", "",
        ]
        for failure in failures {
            let isUTF8 = failure.recipient.needsSMTPUTF8
            let status = failure.reply.enhanced ?? EnhancedStatusCode(5, 0, 0)
            fields.append("Final-Recipient: \(isUTF8 ? "utf-8" : "rfc822"); \(failure.recipient)")
            // An expired message failed for good, whatever its last reply was (RFC 3464 §2.3.4).
            let statusClass: UInt8 = action == .failed ? 5 : 4
            fields.append("Action: \(action == .failed ? "failed" : "delayed")")
            fields.append("Status: \(EnhancedStatusCode(statusClass, status.subject, status.detail))")
            fields.append("Diagnostic-Code: smtp; \(Self.oneLine(failure.reply.description))")
            if case .delayed(let until) = action {
                fields.append("Will-Retry-Until: \(MailDate.text(unixSeconds: until))")
            }
            fields.append("")
        }
        return fields
    }

    private var returnedHeader: [UInt8] {
        guard originalHeader.count > Self.returnedHeaderLimit else { return originalHeader }
        let cut = originalHeader[..<Self.returnedHeaderLimit]
        let end = cut.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return Array(cut[..<end])
    }

    private static func oneLine(_ text: String) -> String {
        String(text.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? " " : Character($0) }.prefix(900))
    }
}
