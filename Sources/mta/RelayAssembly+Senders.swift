import DeliveryQueue
import MTAConfiguration

// Tenants and campaigns with settings of their own.
extension RelayAssembly {
    func senders() -> SenderPolicies {
        var senders = SenderPolicies()
        for tenant in settings.tenants {
            let policy = policy(tenant.values)
            if tenant.name == "*" { senders.otherTenants = policy } else { senders.tenants[tenant.name] = policy }
        }
        for campaign in settings.campaigns {
            let policy = policy(campaign.values)
            if campaign.name == "*" {
                senders.otherCampaigns = policy
            } else {
                senders.campaigns[.init(tenant: campaign.tenant, name: campaign.name)] = policy
            }
        }
        return senders
    }

    private func policy(_ values: SenderValues) -> SenderPolicy {
        var policy = SenderPolicy()
        policy.limits = values.limits.limits
        policy.limitsByDestination = values.limitsByDestination?.limits.limits ?? policy.limitsByDestination
        policy.schedule = values.schedule.change
        policy.pool = values.egressPool
        for entry in values.destinations {
            var exception = SenderPolicy.Exception()
            exception.limits = entry.limits.limits
            exception.schedule = entry.schedule.change
            exception.pool = entry.egressPool
            policy.exceptions[entry.name!.text] = exception
        }
        return policy
    }
}
