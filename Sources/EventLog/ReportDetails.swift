package import MailTypes
package import ReportParsing

/// What came back about a message of ours, as ``MailEvent`` says it. A class: events by the million have none, and are to
/// be no larger for it.
package final class ReportDetails: Sendable {
    package enum Content: Sendable {
        /// One recipient of a bounce.
        case delivery(DeliveryReport, RecipientStatus)
        case complaint(FeedbackReport)
        /// Neither; true: an automatic answer.
        case other(isAutomatic: Bool)
    }

    package let content: Content
    /// Our address that it came to.
    package let address: MailAddress
    /// The report's own header.
    package let header: HeaderFields
    package let original: OriginalMessage
    /// The message that came back, as far as it is wanted; as text, whatever its octets are.
    package let returned: String?
    /// X-KumoRef of it, as JSON on one line.
    package let supplementalTrace: String?

    package init(
        _ content: Content, address: MailAddress, header: HeaderFields, original: OriginalMessage = OriginalMessage(),
        returned: String? = nil, supplementalTrace: String? = nil
    ) {
        self.content = content
        self.address = address
        self.header = header
        self.original = original
        self.returned = returned
        self.supplementalTrace = supplementalTrace
    }
}

/// Which of our messages a report is about. Nobody signs reports: what it says is what its writer wants to be believed.
package struct OriginalMessage: Sendable, Hashable {
    package enum Evidence: String, Sendable, Hashable, CaseIterable {
        /// A Received field of ours in the header that came back.
        case received
        /// The ENVID that we sent.
        case envelopeID = "envelope_id"
        /// A Message-ID that was made here.
        case messageID = "message_id"
    }

    /// Ours; nil: it could not be told.
    package var id: MessageID?
    package var evidence: Evidence?
    /// Message-ID of the header that came back, with its brackets.
    package var messageID: String?

    package init() {}

    /// Looks for ids that were made by `hostname` in what came back.
    /// - Parameter envelopeID: Original-Envelope-Id of the report.
    package init(_ returned: ReturnedMessage?, envelopeID: String?, hostname: String) {
        messageID = returned?.messageID
        let own = hostname.lowercased()
        for hop in returned?.trace ?? [] where hop.by == own {
            guard let found = MessageID(hop.id) else { continue }
            (id, evidence) = (found, .received)
            return
        }
        if let envelopeID, let found = MessageID(envelopeID) {
            (id, evidence) = (found, .envelopeID)
        } else if let found = Self.own(messageID, own) {
            (id, evidence) = (found, .messageID)
        }
    }

    /// `<32 digits@our name>`
    private static func own(_ messageID: String?, _ hostname: String) -> MessageID? {
        guard let messageID, messageID.hasPrefix("<"), messageID.hasSuffix("@\(hostname)>") else { return nil }
        return MessageID(String(messageID.dropFirst().prefix(MessageID.textLength)))
    }
}
