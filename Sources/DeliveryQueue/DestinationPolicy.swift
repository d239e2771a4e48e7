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
    /// Tenants and campaigns that have queues of their own.
    package var senders = SenderPolicies()

    package init(standard: DestinationPolicy = DestinationPolicy(), named: [String: DestinationPolicy] = [:]) {
        self.standard = standard
        self.named = named
    }

    /// - Parameter name: of a queue; the pool does not matter. Limits are those of the destination; a sender's are in
    ///   ``SenderPolicies/limits(of:)``.
    package subscript(name: String) -> DestinationPolicy {
        let usual = named.isEmpty ? standard : named[QueueName.destination(of: name)] ?? standard
        guard !senders.isEmpty else { return usual }
        let queue = QueueName(name)
        guard queue.hasOwner else { return usual }
        var policy = usual
        senders.apply(to: &policy, of: queue)
        return policy
    }

    /// Mail does not all wait in one queue.
    var hasSeveral: Bool { !named.isEmpty || !senders.isEmpty }
}
