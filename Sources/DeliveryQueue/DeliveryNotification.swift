package import MailTypes

/// The report that tells a sender what could not be delivered, or not yet: multipart/report with a delivery-status part
/// (RFC 3464, RFC 6522), sent from the null reverse-path (RFC 5321 §6.1) and marked as automatic (RFC 3834).
package struct DeliveryNotification: Sendable {
    /// Header octets of the original that are returned; the rest is left out.
    package static let returnedHeaderLimit = 16_384

    package struct Outcome: Sendable, Hashable {
        package var recipient: MailAddress
        /// What the next hop said, or our own reason.
        package var reply: SMTPReply
        /// ORCPT as it came, `rfc822;` and xtext (RFC 3461 §4.2); empty: none.
        package var originalRecipient: [UInt8]
        package init(recipient: MailAddress, reply: SMTPReply, originalRecipient: [UInt8] = []) {
            self.recipient = recipient
            self.reply = reply
            self.originalRecipient = originalRecipient
        }
    }

    /// RFC 3464 §2.3.3.
    package enum Action: Hashable, Sendable {
        case failed
        /// Given up at that time, seconds since 1970.
        case delayed(untilSeconds: Int)
        /// Handed to a system that sends no notifications of success (RFC 3461 §5.2.2).
        case relayed
        /// In the mailbox, as LMTP can say (RFC 3461 §5.2.1).
        case delivered

        var word: String {
            switch self {
            case .failed: "failed"
            case .delayed: "delayed"
            case .relayed: "relayed"
            case .delivered: "delivered"
            }
        }

        /// Class of the status code, whatever the last reply's was (RFC 3464 §2.3.4).
        var statusClass: UInt8 {
            switch self {
            case .failed: 5
            case .delayed: 4
            case .relayed, .delivered: 2
            }
        }

        var subject: String {
            switch self {
            case .failed: "Undelivered mail returned to sender"
            case .delayed: "Mail is delayed"
            case .relayed: "Mail was relayed"
            case .delivered: "Mail was delivered"
            }
        }
    }

    /// What of the original goes back.
    package enum Original: Sendable {
        /// The header (without stuffing dots), as far as it is known.
        case header([UInt8])
        /// All of it, without stuffing dots (RET=FULL).
        case whole([UInt8])
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
    package var outcomes: [Outcome]
    package var original: Original
    /// ENVID as it came, in xtext (RFC 3461 §4.4); empty: none.
    package var envelopeID: [UInt8] = []
    /// By when its sender wanted it delivered, seconds since 1970 (RFC 2852 §5).
    package var deliverBySeconds: Int?
    /// HOLDFOR or HOLDUNTIL as it was asked for (RFC 4865 §5.1.2).
    package var futureRelease: FutureRelease?
    /// The original came with SMTPUTF8: its header may hold UTF-8 (RFC 6533 §4).
    package var isUTF8 = false

    package init(
        action: Action = .failed, hostname: String, id: MessageID, originalID: MessageID, originalSender: MailAddress,
        arrivalSeconds: Int,
        nowSeconds: Int, outcomes: [Outcome], original: Original
    ) {
        self.action = action
        self.hostname = hostname
        self.id = id
        self.originalID = originalID
        self.originalSender = originalSender
        self.arrivalSeconds = arrivalSeconds
        self.nowSeconds = nowSeconds
        self.outcomes = outcomes
        self.original = original
    }

    /// The whole message, CRLF line ends, not dot-stuffed; nil for mail from the null reverse-path, which is never
    /// answered (RFC 5321 §6.1).
    package func content() -> [UInt8]? {
        guard !originalSender.isNull, !outcomes.isEmpty else { return nil }
        let boundary = "millrace-\(id)"
        var out: [UInt8] = []
        func line(_ text: String) { out.append(contentsOf: (text + "\r\n").utf8) }
        line("Date: \(MailDate.text(unixSeconds: nowSeconds))")
        line("From: Mail Delivery System <MAILER-DAEMON@\(hostname)>")
        line("To: <\(originalSender)>")
        line("Message-ID: <\(id)@\(hostname)>")
        line("Subject: \(action.subject)")
        line("Auto-Submitted: auto-replied")
        line("MIME-Version: 1.0")
        line("Content-Type: multipart/report; report-type=delivery-status; boundary=\"\(boundary)\"")
        let parts = self.parts
        // RFC 2045 §6.4: what contains 8-bit parts is 8-bit.
        if parts.contains(where: Self.isEightBit) { line("Content-Transfer-Encoding: 8bit") }
        line("")
        for part in parts {
            line("--\(boundary)")
            out.append(contentsOf: part)
        }
        line("--\(boundary)--")
        return out
    }

    /// For people, for programs, and the original; international ones have types of their own (RFC 6533 §4).
    private var parts: [[UInt8]] {
        let original =
            switch self.original {
            case .header(let header):
                Self.part(isUTF8 ? "message/global-headers" : "text/rfc822-headers", Self.returned(header))
            case .whole(let message): Self.part(isUTF8 ? "message/global" : "message/rfc822", message)
            }
        return [
            Self.part("text/plain; charset=utf-8", Self.lines(explanation)),
            Self.part("message/\(isUTF8 ? "global-" : "")delivery-status", Self.lines(statusFields)),
            original + Self.lines([""]),
        ]
    }

    private static func part(_ type: String, _ content: [UInt8]) -> [UInt8] {
        let encoding = isEightBit(content) ? ["Content-Transfer-Encoding: 8bit"] : []
        return lines(["Content-Type: \(type)"] + encoding + [""]) + content
    }

    private static func isEightBit(_ bytes: [UInt8]) -> Bool { bytes.contains { $0 >= 0x80 } }

    private static func lines(_ lines: [String]) -> [UInt8] { lines.flatMap { Array(($0 + "\r\n").utf8) } }

    private var explanation: [String] {
        [
            "This is the mail system at \(hostname).", "",
        ] + introduction + outcomes.flatMap { ["<\($0.recipient)>:", "    \(Self.oneLine($0.reply.description))", ""] }
    }

    private var introduction: [String] {
        switch action {
        case .failed: return ["Your message could not be delivered to these recipients:", ""]
        case .relayed:
            return ["Your message was handed on for these recipients to systems that do not confirm delivery:", ""]
        case .delivered: return ["Your message was delivered to these recipients:", ""]
        case .delayed(let until):
            return [
                "Your message has not been delivered to these recipients yet:", "",
                "It is tried again until \(MailDate.text(unixSeconds: until)). You need not do anything.", "",
            ]
        }
    }

    private var statusFields: [String] {
        var fields: [String] = []
        if let id = Self.decoded(envelopeID) { fields.append("Original-Envelope-Id: \(id)") }
        fields += [
            "Reporting-MTA: dns; \(hostname)", "X-Millrace-Queue-ID: \(originalID)",
            "Arrival-Date: \(MailDate.text(unixSeconds: arrivalSeconds))",
        ]
        if let deliverBySeconds { fields.append("Deliver-By-Date: \(MailDate.text(unixSeconds: deliverBySeconds))") }
        if let futureRelease { fields.append("Future-Release-Request: \(futureRelease.field)") }
        fields.append("")
        for outcome in outcomes { fields += self.fields(of: outcome) }
        return fields
    }

    private func fields(of outcome: Outcome) -> [String] {
        var fields: [String] = []
        if let text = originalRecipient(outcome.originalRecipient) {
            fields.append("Original-Recipient: \(text)")
        }
        let status = outcome.reply.enhanced ?? EnhancedStatusCode(5, 0, 0)
        fields.append(
            "Final-Recipient: \(outcome.recipient.needsSMTPUTF8 ? "utf-8" : "rfc822"); \(outcome.recipient)")
        fields.append("Action: \(action.word)")
        fields.append("Status: \(EnhancedStatusCode(action.statusClass, status.subject, status.detail))")
        fields.append("Diagnostic-Code: smtp; \(Self.oneLine(outcome.reply.description))")
        if case .delayed(let until) = action {
            fields.append("Will-Retry-Until: \(MailDate.text(unixSeconds: until))")
        }
        return fields + [""]
    }

    /// `rfc822;b+2Bx@y.test` as the field shows it: `rfc822; b+x@y.test` (RFC 3464 §2.3.1). Addresses of the type
    /// `utf-8` are decoded only where the field may hold UTF-8 (RFC 6533 §3).
    private func originalRecipient(_ bytes: [UInt8]) -> String? {
        guard let semicolon = bytes.firstIndex(of: 0x3B) else { return nil }
        let type = Self.oneLine(String(decoding: bytes[..<semicolon], as: UTF8.self))
        let encoded = Array(bytes[(semicolon + 1)...])
        let isInternational = type.lowercased() == "utf-8"
        guard let address = isInternational ? unicodeDecoded(encoded) : Self.decoded(encoded) else { return nil }
        return "\(type); \(address)"
    }

    /// utf-8-addr-xtext: `\x{6771}` for 東; nil if there is none.
    private func unicodeDecoded(_ encoded: [UInt8]) -> String? {
        guard !encoded.isEmpty else { return nil }
        let text = String(decoding: encoded, as: UTF8.self)
        guard isUTF8 else { return Self.oneLine(text) }
        return Self.oneLine(
            text.replacing(/\\x\{([0-9A-Fa-f]{2,6})\}/) { match in
                UInt32(match.1, radix: 16).flatMap(Unicode.Scalar.init).map(String.init) ?? String(match.0)
            })
    }

    /// xtext (RFC 3461 §4) as text on one line; nil if there is none.
    private static func decoded(_ xtext: [UInt8]) -> String? {
        guard !xtext.isEmpty else { return nil }
        var out: [UInt8] = []
        var rest = xtext[...]
        while let byte = rest.popFirst() {
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            if byte == 0x2B, digits.utf8.count == 2, let value = UInt8(digits, radix: 16) {
                out.append(value)
                rest = rest.dropFirst(2)
            } else {
                out.append(byte)
            }
        }
        return oneLine(String(decoding: out, as: UTF8.self))
    }

    private static func returned(_ header: [UInt8]) -> [UInt8] {
        guard header.count > returnedHeaderLimit else { return header }
        let cut = header[..<returnedHeaderLimit]
        let end = cut.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return Array(cut[..<end])
    }

    private static func oneLine(_ text: String) -> String {
        String(text.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? " " : Character($0) }.prefix(900))
    }
}
