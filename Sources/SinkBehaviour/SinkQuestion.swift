package import MailTypes

/// A moment of a session at which rules may say something.
package struct SinkQuestion: Sendable {
    package var stage: SinkStage
    package var client: NetworkAddress?
    /// `127.0.0.1:2526`.
    package var listener: String
    /// Nil before MAIL.
    package var sender: MailAddress?
    /// At `rcpt` the one in question, afterwards all of them.
    package var recipients: [MailAddress]

    package init(
        _ stage: SinkStage, client: NetworkAddress? = nil, listener: String = "", sender: MailAddress? = nil,
        recipients: [MailAddress] = []
    ) {
        self.stage = stage
        self.client = client
        self.listener = listener
        self.sender = sender
        self.recipients = recipients
    }
}

/// How a stage ends.
package enum SinkOutcome: Hashable, Sendable {
    /// Nil: the usual reply.
    case answer(SMTPReply?)
    /// The reply, if there is one, then the end.
    case close(SMTPReply?)
    /// The end without a word, behind so many octets of content at stage `data`.
    case drop(afterBytes: Int, withReset: Bool)
    /// Nothing for so many nanoseconds, then the usual; nil: nothing any more.
    case stall(UInt64?)
    case halfClose
}

/// A place in a limit of open connections, given back at the end of the connection.
package struct SinkLease: Hashable, Sendable {
    let rule: Int
    let key: LimitKey
}

/// A message that is to go back.
package struct SinkReport: Hashable, Sendable {
    package var kind: ReportRule.Kind
    /// Of a bounce.
    package var reply: SMTPReply
    /// Nanoseconds from now.
    package var delay: UInt64
    /// Of the message that was accepted.
    package var recipients: [MailAddress]
    /// Whom to tell; nil: the sender.
    package var to: MailAddress?
}

/// What the rules say of a question.
package struct SinkDecision: Hashable, Sendable {
    package var outcome = SinkOutcome.answer(nil)
    /// Nanoseconds before the outcome.
    package var delay: UInt64 = 0
    /// From now on content is read at so many octets a second.
    package var bytesPerSecond: Int?
    /// EHLO keywords that are left out from now on.
    package var withheld: [String] = []
    package var failure: TLSFailure?
    package var reports: [SinkReport] = []
    package var leases: [SinkLease] = []

    package init() {}

    /// Nothing but the usual, at once.
    package var isUsual: Bool {
        outcome == .answer(nil) && delay == 0 && bytesPerSecond == nil && withheld.isEmpty && failure == nil
            && reports.isEmpty && leases.isEmpty
    }
}

/// Whom a limit counts.
enum LimitKey: Hashable, Sendable {
    case everybody
    /// Lower case.
    case domain([UInt8])
    case client(NetworkAddress)
    case listener(String)
}
