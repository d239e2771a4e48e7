/// A message that came to an address for bounces or complaints: what it is, and what it is about. Whatever the bytes
/// are, there is an answer, in time and memory that ``ReportLimits`` bound.
package struct MailReport: Sendable {
    package enum Kind: Sendable {
        case bounce(DeliveryReport)
        case complaint(FeedbackReport)
        /// A vacation notice or the like (RFC 3834).
        case automaticReply
        case unrecognized
    }

    package private(set) var kind = Kind.unrecognized
    /// The report's own fields.
    package private(set) var header: HeaderFields
    /// Nil: nothing came back with it.
    package private(set) var returned: ReturnedMessage?
    /// Only its begin was looked at.
    package private(set) var isTruncated: Bool

    /// - Parameter bytes: the whole message, without stuffing dots.
    package init(_ bytes: [UInt8]) {
        let looked = bytes[...].prefix(ReportLimits.messageBytes)
        isTruncated = looked.count < bytes.count
        let message = MIMEPart(message: looked)
        header = message.header
        returned = message.find(Self.isReturned).map { ReturnedMessage($0.decoded) }
        if let report = Self.complaint(message) {
            kind = .complaint(report)
        } else if let report = Self.hotmail(message, returned) {
            kind = .complaint(report)
        } else if let report = Self.status(message) {
            kind = .bounce(report)
        } else if let report = DeliveryReport(exim: message) {
            kind = .bounce(report)
            if returned == nil { returned = Self.returnedInText(message) }
        } else if let report = DeliveryReport(qsbmf: Self.text(message)) {
            kind = .bounce(report)
            returned = returned ?? DeliveryReport.returnedByQmail(Self.text(message)).map(ReturnedMessage.init)
        } else if Self.isAutomatic(header) {
            kind = .automaticReply
        } else if let report = DeliveryReport(looseIn: Self.text(message)) {
            kind = .bounce(report)
            returned = returned ?? Self.returnedInText(message)
        }
    }

    private static func text(_ message: MIMEPart) -> ArraySlice<UInt8> {
        (message.find { $0.parts.isEmpty && $0.type.name.hasPrefix("text/") } ?? message).decoded
    }

    private static func isReturned(_ part: MIMEPart) -> Bool {
        switch part.type.name {
        case "message/rfc822", "message/global", "text/rfc822-headers", "text/rfc822-header",
            "message/rfc822-headers", "message/global-headers":
            true
        default: false
        }
    }

    private static func complaint(_ message: MIMEPart) -> FeedbackReport? {
        guard let part = message.find({ $0.type.name == "message/feedback-report" }) else { return nil }
        // Empty lines between the fields are not allowed and happen.
        let groups = FieldGroups.read(part.decoded)
        var fields = HeaderFields()
        for group in groups { fields.add(group) }
        return FeedbackReport(fields)
    }

    private static func status(_ message: MIMEPart) -> DeliveryReport? {
        let part = message.find {
            $0.type.name == "message/delivery-status" || $0.type.name == "message/global-delivery-status"
        }
        return part.flatMap { DeliveryReport(.rfc3464, FieldGroups.read($0.decoded)) }
    }

    private static let hotmailField = "x-hmxmroriginalrecipient"

    /// The message whole, with the complainer in a field that is nowhere else.
    private static func hotmail(_ message: MIMEPart, _ returned: ReturnedMessage?) -> FeedbackReport? {
        guard let value = returned?.header[hotmailField] ?? message.header[hotmailField] else { return nil }
        var report = FeedbackReport(form: .jmrp, feedbackType: "abuse")
        report.add(recipient: FeedbackReport.path(value))
        return report
    }

    /// RFC 3834 §5, and what was usual before.
    private static func isAutomatic(_ header: HeaderFields) -> Bool {
        if let value = header["auto-submitted"]?.lowercased(), value.hasPrefix("auto-replied") { return true }
        if header.has("x-autoreply") || header.has("x-autorespond") || header.has("x-autoresponder") { return true }
        return header["precedence"]?.lowercased() == "auto_reply"
            || header["x-auto-response-suppress"] != nil && header["auto-submitted"] != nil
    }

    /// Behind the line with which systems without MIME say that the message follows.
    private static func returnedInText(_ message: MIMEPart) -> ReturnedMessage? {
        let text = text(message)
        var scan = LineScan(text)
        while let line = scan.next() {
            let content = text[line]
            guard
                content.begins("------ this is a copy of the message") || content.begins("--- below this line")
                    || content.begins("--- undelivered message follows") || content.begins("----- original message")
                    || content.begins("   ----- unsent message follows") || content.begins("   ----- original message")
            else { continue }
            return ReturnedMessage(text[scan.position...])
        }
        return nil
    }
}

extension HeaderFields {
    mutating func add(_ other: HeaderFields) { fields += other.fields.prefix(ReportLimits.fields - fields.count) }
}
