/// What one listener announces and allows. Shared by all its sessions.
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

    /// EHLO keywords behind the host name, one a line.
    var extensionLines: [String] {
        [
            "PIPELINING", maximumMessageSize > 0 ? "SIZE \(maximumMessageSize)" : "SIZE", "8BITMIME", "SMTPUTF8",
            "CHUNKING", "ENHANCEDSTATUSCODES",
        ]
    }
}
