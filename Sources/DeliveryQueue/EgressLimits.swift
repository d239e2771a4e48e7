/// How much may go out at once and how fast: of a destination, a provider, a source, or a source to a destination.
/// What is nil is not limited here. Where several apply the strictest of each wins; see ``tightened(by:)``.
package struct EgressLimits: Hashable, Sendable {
    /// Connections at a time, over all event loops; at least 1.
    package var connections: Int?
    /// Connections begun, over all event loops.
    package var connectionRate: DeliveryRate?
    /// Messages begun, over all event loops.
    package var messageRate: DeliveryRate?
    /// Messages before a connection is closed; at least 1.
    package var messagesPerConnection: Int?
    /// Recipients of one transaction; at least 1.
    package var recipientsPerTransaction: Int?
    /// How long a next hop that could not be reached is left alone at first, doubling from then on.
    package var holdFirstMilliseconds: UInt64?
    /// The longest that it is left alone.
    package var holdCapMilliseconds: UInt64?
    /// Connections that fail one after the other before the next hop is left alone; at least 1.
    package var failuresBeforeHold: Int?

    package init(
        connections: Int? = nil, connectionRate: DeliveryRate? = nil, messageRate: DeliveryRate? = nil,
        messagesPerConnection: Int? = nil, recipientsPerTransaction: Int? = nil
    ) {
        self.connections = connections
        self.connectionRate = connectionRate
        self.messageRate = messageRate
        self.messagesPerConnection = messagesPerConnection
        self.recipientsPerTransaction = recipientsPerTransaction
    }

    package var isEmpty: Bool { self == EgressLimits() }

    /// One of those that hold over all event loops, so that they have to be asked.
    package var isShared: Bool { connections != nil || connectionRate != nil || messageRate != nil }

    /// Both together: the smaller of each, and of the times that a next hop is left alone the longer.
    package func tightened(by other: EgressLimits) -> EgressLimits {
        var both = EgressLimits()
        both.connections = Self.smaller(connections, other.connections)
        both.connectionRate = Self.slower(connectionRate, other.connectionRate)
        both.messageRate = Self.slower(messageRate, other.messageRate)
        both.messagesPerConnection = Self.smaller(messagesPerConnection, other.messagesPerConnection)
        both.recipientsPerTransaction = Self.smaller(recipientsPerTransaction, other.recipientsPerTransaction)
        both.holdFirstMilliseconds = Self.larger(holdFirstMilliseconds, other.holdFirstMilliseconds)
        both.holdCapMilliseconds = Self.larger(holdCapMilliseconds, other.holdCapMilliseconds)
        both.failuresBeforeHold = Self.smaller(failuresBeforeHold, other.failuresBeforeHold)
        return both
    }

    /// What is not said here is as in `usual`.
    package func falling(backTo usual: EgressLimits) -> EgressLimits {
        var all = self
        all.connections = connections ?? usual.connections
        all.connectionRate = connectionRate ?? usual.connectionRate
        all.messageRate = messageRate ?? usual.messageRate
        all.messagesPerConnection = messagesPerConnection ?? usual.messagesPerConnection
        all.recipientsPerTransaction = recipientsPerTransaction ?? usual.recipientsPerTransaction
        all.holdFirstMilliseconds = holdFirstMilliseconds ?? usual.holdFirstMilliseconds
        all.holdCapMilliseconds = holdCapMilliseconds ?? usual.holdCapMilliseconds
        all.failuresBeforeHold = failuresBeforeHold ?? usual.failuresBeforeHold
        return all
    }

    private static func smaller<Value: Comparable>(_ a: Value?, _ b: Value?) -> Value? {
        guard let a, let b else { return a ?? b }
        return min(a, b)
    }

    private static func larger<Value: Comparable>(_ a: Value?, _ b: Value?) -> Value? {
        guard let a, let b else { return a ?? b }
        return max(a, b)
    }

    private static func slower(_ a: DeliveryRate?, _ b: DeliveryRate?) -> DeliveryRate? {
        guard let a, let b else { return a ?? b }
        return b.isSlower(than: a) ? b : a
    }
}

// Where limits come from.
extension EgressLimits {
    /// Only those that `other` does not say.
    package func without(_ other: EgressLimits) -> EgressLimits { filtered { !$0.isSaid(other) } }

    /// Only those that `other` does not say, or says otherwise.
    package func besides(_ other: EgressLimits) -> EgressLimits { filtered { !$0.isSame(self, other) } }

    /// Only those that `other` says, too.
    package func shared(with other: EgressLimits) -> EgressLimits { filtered { $0.isSame(self, other) } }

    /// One of the limits, whatever its type.
    private struct Field {
        var isSaid: (EgressLimits) -> Bool
        var isSame: (EgressLimits, EgressLimits) -> Bool
        var clear: (inout EgressLimits) -> Void

        init<Value: Equatable>(_ path: WritableKeyPath<EgressLimits, Value?>) {
            isSaid = { $0[keyPath: path] != nil }
            isSame = { $0[keyPath: path] == $1[keyPath: path] }
            clear = { $0[keyPath: path] = nil }
        }
    }

    private static var fields: [Field] {
        [
            Field(\.connections), Field(\.connectionRate), Field(\.messageRate), Field(\.messagesPerConnection),
            Field(\.recipientsPerTransaction), Field(\.holdFirstMilliseconds), Field(\.holdCapMilliseconds),
            Field(\.failuresBeforeHold),
        ]
    }

    private func filtered(_ keeps: (Field) -> Bool) -> EgressLimits {
        var rest = self
        for field in Self.fields where !keeps(field) { field.clear(&rest) }
        return rest
    }
}
