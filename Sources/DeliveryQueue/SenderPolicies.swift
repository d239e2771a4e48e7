package import MailTypes

/// What a schedule says otherwise; nil: as usual. Times in milliseconds.
package struct ScheduleChange: Hashable, Sendable {
    package var first: UInt64?
    package var factor: Double?
    package var cap: UInt64?
    package var maximumAge: UInt64?
    package var delayWarning: UInt64?

    package init() {}

    package func apply(to policy: inout DestinationPolicy) {
        policy.retry.first = first ?? policy.retry.first
        policy.retry.factor = factor ?? policy.retry.factor
        policy.retry.cap = cap ?? policy.retry.cap
        policy.retry.maximumAge = maximumAge ?? policy.retry.maximumAge
        policy.delayWarning = delayWarning ?? policy.delayWarning
    }
}

/// What holds for the mail of one tenant or campaign, besides what holds where it goes. Such mail has queues of its own, so
/// that it never stands in front of others'.
package struct SenderPolicy: Hashable, Sendable {
    /// What is different at one destination.
    package struct Exception: Hashable, Sendable {
        package var limits = EgressLimits()
        package var schedule = ScheduleChange()
        package var pool: String?
        package init() {}
    }

    /// Of all its mail together.
    package var limits = EgressLimits()
    /// Of its mail to each destination.
    package var limitsByDestination = EgressLimits()
    package var schedule = ScheduleChange()
    /// The egress pool that it leaves by, unless a message asks for another one; nil: the destination's.
    package var pool: String?
    /// By the destination's name.
    package var exceptions: [String: Exception] = [:]

    package init() {}

    func limits(to destination: String) -> EgressLimits {
        exceptions[destination]?.limits.falling(backTo: limitsByDestination) ?? limitsByDestination
    }

    func apply(to policy: inout DestinationPolicy, of destination: String) {
        schedule.apply(to: &policy)
        exceptions[destination]?.schedule.apply(to: &policy)
    }

    func pool(to destination: String) -> String? { exceptions[destination]?.pool ?? pool }
}

/// Tenants and campaigns that have settings of their own.
package struct SenderPolicies: Hashable, Sendable {
    package struct Campaign: Hashable, Sendable {
        /// Nil: whoever's it is.
        package var tenant: String?
        package var name: String
        package init(tenant: String? = nil, name: String) {
            self.tenant = tenant
            self.name = name
        }
    }

    package var tenants: [String: SenderPolicy] = [:]
    package var campaigns: [Campaign: SenderPolicy] = [:]
    /// Of each tenant that is not named, for itself; nil: they have nothing of their own.
    package var otherTenants: SenderPolicy?
    /// The same of campaigns, each tenant's for itself.
    package var otherCampaigns: SenderPolicy?

    package init() {}

    package var isEmpty: Bool {
        tenants.isEmpty && campaigns.isEmpty && otherTenants == nil && otherCampaigns == nil
    }

    /// Domains that need a queue of their own, since something is said of them.
    package var namedDestinations: Set<String> {
        let all = Array(tenants.values) + Array(campaigns.values) + [otherTenants, otherCampaigns].compactMap { $0 }
        return Set(all.flatMap(\.exceptions.keys))
    }

    /// Of the mail with these labels: whose queues it has. Nil: nobody's own.
    package func owner(tenant: String?, campaign: String?) -> (tenant: String?, campaign: String?) {
        let ownTenant = tenant.flatMap { tenants[$0] != nil || otherTenants != nil ? $0 : nil }
        guard let campaign, let found = find(campaign, of: tenant) else { return (ownTenant, nil) }
        return (found.isTenants ? tenant : ownTenant, campaign)
    }

    /// - Returns: `isTenants`: what it has is its tenant's campaign's alone.
    private func find(_ campaign: String, of tenant: String?) -> (policy: SenderPolicy, isTenants: Bool)? {
        if tenant != nil, let own = campaigns[Campaign(tenant: tenant, name: campaign)] { return (own, true) }
        if let shared = campaigns[Campaign(name: campaign)] { return (shared, false) }
        return otherCampaigns.map { ($0, tenant != nil) }
    }

    /// The wider one first.
    private func policies(_ tenant: String?, _ campaign: String?) -> [(key: String, policy: SenderPolicy)] {
        var found: [(String, SenderPolicy)] = []
        if let tenant, let policy = tenants[tenant] ?? otherTenants { found.append((LimitKey.tenant(tenant), policy)) }
        if let campaign, let own = find(campaign, of: tenant) {
            found.append((LimitKey.campaign(campaign, of: own.isTenants ? tenant : nil), own.policy))
        }
        return found
    }

    /// Nil: as usual where it goes.
    package func pool(tenant: String?, campaign: String?, to destination: String) -> String? {
        policies(tenant, campaign).reversed().lazy.compactMap { $0.policy.pool(to: destination) }.first
    }

    /// What the queue's mail counts against, besides its destination and source; only what limits something.
    package func limits(of queue: QueueName) -> [(key: String, limits: EgressLimits)] {
        policies(queue.tenant, queue.campaign).flatMap { key, policy in
            [
                (key, policy.limits),
                (LimitKey.sender(key, to: queue.destination), policy.limits(to: queue.destination)),
            ]
        }.filter { !$0.1.isEmpty }
    }

    /// The destination's policy with the schedule that the queue's mail has.
    func apply(to policy: inout DestinationPolicy, of queue: QueueName) {
        for (_, own) in policies(queue.tenant, queue.campaign) { own.apply(to: &policy, of: queue.destination) }
    }
}
