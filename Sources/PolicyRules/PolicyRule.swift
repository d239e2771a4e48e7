import MTAConfiguration
import MailTypes

/// One rule: what has to hold, and what follows.
package struct PolicyRule: Sendable {
    package let name: String
    var conditions: [PolicyCondition] = []
    var action = PolicyAction()

    /// When it is known whether it matches, whatever the message is.
    package var stage: PolicyStage { conditions.map(\.stage).max() ?? .connection }

    /// Nil: not known yet.
    func matches(_ facts: PolicyFacts) -> Bool? {
        var isKnown = true
        for condition in conditions {
            switch condition.holds(facts) {
            case false?: return false
            case nil: isKnown = false
            case true?: break
            }
        }
        return isKnown ? true : nil
    }

    var headerNames: [String] {
        let asked = conditions.compactMap { condition -> String? in
            if case .header(let name, _) = condition { name } else { nil }
        }
        return asked + action.headerNames
    }
}

/// `then` of a rule.
struct PolicyAction: Sendable {
    var tenant: PolicyTemplate?
    var campaign: PolicyTemplate?
    var pool: PolicyTemplate?
    /// A client's text chooses among these: it makes no queue of its own.
    var knownPools: Set<String> = []
    var routingDomain: PolicyTemplate?
    var metadata: [(name: String, value: PolicyTemplate)] = []
    var addedFields: [(name: String, value: PolicyTemplate)] = []
    var removedFields: [String] = []
    var outcome = PolicyDecision.Outcome.accepted
    var redirect: MailAddress?
    var stops = false

    /// Later rules have no say.
    var ends: Bool { stops || outcome != .accepted }

    var refuses: Bool { if case .refused = outcome { true } else { false } }

    var headerNames: [String] {
        let templates = [tenant, campaign, pool, routingDomain].compactMap(\.self)
        return (templates + metadata.map(\.value) + addedFields.map(\.value)).flatMap(\.headerNames)
    }

    func apply(to decision: inout PolicyDecision, _ facts: PolicyFacts) {
        let most = MessageLabels.textLimit
        func filled(_ template: PolicyTemplate?) -> String? {
            template.map { $0.text(facts, most: most) }.flatMap { $0.isEmpty ? nil : $0 }
        }
        decision.labels.tenant = filled(tenant) ?? decision.labels.tenant
        decision.labels.campaign = filled(campaign) ?? decision.labels.campaign
        // A client's text names a pool or a domain, or nothing.
        if let name = filled(pool), knownPools.contains(name) { decision.labels.pool = name }
        if let name = filled(routingDomain), let domain = try? DomainName(written: name) {
            decision.labels.routingDomain = domain.text
        }
        for (name, value) in metadata { decision.note(name, value.text(facts, most: most)) }
        for (name, value) in addedFields { decision.addField(name, value.text(facts, most: FieldText.longestValue)) }
        for name in removedFields { decision.removeField(name) }
        decision.redirect = redirect ?? decision.redirect
        decision.outcome = outcome
    }
}
