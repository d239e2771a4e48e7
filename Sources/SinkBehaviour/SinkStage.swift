/// Where in a session the sink can do something other than accept.
package enum SinkStage: String, CaseIterable, Sendable {
    /// Before the greeting.
    case connect
    case ehlo
    /// STARTTLS was answered and the handshake is due.
    case tls
    case mail, rcpt, data
    /// After the last octet of the content.
    case end
}
