package import MailTypes

/// When and for whom a rule holds. What is empty or nil asks nothing.
package struct RuleMatch: Hashable, Sendable {
    /// Of a recipient: one that matches is enough.
    package var domains: [GlobPattern] = []
    package var recipients: [GlobPattern] = []
    package var senders: [GlobPattern] = []
    package var clients: NetworkSet?
    /// `127.0.0.1:2526`.
    package var listeners: [GlobPattern] = []
    /// Of what matches otherwise.
    package var shareBillionths: Int?
    package var window: TimeWindow?

    package init() {}
}

/// A time since the sink's first connection, perhaps again and again. Nanoseconds.
package struct TimeWindow: Hashable, Sendable {
    package var after: UInt64
    /// Nil: to the end.
    package var length: UInt64?
    /// From begin to begin; nil: once.
    package var every: UInt64?

    package init(after: UInt64 = 0, length: UInt64? = nil, every: UInt64? = nil) {
        self.after = after
        self.length = length
        self.every = every
    }

    /// - Parameter elapsed: since the first connection.
    package func contains(_ elapsed: UInt64) -> Bool {
        guard elapsed >= after else { return false }
        guard let length else { return true }
        let since = elapsed - after
        return (every.map { since % $0 } ?? since) < length
    }
}

/// One of several replies, as often as its weight says.
package struct WeightedReply: Hashable, Sendable {
    package var reply: SMTPReply
    package var weight: Int

    package init(_ reply: SMTPReply, weight: Int = 1) {
        self.reply = reply
        self.weight = weight
    }
}

/// What a rule does.
package enum RuleAction: Hashable, Sendable {
    /// Ends the rules of this stage; with no reply the usual one is given.
    case accept([WeightedReply])
    /// Also of `defer` and `reject`; 421 lets the client go.
    case reply([WeightedReply])
    /// Nothing but the rule's delay.
    case delay
    /// No answer; nanoseconds until it comes after all, or never.
    case stall(UInt64?)
    /// The connection ends without a word, behind so many octets of content where the stage is `data`.
    case drop(afterBytes: Int, withReset: Bool)
    /// The reply, then the end.
    case close([WeightedReply])
    /// The client sees the end of our octets, and may go on sending.
    case halfClose
    /// Nobody listens.
    case refuse
    /// Content is read at so many octets a second.
    case bandwidth(Int)
    case limit(SinkLimit, [WeightedReply])
    case greylist(Greylisting, [WeightedReply])
    /// Accepted, and a report goes back.
    case report(ReportRule)
    /// EHLO keywords that are left out.
    case withhold([String])
    case breakTLS(TLSFailure)
    /// One of several outcomes (``accept``, ``reply``, ``drop``), as often as its weight says.
    case mix([MixedOutcome])
}

package struct MixedOutcome: Hashable, Sendable {
    package var weight: Int
    package var action: RuleAction

    package init(weight: Int, _ action: RuleAction) {
        self.weight = weight
        self.action = action
    }
}

/// How a handshake fails.
package enum TLSFailure: String, Hashable, Sendable, CaseIterable {
    /// Octets that are no TLS.
    case garbage
    case close
    /// A certificate for another name, signed by nobody.
    case wrongCertificate = "wrong-certificate"
}

/// How much of something a client, a domain or everybody may do.
package struct SinkLimit: Hashable, Sendable {
    package enum Scope: String, Hashable, Sendable, CaseIterable { case domain, client, listener, all }
    package var scope: Scope
    package var rate: SinkRate?
    /// How many may come at once before the rate counts.
    package var burst: Int
    /// Open at a time.
    package var connections: Int?

    package init(scope: Scope, rate: SinkRate? = nil, burst: Int = 1, connections: Int? = nil) {
        self.scope = scope
        self.rate = rate
        self.burst = burst
        self.connections = connections
    }
}

/// The first attempt of a client, sender and recipient is put off (RFC 6647). Nanoseconds.
package struct Greylisting: Hashable, Sendable {
    package var wait: UInt64
    /// What was not heard of for so long begins anew.
    package var forget: UInt64

    package init(wait: UInt64, forget: UInt64 = 4 * 3_600_000_000_000) {
        self.wait = wait
        self.forget = forget
    }
}

/// A message that goes back to the sender after the sink accepted his.
package struct ReportRule: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// RFC 3464.
        case bounce
        /// RFC 5965.
        case complaint
    }
    package var kind: Kind
    /// What a bounce says of the recipient.
    package var replies: [WeightedReply]
    package var delay: SinkDelay
    /// Nil: the sender of the message.
    package var to: MailAddress?

    package init(kind: Kind, replies: [WeightedReply], delay: SinkDelay, to: MailAddress? = nil) {
        self.kind = kind
        self.replies = replies
        self.delay = delay
        self.to = to
    }
}

package struct SinkRule: Hashable, Sendable {
    /// For counts: the one given, or `rule 3 (defer)`.
    package var name: String
    package var match: RuleMatch
    package var stage: SinkStage
    package var action: RuleAction
    package var delay: SinkDelay?

    package init(
        name: String, match: RuleMatch = RuleMatch(), stage: SinkStage, action: RuleAction, delay: SinkDelay? = nil
    ) {
        self.name = name
        self.match = match
        self.stage = stage
        self.action = action
        self.delay = delay
    }
}

/// All that a sink does besides accepting.
package struct SinkRules: Hashable, Sendable {
    package var rules: [SinkRule] = []
    package var seed: UInt64 = 1
    /// Recipients such as `tempfail@` say what they want, at this stage (`rcpt` or `end`); nil: they do not.
    package var localParts: SinkStage?
    /// Next hop of bounces and feedback reports, `HOST:PORT`.
    package var reportsTo: String?

    package init() {}

    package static let none = SinkRules()
    package var isEmpty: Bool { rules.isEmpty && localParts == nil }

    /// The client's or the header's bytes are needed later.
    package var makesReports: Bool {
        rules.contains { if case .report = $0.action { true } else { false } }
    }
}
