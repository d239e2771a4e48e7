package import MailTypes

/// One thing that happened to mail, as the event log says it. Types and fields have the names of KumoMTA's log records,
/// so that what reads those reads these.
package struct MailEvent: Sendable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A message was accepted, and is as safe as the spool's durability says.
        case reception = "Reception"
        /// The next hop took it for these recipients.
        case delivery = "Delivery"
        /// An attempt failed for now.
        case transientFailure = "TransientFailure"
        /// These recipients failed for good.
        case bounce = "Bounce"
        /// These recipients were tried for as long as the schedule says.
        case expiration = "Expiration"
        /// A client was refused: a connection, a command or a message.
        case rejection = "Rejection"
        /// Mail waits untried: a next hop cannot be reached (then without an id), or the sender was told so.
        case delayed = "Delayed"
        /// An operator took it out of the queue.
        case adminBounce = "AdminBounce"
        /// An operator has given it other labels.
        case adminRebind = "AdminRebind"
        /// It cannot be read back from the spool and was put aside for an operator.
        case quarantine = "Quarantine"
        /// Another system reports, later and by mail, what became of a message that it had taken (RFC 3464).
        case outOfBand = "OOB"
        /// A mailbox provider passes on a complaint (RFC 5965).
        case feedback = "Feedback"
        /// Something else came to an address for reports.
        case unrecognizedReport = "UnrecognizedReport"
        /// An automatic rule of shaping was triggered, or what it did has ended.
        case shaping = "Shaping"
    }

    /// This end of a connection to a next hop.
    package struct Source: Sendable, Hashable {
        /// `192.0.2.1:4000`; as the proxy says it, where there is one.
        package var address: String
        /// `socks5` or `haproxy`; nil: no proxy.
        package var proxyProtocol: String?
        /// Of the proxy.
        package var proxyAddress: String?
        package init(address: String, proxyProtocol: String? = nil, proxyAddress: String? = nil) {
            self.address = address
            self.proxyProtocol = proxyProtocol
            self.proxyAddress = proxyAddress
        }
    }

    /// The other end of a connection.
    package struct Peer: Sendable, Hashable {
        /// What it calls itself, or the exchanger's name; empty if unknown.
        package var name: String
        /// `192.0.2.7:25` or `[2001:db8::7]:25`.
        package var address: String
        package init(name: String, address: String) {
            self.name = name
            self.address = address
        }
    }

    /// An enhanced code with the class of its reply.
    package struct NormalisedCode: Sendable, Hashable {
        package var code: EnhancedStatusCode
        /// `derived`, `contradictory` …; nil: the reply had it in front.
        package var origin: String?
        package init(_ code: EnhancedStatusCode, origin: String?) {
            self.code = code
            self.origin = origin
        }
    }

    package var kind: Kind
    /// Of the spool.
    package var id: MessageID?
    package var sender: MailAddress?
    package var recipients: [MailAddress] = []
    /// The destination's queue.
    package var queue: String?
    /// Octets of content.
    package var size: Int?
    /// What was said: by the next hop, or by us to a client.
    package var response: SMTPReply?
    /// What the response was to, without CRLF: `RCPT TO:<b@example.org>`, `.` for the end of content; nil: unknown.
    package var command: String?
    package var peer: Peer?
    /// Wall clock, since 1970.
    package var milliseconds: UInt64
    /// When the message was accepted.
    package var createdMilliseconds: UInt64?
    /// Failed attempts before this event.
    package var attempts: UInt32?
    /// Where the connection to the next hop came from.
    package var source: Source?
    /// Of the connection, as operators see it, and with the second when the process began: `o0.17@1764108000`.
    package var session: String?
    /// The host that it happened on.
    package var node: String?
    /// The sources that it may leave by, and the one it left by.
    package var egressPool: String?
    package var egressSource: String?
    /// The destination without its pool: a domain, a next hop, or exchangers that domains share.
    package var site: String?
    package var tenant: String?
    package var campaign: String?
    /// What else its operator calls it by; empty: nothing.
    package var metadata: [String: String] = [:]
    /// Fields of the message's header that are wanted.
    package var headers: [LoggedField] = []
    /// `ESMTP`, `ESMTPS`, `LMTP`.
    package var deliveryProtocol: String?
    /// `ESMTPSA` and its like (RFC 3848), `HTTP`, or `internal` for notifications made here.
    package var receptionProtocol: String?
    /// `TLSv1.3`.
    package var tlsVersion: String?
    /// `TLS_AES_128_GCM_SHA256`.
    package var tlsCipher: String?
    /// `CN=mx.example.org` and its like: the subject of the certificate that the peer showed; empty: none.
    package var tlsPeerSubject: [String] = []
    /// Who authenticated.
    package var user: String?
    /// Name of the listener.
    package var listener: String?
    /// What a failure was about; nil: not asked for.
    package var classification: String?
    /// Stands for the response's own enhanced code; nil: that is as it came.
    package var enhancedCode: NormalisedCode?
    /// What came back, for the kinds that are about that.
    package var report: ReportDetails?

    /// Only of ``Kind/shaping``.
    package var automation: Automation?

    package init(_ kind: Kind, at milliseconds: UInt64) {
        self.kind = kind
        self.milliseconds = milliseconds
    }
}
