/// Where in a session the sink can do something other than accept.
package enum SinkStage: String, CaseIterable, Sendable {
    /// Before the greeting.
    case connect
    case ehlo, mail, rcpt, data
    /// After the last octet of the content.
    case end
}
