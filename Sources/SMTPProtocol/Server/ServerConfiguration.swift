/// Which of the two protocols a listener speaks.
package enum ServerProtocol: String, Sendable, Hashable {
    case smtp
    /// LHLO, and a reply a recipient at the end (RFC 2033).
    case lmtp
}

/// What one connection is told and allowed. The listener makes it from its rules and the client's network.
package struct ServerConfiguration: Sendable {
    /// Name in the greeting, in EHLO's reply and in Received (RFC 5321 §4.1.1.1).
    package var hostname: String
    /// Content bytes, announced with SIZE (RFC 1870); 0 for no limit.
    package var maximumMessageSize: Int
    package var maximumRecipients: Int
    /// Longest content line; 0 for no limit.
    package var maximumContentLine: Int
    /// Refused commands before 421; 0 for no limit.
    package var maximumErrors: Int
    /// MAIL commands accepted before 421, announced with LIMITS (RFC 9422); 0 for no limit.
    package var maximumMessages = 0
    package var serverProtocol = ServerProtocol.smtp
    /// STARTTLS is offered on a connection that is still in the clear (RFC 3207).
    package var offersStartTLS = false
    /// Nothing but greetings before TLS: 530 5.7.0 (RFC 3207 §4).
    package var requiresTLS = false
    /// Mechanisms that AUTH offers, upper case; only ever over TLS (RFC 4954 §4).
    package var authMechanisms: [String] = []
    /// MAIL only from authenticated clients: 530 5.7.0 (RFC 4954 §6).
    package var requiresAuthentication = false
    /// The client may say who it speaks for (XCLIENT, Postfix).
    package var offersXclient = false
    /// What is refused is kept for ``ServerSession/takeRejections()``.
    package var recordsRejections = false
    /// What the session answers by itself is counted for ``ServerSession/takeCountedReplies()``.
    package var countsReplies = false
    /// EHLO and DATA are decided by the service as MAIL and RCPT are.
    package var asksAboutEach = false
    /// Behind the host name in the greeting.
    package var banner = "ESMTP Millrace"
    /// Neither announced nor taken.
    package var withheld: ServiceExtensions = []

    package init(
        hostname: String, maximumMessageSize: Int = SMTPLimits.messageSize,
        maximumRecipients: Int = SMTPLimits.recipients, maximumContentLine: Int = SMTPLimits.contentLine,
        maximumErrors: Int = SMTPLimits.errors
    ) {
        self.hostname = hostname
        self.maximumMessageSize = maximumMessageSize
        self.maximumRecipients = maximumRecipients
        self.maximumContentLine = maximumContentLine
        self.maximumErrors = maximumErrors
    }

    /// EHLO keywords behind the host name, one a line. TLS-only ones are told over TLS only: a list that is fetched in
    /// the clear is forgotten after STARTTLS (RFC 3207 §4.2).
    func extensionLines(isSecure: Bool, isAuthenticated: Bool) -> [String] {
        var lines = [
            "PIPELINING", maximumMessageSize > 0 ? "SIZE \(maximumMessageSize)" : "SIZE", "8BITMIME", "SMTPUTF8",
            "CHUNKING", "BINARYMIME", "DSN", "ENHANCEDSTATUSCODES", limits,
        ]
        if !withheld.isEmpty { lines.removeAll { withheld.hides($0) } }
        if offersStartTLS, !isSecure, !withheld.contains(.startTLS) { lines.append("STARTTLS") }
        if isSecure { lines.append("REQUIRETLS") }
        if isSecure, !isAuthenticated, !authMechanisms.isEmpty {
            lines.append("AUTH " + authMechanisms.joined(separator: " "))
        }
        if offersXclient { lines.append("XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT") }
        return lines
    }

    /// RFC 9422 §3.
    private var limits: String {
        (maximumMessages > 0 ? "LIMITS MAILMAX=\(maximumMessages)" : "LIMITS") + " RCPTMAX=\(maximumRecipients)"
    }
}
