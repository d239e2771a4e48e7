import MailTypes
import RunRecords

// Tenants and campaigns.
extension MTASettings {
    func checkSenders(_ faults: inout [RecordFault]) {
        var seen: Set<String> = []
        for tenant in tenants {
            checkSenderName(tenant.name, "name", tenant.mapping, &faults)
            if !seen.insert(tenant.name).inserted {
                note(&faults, tenant.mapping, "name", "'\(tenant.name)' appears twice")
            }
            check(tenant.values, tenant.mapping, &faults)
        }
        seen = []
        for campaign in campaigns {
            checkSenderName(campaign.name, "name", campaign.mapping, &faults)
            if let tenant = campaign.tenant { checkSenderName(tenant, "tenant", campaign.mapping, &faults) }
            if campaign.name == "*", campaign.tenant != nil {
                note(&faults, campaign.mapping, "tenant", "not beside the name '*', which is each tenant's for itself")
            }
            if !seen.insert(campaign.name + "\n" + (campaign.tenant ?? "")).inserted {
                note(&faults, campaign.mapping, "name", "'\(campaign.name)' appears twice")
            }
            check(campaign.values, campaign.mapping, &faults)
        }
    }

    private func checkSenderName(
        _ name: String, _ key: String, _ mapping: StrictMapping?, _ faults: inout [RecordFault]
    ) {
        if name.isEmpty { note(&faults, mapping, key, "is missing") }
        if name.utf8.count > MessageLabels.textLimit {
            note(&faults, mapping, key, "longer than \(MessageLabels.textLimit) octets")
        }
    }

    private func check(_ values: SenderValues, _ mapping: StrictMapping?, _ faults: inout [RecordFault]) {
        checkPool(values.egressPool, mapping, &faults)
        var seen: Set<String> = []
        for entry in values.destinations {
            checkPool(entry.egressPool, entry.mapping, &faults)
            guard let name = entry.name?.text else {
                note(&faults, entry.mapping, "name", "is missing")
                continue
            }
            if !seen.insert(name).inserted { note(&faults, entry.mapping, "name", "'\(name)' appears twice") }
        }
    }
}
