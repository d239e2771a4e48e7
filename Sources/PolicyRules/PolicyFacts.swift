package import MailTypes

/// How a message comes in, as rules call it; `submission` stands for `submissions`, too.
package enum PolicyChannel: String, Sendable, Hashable, CaseIterable {
    case smtp, submission, lmtp, http
}

/// How much of a message is known.
package enum PolicyStage: Int, Sendable, Hashable, Comparable, CaseIterable {
    /// Listener, protocol, client.
    case connection
    /// MAIL: also TLS, user, sender.
    case sender
    /// RCPT: also one recipient.
    case recipient
    /// The end of the data: also header and size.
    case content

    package static func < (a: PolicyStage, b: PolicyStage) -> Bool { a.rawValue < b.rawValue }

    /// As it is printed.
    package var name: String {
        switch self {
        case .connection: "connection"
        case .sender: "MAIL"
        case .recipient: "RCPT"
        case .content: "end of data"
        }
    }
}

/// What is known of a message and one of its recipients. What belongs to a later stage than ``stage`` is not known,
/// whatever stands there.
package struct PolicyFacts: Sendable {
    package var stage: PolicyStage
    /// `http` where mail is injected.
    package var listener: String
    package var channel: PolicyChannel
    package var client: NetworkAddress?
    package var isTLS = false
    /// Who authenticated, or the name of an API key.
    package var user: String?
    package var sender = MailAddress.null
    package var recipient = MailAddress.null
    package var header = PolicyHeader()
    /// Nil: the mail was not verified.
    package var verdicts: PolicyVerdicts?
    /// Octets of content.
    package var size = 0

    package init(_ stage: PolicyStage, listener: String, channel: PolicyChannel, client: NetworkAddress?) {
        self.stage = stage
        self.listener = listener
        self.channel = channel
        self.client = client
    }
}
