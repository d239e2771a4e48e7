/// Which deliveries an operator means: those that all its fields fit. Nothing said means all of them.
package struct MailSelection: Hashable, Sendable {
    /// The destination's queue by its name, whatever pool it leaves by: a domain with settings of its own, a site
    /// (`mx:…`), or `HOST:PORT` of the smart host.
    package var destination: String?
    /// Of all recipients of the delivery.
    package var domain: String?
    package var tenant: String?
    package var campaign: String?
    package var routingDomain: String?
    /// The egress pool; an empty text: the usual one.
    package var pool: String?
    package var ids: Set<MessageID>?
    /// Of these queues by their whole names, as KumoMTA has them.
    package var queueNames: Set<SenderQueueName>?
    /// May leave by this egress source: its queue's pool has it.
    package var source: String?

    package init(
        destination: String? = nil, domain: String? = nil, tenant: String? = nil, campaign: String? = nil,
        routingDomain: String? = nil, pool: String? = nil, ids: Set<MessageID>? = nil,
        queueNames: Set<SenderQueueName>? = nil, source: String? = nil
    ) {
        self.destination = destination
        self.domain = domain
        self.tenant = tenant
        self.campaign = campaign
        self.routingDomain = routingDomain
        self.pool = pool
        self.ids = ids
        self.queueNames = queueNames
        self.source = source
    }

    package static let all = MailSelection()
    package static func destination(_ name: String) -> MailSelection { MailSelection(destination: name) }
    package static func ids(_ ids: Set<MessageID>) -> MailSelection { MailSelection(ids: ids) }

    /// Everything is meant.
    package var isAll: Bool { self == .all }

    /// Says something about labels, so that a delivery's label has to be looked at.
    package var asksLabels: Bool {
        domain != nil || tenant != nil || campaign != nil || routingDomain != nil || queueNames != nil
    }

    /// Says something about the queue's name.
    package var asksQueue: Bool { destination != nil || pool != nil || source != nil }

    /// - Parameter queue: as ``QueueName`` writes it.
    package func fits(queue: String) -> Bool {
        guard asksQueue else { return true }
        let parts = QueueName.parts(of: queue)
        if let destination, parts.destination != destination, queue != destination { return false }
        guard let pool else { return true }
        return pool == parts.pool ?? ""
    }
}

/// What a delivery is known by in the queue: what operators select by, and nothing else of its envelope.
package struct DeliveryLabel: Hashable, Sendable {
    /// That of all its recipients, lower case; nil: they are of several.
    package var domain: String?
    package var tenant: String?
    package var campaign: String?
    package var routingDomain: String?
    /// The pool that the message asks for.
    package var pool: String?
    /// As ``MessageLabels/isTLSOptional``.
    package var isTLSOptional = false
    /// An operator has changed it since the message was accepted.
    package var isRebound = false

    package init(
        domain: String? = nil, tenant: String? = nil, campaign: String? = nil, routingDomain: String? = nil,
        pool: String? = nil
    ) {
        self.domain = domain
        self.tenant = tenant
        self.campaign = campaign
        self.routingDomain = routingDomain
        self.pool = pool
    }

    package static let none = DeliveryLabel()

    package init(_ labels: MessageLabels) {
        self.init(
            tenant: labels.tenant, campaign: labels.campaign, routingDomain: labels.routingDomain, pool: labels.pool)
        isTLSOptional = labels.isTLSOptional
    }

    /// - Note: what the selection says of queues and ids is not looked at.
    package func fits(_ selection: MailSelection) -> Bool {
        (selection.domain == nil || selection.domain == domain)
            && (selection.tenant == nil || selection.tenant == tenant)
            && (selection.campaign == nil || selection.campaign == campaign)
            && (selection.routingDomain == nil || selection.routingDomain == routingDomain)
            && selection.queueNames?.contains(SenderQueueName(self)) ?? true
    }

    /// - Parameter change: what it says is taken, an empty text takes the label off.
    package mutating func rebind(_ change: LabelChange) {
        change.apply(to: &tenant, \.tenant)
        change.apply(to: &campaign, \.campaign)
        change.apply(to: &pool, \.pool)
        change.apply(to: &routingDomain, \.routingDomain)
        isRebound = true
    }
}

/// Labels that an operator gives to mail that is queued. Nil leaves one as it is, an empty text takes it off.
package struct LabelChange: Hashable, Sendable {
    package var tenant: String?
    package var campaign: String?
    package var pool: String?
    package var routingDomain: String?

    package init(
        tenant: String? = nil, campaign: String? = nil, pool: String? = nil, routingDomain: String? = nil
    ) {
        self.tenant = tenant
        self.campaign = campaign
        self.pool = pool
        self.routingDomain = routingDomain
    }

    /// Mail may have to go another way.
    /// - Parameter bySender: there are senders whose mail has queues of its own.
    package func changesWay(bySender: Bool) -> Bool {
        pool != nil || routingDomain != nil || bySender && (tenant != nil || campaign != nil)
    }

    fileprivate func apply(to label: inout String?, _ field: KeyPath<LabelChange, String?>) {
        guard let text = self[keyPath: field] else { return }
        label = text.isEmpty ? nil : text
    }
}

extension MessageLabels {
    /// Without metadata.
    package init(_ label: DeliveryLabel) {
        self.init(tenant: label.tenant, campaign: label.campaign, pool: label.pool, routingDomain: label.routingDomain)
        isTLSOptional = label.isTLSOptional
    }

    /// The same with what an operator has made of it; the metadata stays.
    package func rebound(_ label: DeliveryLabel) -> MessageLabels {
        var fresh = self
        (fresh.tenant, fresh.campaign) = (label.tenant, label.campaign)
        (fresh.pool, fresh.routingDomain) = (label.pool, label.routingDomain)
        return fresh
    }
}
