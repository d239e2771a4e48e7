/// How mail to one destination is delivered. The defaults come from the service; a domain may have its own.
package struct DestinationPolicy: Hashable, Sendable {
    package var retry: RetryPolicy
    /// Connections at a time, over the whole service; nil: only its total limits them.
    package var connections: Int?
    /// Messages begun, over the whole service; nil: as fast as it goes.
    package var rate: DeliveryRate?
    /// The sender is told once that a message waits when it is this old, milliseconds; nil: never (RFC 3461 §6.2).
    package var delayWarning: UInt64?

    package init(
        retry: RetryPolicy = RetryPolicy(), connections: Int? = nil, rate: DeliveryRate? = nil,
        delayWarning: UInt64? = nil
    ) {
        self.retry = retry
        self.connections = connections
        self.rate = rate
        self.delayWarning = delayWarning
    }

    /// Whether other event loops have to be asked before this one may go on.
    package var isShared: Bool { connections != nil || rate != nil }
}

/// Who may do how much, by the destination's name.
package struct DestinationPolicies: Hashable, Sendable {
    package var standard: DestinationPolicy
    package var named: [String: DestinationPolicy]

    package init(standard: DestinationPolicy = DestinationPolicy(), named: [String: DestinationPolicy] = [:]) {
        self.standard = standard
        self.named = named
    }

    /// - Parameter name: of a queue; the pool does not matter.
    package subscript(name: String) -> DestinationPolicy {
        named.isEmpty ? standard : named[QueueName.destination(of: name)] ?? standard
    }
}
