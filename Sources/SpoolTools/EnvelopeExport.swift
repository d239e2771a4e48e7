import MailTypes
import RunRecords
import SpoolContract

// The spool's envelope and the exported one.
extension ExportedEnvelope {
    init(_ stored: StoredMessage) {
        let (message, state) = (stored.message, stored.state)
        let recipients = message.envelope.recipients.enumerated().map { index, address in
            let known = state?.recipients.indices.contains(index) ?? false
            return Recipient(
                address: address.description, state: "\(known ? state!.recipients[index] : .waiting)")
        }
        self.init(
            id: message.id.description, reversePath: message.envelope.reversePath.description, recipients: recipients,
            bodyType: message.envelope.bodyType.keyword, smtpUTF8: message.envelope.smtpUTF8,
            acceptedUnixMilliseconds: message.acceptedMilliseconds)
        guard let state else { return }
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
            }, bodyType: bodyType, smtpUTF8: smtpUTF8)
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
        guard attempts > 0 || isHeld || isDelayReported || states.contains(where: { $0 != .waiting }) else {
            return nil
        }
        var state = DeliveryState(
            attempts: attempts, nextDueMilliseconds: nextDueUnixMilliseconds, recipients: states, lastReply: lastReply)
        (state.isHeld, state.isDelayReported) = (isHeld, isDelayReported)
        return state
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
