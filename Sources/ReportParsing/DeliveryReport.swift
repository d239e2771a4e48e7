package import MailTypes

/// What another system says of mail that it had taken: a delivery status notification (RFC 3464), or one of the older
/// forms that say the same in their own way.
package struct DeliveryReport: Sendable, Hashable {
    package enum Form: String, Sendable, Hashable, CaseIterable {
        /// message/delivery-status.
        case rfc3464
        /// The fields of one without its MIME.
        case loose
        /// Exim's X-Failed-Recipients, and the reasons in the text.
        case exim
        /// qmail's text (QSBMF).
        case qsbmf
    }

    package var form: Form
    package var reportingMTA: TypedText?
    package var dsnGateway: TypedText?
    package var receivedFromMTA: TypedText?
    /// Seconds since 1970.
    package var arrivalSeconds: Int?
    package var originalEnvelopeID: String?
    /// Fields that RFC 3464 does not know: name in lower case, value.
    package var extensions: [HeaderFields.Field] = []
    package var recipients: [RecipientStatus] = []

    init(form: Form) { self.form = form }
}

/// One recipient of a ``DeliveryReport``.
package struct RecipientStatus: Sendable, Hashable {
    package enum Action: String, Sendable, Hashable, CaseIterable {
        case failed, delayed, delivered, relayed, expanded
    }

    package var originalRecipient: TypedText?
    package var finalRecipient: TypedText?
    /// Nil: none that RFC 3464 knows.
    package var action: Action?
    package var status: EnhancedStatusCode?
    package var remoteMTA: TypedText?
    /// Line by line as it was folded.
    package var diagnostic: TypedText?
    package var lastAttemptSeconds: Int?
    package var willRetryUntilSeconds: Int?
    package var finalLogID: String?
    package var extensions: [HeaderFields.Field] = []

    init() {}

    /// Whom it is about: the one that the sender wrote to, where that is known.
    package var address: String? { originalRecipient?.address ?? finalRecipient?.address }

    /// ``action``, or what the status says where there is none.
    package var outcome: Action? {
        if let action { return action }
        switch status?.statusClass {
        case 5: return .failed
        case 4: return .delayed
        case 2: return .delivered
        default: return nil
        }
    }

    /// What the last server said: the diagnostic code where it is a reply, else what status and action come to. The
    /// status is the reply's enhanced code where that has none.
    package var reply: SMTPReply {
        if let diagnostic, var reply = Self.reply(diagnostic.value) {
            if reply.enhanced == nil, let status, status.statusClass == reply.code / 100, status.subject > 0 {
                reply.enhanced = status
            }
            return reply
        }
        let statusClass: UInt8 =
            switch outcome {
            case .failed, nil: 5
            case .delayed: 4
            case .delivered, .relayed, .expanded: 2
            }
        let code = UInt16(statusClass) * 100 + 50
        let text =
            diagnostic?.value.split(separator: "\n").joined(separator: " ") ?? outcome?.rawValue ?? "no reason given"
        guard let status else { return SMTPReply(code, nil, text) }
        return SMTPReply(code, EnhancedStatusCode(statusClass, status.subject, status.detail), text)
    }

    /// Some repeat code and enhanced code in front of what were lines, in one line: they are taken off.
    private static func reply(_ text: String) -> SMTPReply? {
        guard var reply = SMTPReply(written: text) else { return nil }
        var line = reply.text.split(separator: "\n").joined(separator: " ")
        let enhanced = reply.enhanced.map { "\($0) " } ?? ""
        for separator in ["-", " "] {
            line = line.replacing(" \(reply.code)\(separator)\(enhanced)", with: " ")
        }
        reply.text = line
        return reply
    }
}

extension DeliveryReport {
    private static let ofMessage: Set<String> = [
        "original-envelope-id", "reporting-mta", "dsn-gateway", "received-from-mta", "arrival-date",
    ]
    private static let ofRecipient: Set<String> = [
        "original-recipient", "final-recipient", "action", "status", "remote-mta", "diagnostic-code",
        "last-attempt-date", "final-log-id", "will-retry-until",
    ]

    /// - Returns: nil if none of the fields is one of RFC 3464.
    init?(_ form: Form, _ groups: [HeaderFields]) {
        self.form = form
        var isAny = false
        for group in groups {
            var open: RecipientStatus?
            for field in group.fields {
                if Self.ofMessage.contains(field.name) {
                    take(field)
                    isAny = true
                } else if Self.ofRecipient.contains(field.name) || open != nil {
                    if let done = open, done.isComplete(before: field.name) {
                        add(done)
                        open = nil
                    }
                    var recipient = open ?? RecipientStatus()
                    recipient.take(field)
                    open = recipient
                    isAny = true
                } else if extensions.count < ReportLimits.extensions {
                    extensions.append(field)
                }
            }
            if let open { add(open) }
        }
        guard isAny else { return nil }
    }

    private mutating func add(_ recipient: RecipientStatus) {
        guard recipients.count < ReportLimits.recipients else { return }
        recipients.append(recipient)
    }

    private mutating func take(_ field: HeaderFields.Field) {
        switch field.name {
        case "original-envelope-id": originalEnvelopeID = originalEnvelopeID ?? field.value
        case "reporting-mta": reportingMTA = reportingMTA ?? TypedText(field.value)
        case "dsn-gateway": dsnGateway = dsnGateway ?? TypedText(field.value)
        case "received-from-mta": receivedFromMTA = receivedFromMTA ?? TypedText(field.value)
        default: arrivalSeconds = arrivalSeconds ?? MailDateReading.seconds(field.value)
        }
    }

    /// Fields of a report that stand in a text somewhere: from the first line of one that has to be there.
    init?(looseIn bytes: ArraySlice<UInt8>) {
        var lines = LineScan(bytes)
        while let line = lines.next() {
            let content = bytes[line]
            guard content.begins("reporting-mta:") || content.begins("final-recipient:") else { continue }
            let groups = FieldGroups.read(bytes[line.lowerBound...].prefix(ReportLimits.headerBytes))
            self.init(
                .loose,
                groups.filter { $0.fields.contains { Self.ofRecipient.union(Self.ofMessage).contains($0.name) } })
            guard recipients.contains(where: { $0.finalRecipient != nil }) else { return nil }
            return
        }
        return nil
    }
}

extension RecipientStatus {
    /// The next one begins without an empty line between, as some systems write it.
    fileprivate func isComplete(before name: String) -> Bool {
        switch name {
        case "final-recipient": finalRecipient != nil
        // Postfix has it behind the final one, and before all the rest.
        case "original-recipient":
            originalRecipient != nil
                || finalRecipient != nil && (action != nil || status != nil || diagnostic != nil)
        default: false
        }
    }

    fileprivate mutating func take(_ field: HeaderFields.Field) {
        let value = field.value
        switch field.name {
        case "original-recipient": originalRecipient = TypedText(value)
        case "final-recipient": finalRecipient = TypedText(value)
        case "action": action = action ?? Self.action(value)
        case "status": status = status ?? Self.status(value)
        case "remote-mta": remoteMTA = TypedText(value)
        case "diagnostic-code": diagnostic = diagnostic ?? TypedText(field.lines)
        case "last-attempt-date": lastAttemptSeconds = MailDateReading.seconds(value)
        case "will-retry-until": willRetryUntilSeconds = MailDateReading.seconds(value)
        case "final-log-id": finalLogID = value
        default: if extensions.count < ReportLimits.extensions { extensions.append(field) }
        }
    }

    /// `failed (bounced)` as well.
    private static func action(_ value: String) -> Action? {
        let word = value.prefix { !" (;\t".contains($0) }.lowercased()
        return Action(rawValue: word) ?? (word == "failure" ? .failed : nil)
    }

    /// `5.1.1 (bad destination mailbox)` as well (RFC 3464 §2.3.4).
    static func status(_ value: String) -> EnhancedStatusCode? {
        let parts = value.prefix { !" (;\t".contains($0) }.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let statusClass = UInt8(parts[0]), [2, 4, 5].contains(statusClass),
            let subject = UInt16(parts[1]), let detail = UInt16(parts[2]), subject <= 999, detail <= 999
        else { return nil }
        return EnhancedStatusCode(statusClass, subject, detail)
    }
}
