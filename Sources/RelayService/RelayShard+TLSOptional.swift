import MailTypes
import SpoolContract

// Mail that need not be encrypted (RFC 8689 §5): it has connections of its own where other mail has to be.
extension RelayShard {
    /// The message with what its header says of TLS. REQUIRETLS outdoes the field (§4.1).
    func marked(_ message: SpoolMessage) -> SpoolMessage {
        guard !message.envelope.requiresTLS, TLSRequiredField.saysNo(message.content) else { return message }
        var message = message
        var labels = message.envelope.labels ?? MessageLabels()
        labels.isTLSOptional = true
        message.envelope.labels = labels
        return message
    }

    /// Such mail has a queue of its own there: something is demanded of the hosts, or what becomes of their TLS is reported.
    /// Passwords are told over TLS only, whoever wrote the mail.
    func relaxes(_ destination: String) -> Bool {
        let (configuration, policy) = (egress.configuration, egress.configuration[destination])
        guard policy.tls != .none, policy.security.login == nil else { return false }
        return policy.security.asks || policy.tls != .opportunistic || !configuration.furtherDemands.isEmpty
            || parts.security?.reports != nil
    }
}
