package import MailTypes

/// Rules in their order, then plug-ins in theirs: facts in, decision out. A value without a clock or a file.
///
/// Order decides, also between stages: a rule that is not decided yet and would end the matter keeps later ones from
/// being asked before it is. So the decision at an early stage is always the one that the end of the data would bring.
package struct PolicyMachine: Sendable {
    package let rules: [PolicyRule]
    package let plugIns: [any MessagePolicy]
    /// Names in lower case; empty: the header is not looked at.
    package let headerNames: Set<String>
    /// Stages at which something may be refused.
    private let stages: Set<PolicyStage>

    package init(rules: [PolicyRule], plugIns: [any MessagePolicy] = []) {
        self.rules = rules
        self.plugIns = plugIns
        headerNames = Set((rules.flatMap(\.headerNames) + plugIns.flatMap(\.headerNames)).map { $0.lowercased() })
        stages = plugIns.isEmpty ? Self.stages(rules) : Set(PolicyStage.allCases)
    }

    /// A rule waits for those before it that may end the matter.
    private static func stages(_ rules: [PolicyRule]) -> Set<PolicyStage> {
        var stages: Set<PolicyStage> = []
        var latest = PolicyStage.connection
        for rule in rules where rule.action.ends {
            latest = max(latest, rule.stage)
            guard rule.action.refuses else { continue }
            stages.formUnion(PolicyStage.allCases.filter { (rule.stage...latest).contains($0) })
        }
        return stages
    }

    /// Nothing to ask anybody.
    package var isEmpty: Bool { rules.isEmpty && plugIns.isEmpty }

    /// False: no rule can refuse anything at this stage that it could not refuse before.
    package func mayRefuse(at stage: PolicyStage) -> Bool { stages.contains(stage) }

    /// What is said at the stage of the facts. Before the end of the data only a refusal counts.
    package func decide(_ facts: PolicyFacts) -> PolicyDecision {
        var decision = PolicyDecision()
        rules: for rule in rules {
            switch rule.matches(facts) {
            case false?: continue
            case nil:
                if rule.action.ends { return decision }
            case true?:
                rule.action.apply(to: &decision, facts)
                decision.reasons.append(rule.name)
                if rule.action.ends { break rules }
            }
        }
        return decision.isFinal ? decision : asked(decision, facts)
    }

    /// A rule's `stop` stops rules; plug-ins are asked all the same.
    private func asked(_ decision: PolicyDecision, _ facts: PolicyFacts) -> PolicyDecision {
        var decision = decision
        for plugIn in plugIns {
            decision.add(plugIn.decide(facts))
            if decision.isFinal { break }
        }
        return decision
    }

    /// The refusal at a stage before the end of the data, if there is one.
    package func refusal(_ facts: PolicyFacts) -> SMTPReply? {
        guard mayRefuse(at: facts.stage), case .refused(let reply) = decide(facts).outcome else { return nil }
        guard facts.stage == .connection else { return reply }
        // What a greeting may be (RFC 5321 §3.1).
        return SMTPReply(reply.isPermanent ? 554 : 421, reply.enhanced, reply.text)
    }
}
