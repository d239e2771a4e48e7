/// What a client asked of delivery beyond the addresses. Most mail has none of it, so it stands beside the addresses
/// and costs nothing where it is absent.
package struct EnvelopeOptions: Hashable, Sendable {
    /// Only over verified TLS, hop by hop (RFC 8689).
    package var requiresTLS = false
    /// How much of the message a failure report returns (RFC 3461 §4.3); nil: not said.
    package var returnedContent: ReturnedContent?
    /// ENVID as it came, in xtext (RFC 3461 §4.4); empty: none.
    package var envelopeID: [UInt8] = []
    /// By recipient, in the envelope's order; empty: none has any.
    package var recipients: [RecipientOptions] = []
    /// What its operator calls the message by; nil: nothing. Not the client's wish, and not passed on.
    package var labels: MessageLabels?
    /// One or none: few messages have any.
    private var termsBox: [DeliveryTerms] = []
    /// When it may go and by when it has to be there; nil: as usual.
    package var terms: DeliveryTerms? {
        get { termsBox.first }
        set { termsBox = newValue.map { [$0] } ?? [] }
    }

    package init() {}

    package var isEmpty: Bool {
        !requiresTLS && returnedContent == nil && envelopeID.isEmpty && recipients.isEmpty && labels == nil
            && termsBox.isEmpty
    }
}

/// RET of MAIL (RFC 3461 §4.3).
package enum ReturnedContent: UInt8, Sendable, Hashable {
    case full = 1
    case headers = 2
}

/// What was asked for one recipient.
package struct RecipientOptions: Hashable, Sendable {
    /// NOTIFY (RFC 3461 §4.1); nil: not said, which means failure and perhaps delay.
    package var notify: NotifyConditions?
    /// ORCPT as it came: `rfc822;` and xtext (RFC 3461 §4.2); empty: none.
    package var originalRecipient: [UInt8] = []
    /// Header fields, CRLF ended, that stand in front of the content for this recipient alone; such a recipient has
    /// a transaction of its own.
    package var header: [UInt8] = []

    package init(notify: NotifyConditions? = nil, originalRecipient: [UInt8] = [], header: [UInt8] = []) {
        self.notify = notify
        self.originalRecipient = originalRecipient
        self.header = header
    }

    package static let none = RecipientOptions()
}

/// When the sender wants to be told (RFC 3461 §4.1). Empty is NOTIFY=NEVER.
package struct NotifyConditions: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let success = NotifyConditions(rawValue: 1)
    package static let failure = NotifyConditions(rawValue: 2)
    package static let delay = NotifyConditions(rawValue: 4)
    package static let never: NotifyConditions = []

    /// As RCPT says it: `SUCCESS,FAILURE`, `NEVER`.
    package var keyword: String {
        let words = [(Self.success, "SUCCESS"), (.failure, "FAILURE"), (.delay, "DELAY")].filter { contains($0.0) }
        return words.isEmpty ? "NEVER" : words.map(\.1).joined(separator: ",")
    }

    /// Reads it, without regard to case; nil if it is something else. NEVER stands alone.
    package init?(keyword: String) {
        var found: NotifyConditions = []
        let words = keyword.uppercased().split(separator: ",", omittingEmptySubsequences: false)
        if words == ["NEVER"] {
            self = .never
            return
        }
        for word in words {
            switch word {
            case "SUCCESS": found.insert(.success)
            case "FAILURE": found.insert(.failure)
            case "DELAY": found.insert(.delay)
            default: return nil
            }
        }
        self = found
    }
}

extension Envelope {
    /// The options of one recipient.
    package func options(of recipient: Int) -> RecipientOptions {
        guard let recipients = options?.recipients, recipients.indices.contains(recipient) else { return .none }
        return recipients[recipient]
    }

    /// Sets the options of the last recipient; those before it keep theirs.
    package mutating func setOptionsOfLastRecipient(_ new: RecipientOptions) {
        guard new != .none || !(options?.recipients.isEmpty ?? true) else { return }
        var known = options ?? EnvelopeOptions()
        while known.recipients.count < recipients.count - 1 { known.recipients.append(.none) }
        known.recipients.append(new)
        options = known
    }

    /// The envelope of a transaction for some of the recipients.
    package func narrowed(to indices: [Int]) -> Envelope {
        guard indices.count < recipients.count else { return self }
        var part = self
        part.recipients = indices.map { recipients[$0] }
        if let all = options?.recipients, !all.isEmpty { part.options?.recipients = indices.map { options(of: $0) } }
        return part
    }

    package var requiresTLS: Bool { options?.requiresTLS ?? false }
}
