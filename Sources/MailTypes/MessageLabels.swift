/// What an operator calls a message by: for whom it is sent, as part of what, and by which way it shall leave. Rules,
/// listeners and injection set them; queues, limits, events and operators' commands go by them. They are kept with the
/// envelope. Most mail has none.
package struct MessageLabels: Hashable, Sendable {
    /// The customer or department that it is sent for.
    package var tenant: String?
    /// What it is a part of.
    package var campaign: String?
    /// The egress pool that it leaves by; nil: the one that is usual where it goes.
    package var pool: String?
    /// Goes where mail for this domain goes, whatever its recipients' domains are (KumoMTA's `routing_domain`).
    package var routingDomain: String?
    /// Rather in the clear than not at all: its header says `TLS-Required: No` (RFC 8689 §5), or it is a report about TLS.
    package var isTLSOptional = false
    /// Whatever else shall stand in its events, by name.
    package var metadata: [String: String] = [:]

    /// Octets of a name or a value that are kept.
    package static let textLimit = 1_024
    /// Entries of ``metadata`` that are kept.
    package static let metadataLimit = 64

    package init(
        tenant: String? = nil, campaign: String? = nil, pool: String? = nil, routingDomain: String? = nil,
        metadata: [String: String] = [:]
    ) {
        self.tenant = tenant
        self.campaign = campaign
        self.pool = pool
        self.routingDomain = routingDomain
        self.metadata = metadata
    }

    package var isEmpty: Bool {
        tenant == nil && campaign == nil && pool == nil && routingDomain == nil && metadata.isEmpty && !isTLSOptional
    }
}

extension Envelope {
    /// What its operator calls the message by; nil for most mail.
    package var labels: MessageLabels? {
        get { options?.labels }
        set {
            let labels = newValue?.isEmpty ?? true ? nil : newValue
            guard labels != nil || options != nil else { return }
            var known = options ?? EnvelopeOptions()
            known.labels = labels
            options = known.isEmpty ? nil : known
        }
    }
}
