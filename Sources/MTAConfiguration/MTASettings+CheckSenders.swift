import MailTypes
import Measures
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
            check(tenant.values, [], tenant.mapping, &faults)
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
            let owner = tenants.first { $0.name == campaign.tenant }
            check(campaign.values, [(owner?.values.schedule.retryCap, " of its tenant")], campaign.mapping, &faults)
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

    /// A longest delay, and whose it is.
    private typealias Cap = (value: HumanDuration?, whose: String)

    /// - Parameter caps: those that hold where its own section says none, the nearest first, without the one at the top.
    private func check(
        _ values: SenderValues, _ caps: [Cap], _ mapping: StrictMapping?, _ faults: inout [RecordFault]
    ) {
        checkPool(values.egressPool, mapping, &faults)
        checkRetry(values.schedule, caps, mapping, &faults)
        var seen: Set<String> = []
        for entry in values.destinations {
            checkPool(entry.egressPool, entry.mapping, &faults)
            guard let name = entry.name?.text else {
                note(&faults, entry.mapping, "name", "is missing")
                continue
            }
            if !seen.insert(name).inserted { note(&faults, entry.mapping, "name", "'\(name)' appears twice") }
            let domain = domains.first { $0.name?.text == name }
            let all: Cap = (values.schedule.retryCap, " to all destinations")
            let there: Cap = (domain?.retryCap, " of the domain '\(name)'")
            checkRetry(entry.schedule, [all] + caps + [there], entry.mapping, &faults)
        }
    }

    /// A first delay that is longer than the longest would be cut without a word. What a domain of its own says of the longest
    /// holds there whatever is said of all: it is meant so.
    private func checkRetry(
        _ own: ScheduleValues, _ wider: [Cap], _ mapping: StrictMapping?, _ faults: inout [RecordFault]
    ) {
        guard let first = own.retryFirst else { return }
        let (nearest, last): (Cap, Cap) = ((own.retryCap, ""), (retryCap, " at the top"))
        let caps = [nearest] + wider + [last]
        guard let cap = caps.first(where: { $0.value != nil }), let most = cap.value,
            first.nanoseconds > most.nanoseconds
        else { return }
        note(
            &faults, mapping, "retry_first", "'\(first)' is longer than `retry_cap`\(cap.whose), \(most): set that, too"
        )
    }
}
