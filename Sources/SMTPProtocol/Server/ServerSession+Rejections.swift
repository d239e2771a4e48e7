package import MailTypes

/// A refusal as it was said to the client, for the log.
package struct Rejection: Equatable, Sendable {
    package var reply: SMTPReply
    /// Of the transaction in progress; nil: there was none.
    package var reversePath: MailAddress?
    /// Whom the reply was about.
    package var recipients: [MailAddress]

    package init(reply: SMTPReply, reversePath: MailAddress? = nil, recipients: [MailAddress] = []) {
        self.reply = reply
        self.reversePath = reversePath
        self.recipients = recipients
    }
}

extension ServerSession {
    /// More than these are not kept until they are asked for: a client is cut off before.
    private static let rejectionsKept = 100

    /// What was refused since the last call; nothing unless the configuration asks for it.
    package mutating func takeRejections() -> [Rejection] {
        defer { rejections = [] }
        return rejections
    }

    package var hasRejections: Bool { configuration.recordsRejections && !rejections.isEmpty }

    mutating func record(_ reply: SMTPReply, about recipients: [MailAddress] = []) {
        guard configuration.recordsRejections, rejections.count < Self.rejectionsKept else { return }
        let isKnown = hasMail || phase.isDecidingSender
        rejections.append(
            Rejection(reply: reply, reversePath: isKnown ? envelope.reversePath : nil, recipients: recipients))
    }

    /// A decision that refuses, before its transaction is forgotten.
    mutating func record(_ decision: SMTPReply, _ question: Decision) {
        guard configuration.recordsRejections else { return }
        switch question {
        case .recipient: record(decision, about: [proposedRecipient])
        case .content: record(decision, about: envelope.recipients)
        case .hello, .sender, .data, .attributes, .authentication: record(decision)
        }
    }
}

extension ServerSession.Phase {
    fileprivate var isDecidingSender: Bool {
        if case .deciding(.sender) = self { true } else { false }
    }
}
