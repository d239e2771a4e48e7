import MailTypes
import RunRecords
import SpoolContract

// The spool's envelope and the exported one.
extension ExportedEnvelope {
    init(_ stored: StoredMessage) {
        let (message, state) = (stored.message, stored.state)
        let recipients = message.envelope.recipients.enumerated().map { index, address in
            let known = state?.recipients.indices.contains(index) ?? false
            var recipient = Recipient(
                address: address.description, state: "\(known ? state!.recipients[index] : .waiting)")
            recipient.take(message.envelope.options(of: index))
            return recipient
        }
        self.init(
            id: message.id.description, reversePath: message.envelope.reversePath.description, recipients: recipients,
            bodyType: message.envelope.bodyType.keyword, smtpUTF8: message.envelope.smtpUTF8,
            acceptedUnixMilliseconds: message.acceptedMilliseconds)
        if let options = message.envelope.options {
            requiresTLS = options.requiresTLS ? true : nil
            returnedContent = options.returnedContent.map { $0 == .full ? "FULL" : "HDRS" }
            envelopeID = options.envelopeID.isEmpty ? nil : String(decoding: options.envelopeID, as: UTF8.self)
            terms = options.terms.map { Terms($0) }
        }
        // What an operator has made of them stands for them.
        let own = message.envelope.labels ?? MessageLabels()
        let known = state?.labels.map { own.rebound(DeliveryLabel($0)) } ?? own
        labels = known.isEmpty ? nil : Labels(known)
        guard let state else { return }
        isDeadlineReported = state.isDeadlineReported ? true : nil
        attempts = state.attempts
        nextDueUnixMilliseconds = state.nextDueMilliseconds
        lastReply = state.lastReply
        (isHeld, isDelayReported) = (state.isHeld, state.isDelayReported)
    }

    /// - Throws: ``RecordFault`` with `file` in front.
    func envelope(_ file: String) throws(RecordFault) -> Envelope {
        guard schema == Self.schema else {
            throw RecordFault("\(file): schema '\(schema)', expected '\(Self.schema)'")
        }
        guard !recipients.isEmpty else { throw RecordFault("\(file): key 'recipients': expected at least one") }
        guard let bodyType = BodyType(keyword: bodyType) else {
            throw RecordFault("\(file): key 'body_type': '\(bodyType)': expected 7BIT, 8BITMIME or BINARYMIME")
        }
        return Envelope(
            reversePath: try address(reversePath, "reverse_path", file),
            recipients: try recipients.map { (recipient) throws(RecordFault) in
                try address(recipient.address, "recipients", file)
            }, bodyType: bodyType, smtpUTF8: smtpUTF8, options: try options(file))
    }

    private func options(_ file: String) throws(RecordFault) -> EnvelopeOptions? {
        var options = EnvelopeOptions()
        options.requiresTLS = requiresTLS ?? false
        switch returnedContent {
        case nil: break
        case "FULL": options.returnedContent = .full
        case "HDRS": options.returnedContent = .headers
        case let other?: throw RecordFault("\(file): key 'returned_content': '\(other)': expected FULL or HDRS")
        }
        options.envelopeID = try printable(envelopeID, "envelope_id", file)
        options.terms = try terms?.terms(file)
        options.labels = labels?.labels
        let all = try recipients.map { (recipient) throws(RecordFault) in
            RecipientOptions(
                notify: try recipient.conditions(file),
                originalRecipient: try printable(recipient.originalRecipient, "original_recipient", file),
                header: Array((recipient.header ?? "").utf8))
        }
        if all.contains(where: { $0 != .none }) { options.recipients = all }
        return options.isEmpty ? nil : options
    }

    /// What goes into a command line again has no blanks and no control characters.
    private func printable(_ text: String?, _ key: String, _ file: String) throws(RecordFault) -> [UInt8] {
        let bytes = Array((text ?? "").utf8)
        guard bytes.count < 1024, bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw RecordFault("\(file): key '\(key)': expected printable ASCII without blanks")
        }
        return bytes
    }

    /// What would break a command line of SMTP is no address, whoever wrote the file.
    private func address(_ text: String, _ key: String, _ file: String) throws(RecordFault) -> MailAddress {
        guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == 0x3C || $0 == 0x3E }), text.utf8.count < 512
        else { throw RecordFault("\(file): key '\(key)': '\(text)' is not an address") }
        return MailAddress(text)
    }

    func state(_ file: String) throws(RecordFault) -> DeliveryState? {
        var states: [RecipientState] = []
        for recipient in recipients {
            guard let state = RecipientState(name: recipient.state) else {
                throw RecordFault("\(file): state '\(recipient.state)': expected waiting, delivered or failed")
            }
            states.append(state)
        }
        guard
            attempts > 0 || isHeld || isDelayReported || isDeadlineReported == true
                || states.contains(where: { $0 != .waiting })
        else {
            return nil
        }
        var state = DeliveryState(
            attempts: attempts, nextDueMilliseconds: nextDueUnixMilliseconds, recipients: states, lastReply: lastReply)
        (state.isHeld, state.isDelayReported) = (isHeld, isDelayReported)
        state.isDeadlineReported = isDeadlineReported ?? false
        return state
    }
}

extension ExportedEnvelope.Recipient {
    fileprivate mutating func take(_ options: RecipientOptions) {
        notify = options.notify?.keyword
        if !options.originalRecipient.isEmpty {
            originalRecipient = String(decoding: options.originalRecipient, as: UTF8.self)
        }
        if !options.header.isEmpty { header = String(decoding: options.header, as: UTF8.self) }
    }

    fileprivate func conditions(_ file: String) throws(RecordFault) -> NotifyConditions? {
        guard let notify else { return nil }
        guard let conditions = NotifyConditions(keyword: notify) else {
            throw RecordFault(
                "\(file): key 'notify': '\(notify)': expected NEVER or some of SUCCESS,FAILURE,DELAY")
        }
        return conditions
    }
}

extension BodyType {
    var keyword: String {
        switch self {
        case .sevenBit: "7BIT"
        case .eightBitMIME: "8BITMIME"
        case .binaryMIME: "BINARYMIME"
        }
    }
    init?(keyword: String) {
        switch keyword {
        case "7BIT": self = .sevenBit
        case "8BITMIME": self = .eightBitMIME
        case "BINARYMIME": self = .binaryMIME
        default: return nil
        }
    }
}

extension RecipientState {
    init?(name: String) {
        switch name {
        case "waiting": self = .waiting
        case "delivered": self = .delivered
        case "failed": self = .failed
        default: return nil
        }
    }
}
