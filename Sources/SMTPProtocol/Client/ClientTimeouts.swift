/// How long a client waits for whom, seconds (RFC 5321 §4.5.3.2 where nothing else is said).
package struct ClientTimeouts: Hashable, Sendable {
    /// TCP, greeting, TLS, EHLO and AUTH together; nil: each of them has its own time only.
    package var opening: Double?
    /// For the connection itself.
    package var connect = 30.0
    package var greeting = Double(SMTPLimits.Timeout.greeting)
    /// EHLO, STARTTLS, AUTH, MAIL, RCPT, RSET and QUIT.
    package var command = Double(SMTPLimits.Timeout.command)
    package var handshake = 60.0
    package var dataInitiation = Double(SMTPLimits.Timeout.dataInitiation)
    package var dataTermination = Double(SMTPLimits.Timeout.dataTermination)

    package init() {}

    /// The same time for every reply.
    package mutating func setReplies(_ seconds: Double) {
        (greeting, command, dataInitiation, dataTermination) = (seconds, seconds, seconds, seconds)
    }
}

extension ClientSession {
    /// Seconds that the reply awaited next may take; 0 when none is awaited.
    package var timeoutSeconds: Double {
        let times = configuration.timeouts
        return switch expected.first {
        case nil: 0
        case .greeting: times.greeting
        case .data: times.dataInitiation
        case .content, .chunk: times.dataTermination
        case .ehlo, .helo, .startTLS, .authenticate, .mail, .rcpt, .reset, .quit: times.command
        }
    }

    /// What is awaited next, for people: `greeting`, `reply to MAIL`; nil where it is nothing, or a TLS handshake.
    package var awaited: String? {
        switch expected.first {
        case nil: nil
        case .greeting: "greeting"
        case .ehlo: "reply to " + (configuration.serverProtocol == .lmtp ? "LHLO" : "EHLO")
        case .helo: "reply to HELO"
        case .startTLS: "reply to STARTTLS"
        case .authenticate: "reply to AUTH"
        case .mail: "reply to MAIL"
        case .rcpt: "reply to RCPT"
        case .data: "reply to DATA"
        case .chunk, .content: "reply to the content"
        case .reset: "reply to RSET"
        case .quit: "reply to QUIT"
        }
    }

    /// The session is still being opened: greeting, EHLO, TLS or AUTH are not over.
    package var isOpening: Bool { !isReady }
}
