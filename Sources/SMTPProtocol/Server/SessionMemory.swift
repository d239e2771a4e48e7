/// What has to be known of a session at rest, between two transactions and in the clear, for another process to go on with
/// it. What the client was told with EHLO goes on to hold.
package struct SessionMemory: Sendable, Hashable {
    /// Of EHLO or HELO; empty before.
    package var clientName = ""
    /// EHLO, not HELO.
    package var isExtended = false
    /// Who XCLIENT said the client is.
    package var authenticatedUser: String?
    /// Commands refused so far.
    package var errors = 0
    /// MAIL commands accepted so far.
    package var transactions = 0
    /// Announced with SIZE; 0: no limit.
    package var maximumMessageSize = 0
    /// Announced with LIMITS.
    package var maximumRecipients = 0
    /// Announced with LIMITS; 0: no limit.
    package var maximumMessages = 0
    /// Of a command whose end has not come.
    package var begunCommand: [UInt8] = []

    package init() {}
}

extension ServerSession {
    /// At rest in the clear, perhaps in the middle of a command.
    package var canBeResumed: Bool {
        guard case .commands = phase else { return false }
        return !hasMail && !isSecure && lines.begun != nil
    }

    /// Nil where the session does not rest: it is in a transaction, an answer or a reply is still due, or TLS has begun.
    package var memory: SessionMemory? {
        guard canBeResumed, output.isEmpty, let begun = lines.begun else { return nil }
        var memory = SessionMemory()
        (memory.clientName, memory.isExtended) = (clientName, isExtended)
        memory.authenticatedUser = authenticatedUser
        (memory.errors, memory.transactions) = (errors, transactions)
        memory.maximumMessageSize = configuration.maximumMessageSize
        memory.maximumRecipients = configuration.maximumRecipients
        memory.maximumMessages = configuration.maximumMessages
        memory.begunCommand = begun
        return memory
    }

    /// Goes on, greeted, where another session was. Its begun command is input like what follows it.
    /// - Parameter rules: of the listener as they are now.
    package mutating func resume(_ memory: SessionMemory, _ rules: ServerConfiguration) {
        configuration = rules
        configuration.maximumMessageSize = memory.maximumMessageSize
        configuration.maximumRecipients = memory.maximumRecipients
        configuration.maximumMessages = memory.maximumMessages
        (clientName, isExtended) = (memory.clientName, memory.isExtended)
        authenticatedUser = memory.authenticatedUser
        (errors, transactions) = (memory.errors, memory.transactions)
    }
}
