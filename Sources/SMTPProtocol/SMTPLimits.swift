/// Every bound of the protocol layer, with its source. Configurations may lower or raise those marked (configurable).
package enum SMTPLimits {
    /// Command line, CRLF included. RFC 5321 §4.5.3.1.4 asks for 512, extensions add to it; Postfix takes 2048.
    package static let commandLine = 2048
    /// Reply line that a client accepts, CRLF included. RFC 5321 §4.5.3.1.5 asks for 512; real servers send more.
    package static let replyLine = 2048
    /// Lines of one reply. Not in the RFC: an endless `250-` must not eat memory.
    package static let replyLines = 128
    /// Content line without CRLF. RFC 5321 §4.5.3.1.6: 1000 with CRLF must be taken. (configurable)
    package static let contentLine = 998
    /// Recipients a transaction. RFC 5321 §4.5.3.1.8: at least 100. (configurable)
    package static let recipients = 1000
    /// Content bytes. RFC 5321 §4.5.3.1.7: at least 64 KiB. (configurable)
    package static let messageSize = 33_554_432
    /// Refused commands in a session before 421. Postfix: smtpd_hard_error_limit = 20. (configurable)
    package static let errors = 20
    /// Received fields before a message is taken for a loop. RFC 5321 §6.3: at least 100.
    package static let hops = 100

    /// A line of an AUTH exchange, CRLF included (RFC 4954 §4).
    package static let authenticationLine = 12_288
    /// ENVID in xtext (RFC 3461 §4.4).
    package static let envelopeID = 100
    /// ORCPT with its address type (RFC 3461 §4.2).
    package static let originalRecipient = 500

    /// RFC 5321 §4.5.3.2, seconds.
    package enum Timeout {
        /// §4.5.3.2.1 initial 220, as a client.
        package static let greeting = 300
        /// §4.5.3.2.2 and .3: MAIL and RCPT, as a client.
        package static let command = 300
        /// §4.5.3.2.4: DATA to 354.
        package static let dataInitiation = 120
        /// §4.5.3.2.5: each block of content.
        package static let dataBlock = 180
        /// §4.5.3.2.6: final dot to its reply.
        package static let dataTermination = 600
        /// §4.5.3.2.7: a server waits for the next command.
        package static let serverIdle = 300
    }
}
