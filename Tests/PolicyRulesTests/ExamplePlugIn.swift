import MailTypes
import PolicyRules

/// Refuses recipients that unsubscribed and says in a field whose mail it is: the example of docs/POLICY.md.
struct SuppressionList: MessagePolicy {
    let name = "suppression"
    let headerNames = ["X-Tenant"]
    /// Lower case.
    let suppressed: Set<String>

    func recipient(_ facts: PolicyFacts) -> PolicyDecision {
        guard suppressed.contains(facts.recipient.description.lowercased()) else { return .accept }
        return .refuse(SMTPReply(550, .init(5, 7, 1), "Has unsubscribed"))
    }

    func content(_ facts: PolicyFacts) -> PolicyDecision {
        var decision = recipient(facts)
        let tenant = facts.header.values("X-Tenant").first ?? "unknown"
        decision.labels.tenant = tenant
        decision.addField("X-Sent-For", tenant)
        decision.removeField("X-Tenant")
        return decision
    }
}
