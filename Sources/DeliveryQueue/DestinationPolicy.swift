import MailTypes

/// How mail to one destination is delivered. The defaults come from the service; a domain may have its own.
package struct DestinationPolicy: Hashable, Sendable {
    package var retry: RetryPolicy
    /// How much at once and how fast, over the whole service.
    package var limits: EgressLimits
    /// The sender is told once that a message waits when it is this old, milliseconds; nil: never (RFC 3461 §6.2).
    package var delayWarning: UInt64?

    package init(
        retry: RetryPolicy = RetryPolicy(), connections: Int? = nil, rate: DeliveryRate? = nil,
        delayWarning: UInt64? = nil
    ) {
        self.retry = retry
        limits = EgressLimits(connections: connections, messageRate: rate)
        self.delayWarning = delayWarning
    }
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
