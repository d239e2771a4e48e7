import MailTypes
import Measures

/// Applies rules to the moments of all sessions of a sink. A value: the same questions in the same order get the same
/// answers, from the same seed.
package struct BehaviourEngine: Sendable {
    package let rules: SinkRules
    private var states: [RuleState]
    private let byStage: [SinkStage: [Int]]
    /// Of the first connection, nanoseconds.
    package private(set) var began: UInt64?

    package init(_ rules: SinkRules) {
        self.rules = rules
        states = Self.states(rules)
        byStage = Dictionary(grouping: rules.rules.indices) { rules.rules[$0].stage }
    }

    /// How often each rule did something, in the order of the rules.
    package var hits: [(name: String, count: UInt64)] { zip(rules.rules, states).map { ($0.name, $1.hits) } }

    private static func states(_ rules: SinkRules) -> [RuleState] {
        var seeds = SplitMix64(seed: rules.seed)
        return rules.rules.map { RuleState($0, seed: seeds.next()) }
    }

    /// Begins again: the same questions get the same answers as from a new engine. Only connections that are open still
    /// count in their limits.
    package mutating func reset() {
        let old = states
        states = Self.states(rules)
        for index in states.indices { states[index].open = old[index].open }
        began = nil
    }

    /// Whether anything can happen at this stage.
    package func asks(at stage: SinkStage) -> Bool { byStage[stage] != nil || rules.localParts == stage }

    /// - Parameter now: nanoseconds of a clock that does not go back. Time windows count from the first question.
    package mutating func decide(_ question: SinkQuestion, now: UInt64) -> SinkDecision {
        let elapsed = now - min(began ?? now, now)
        if began == nil { began = now }
        var decision = SinkDecision()
        if question.stage == rules.localParts, apply(LocalPartWish.of(question.recipients), to: &decision) {
            return decision
        }
        for index in byStage[question.stage] ?? [] {
            guard let recipients = rules.rules[index].match.recipients(of: question, elapsed: elapsed),
                states[index].isInShare()
            else { continue }
            let isSettled = apply(index, question, recipients, now, to: &decision)
            if isSettled { return decision }
        }
        return decision
    }

    /// The connection that had them is gone.
    package mutating func release(_ leases: [SinkLease]) {
        for lease in leases { states[lease.rule].release(lease.key) }
    }

    /// - Returns: whether no other rule is to be asked.
    private func apply(_ wish: LocalPartWish?, to decision: inout SinkDecision) -> Bool {
        switch wish {
        case .reply(let reply): decision.outcome = reply.code == 421 ? .close(reply) : .answer(reply)
        case .accept: decision.outcome = .answer(nil)
        case .delay(let time):
            decision.delay += time
            return false
        case nil: return false
        }
        return true
    }

    /// - Returns: whether this rule ends the matter.
    private mutating func apply(
        _ index: Int, _ question: SinkQuestion, _ recipients: [MailAddress], _ now: UInt64,
        to decision: inout SinkDecision
    ) -> Bool {
        let rule = rules.rules[index]
        switch rule.action {
        case .limit(let limit, let replies):
            guard let refusal = exceeds(limit, index, question, recipients, now, &decision) else { return false }
            decision.outcome = refusal ? settled(states[index].reply(replies)) : .answer(nil)
        case .greylist(let grey, let replies):
            guard isNew(grey, index, question, recipients, now) else { return false }
            decision.outcome = settled(states[index].reply(replies))
        case .mix(let outcomes):
            let drawn = states[index].outcome()
            decision.outcome = outcome(of: outcomes[drawn].action, index, drawn)
        default:
            if let change = change(rule.action) {
                change(&decision)
            } else if case .report(let report) = rule.action {
                decision.reports.append(
                    SinkReport(
                        kind: report.kind, reply: states[index].reply(report.replies) ?? ReportRule.usualReply,
                        delay: states[index].draw(report.delay), recipients: recipients, to: report.to))
            } else {
                decision.outcome = outcome(of: rule.action, index, 0)
            }
        }
        states[index].hits += 1
        if let delay = rule.delay { decision.delay += states[index].draw(delay) }
        return rule.action.isFinal
    }

    /// What goes on beside the answer.
    private func change(_ action: RuleAction) -> ((inout SinkDecision) -> Void)? {
        switch action {
        case .delay: { _ in }
        case .bandwidth(let rate): { $0.bytesPerSecond = rate }
        case .withhold(let keywords): { $0.withheld += keywords }
        case .breakTLS(let failure): { $0.failure = failure }
        default: nil
        }
    }

    private mutating func outcome(of action: RuleAction, _ index: Int, _ drawn: Int) -> SinkOutcome {
        switch action {
        case .accept(let replies): .answer(states[index].reply(replies, outcome: drawn))
        case .reply(let replies): settled(states[index].reply(replies, outcome: drawn))
        case .close(let replies): .close(states[index].reply(replies, outcome: drawn))
        case .drop(let bytes, let reset): .drop(afterBytes: bytes, withReset: reset)
        case .stall(let time): .stall(time)
        case .halfClose: .halfClose
        case .refuse: .drop(afterBytes: 0, withReset: true)
        default: .answer(nil)
        }
    }

    /// Behind 421 the connection ends (RFC 5321 §3.8).
    private func settled(_ reply: SMTPReply?) -> SinkOutcome { reply?.code == 421 ? .close(reply) : .answer(reply) }

    /// - Returns: true if the limit is reached, nil if there is room.
    private mutating func exceeds(
        _ limit: SinkLimit, _ index: Int, _ question: SinkQuestion, _ recipients: [MailAddress], _ now: UInt64,
        _ decision: inout SinkDecision
    ) -> Bool? {
        guard let key = limit.key(question, recipients) else { return nil }
        guard states[index].take(limit, key, now: now) else { return true }
        guard let most = limit.connections else { return nil }
        guard states[index].occupy(most, key) else { return true }
        decision.leases.append(SinkLease(rule: index, key: key))
        return nil
    }

    private mutating func isNew(
        _ rule: Greylisting, _ index: Int, _ question: SinkQuestion, _ recipients: [MailAddress], _ now: UInt64
    ) -> Bool {
        var isNew = false
        for recipient in recipients {
            var hasher = Hasher()
            hasher.combine(question.client)
            hasher.combine(question.sender)
            hasher.combine(recipient)
            if !states[index].isKnown(hasher.finalize(), rule, now: now) { isNew = true }
        }
        return isNew
    }
}

extension ReportRule {
    static let usualReply = SMTPReply(550, .init(5, 1, 1), "No such user here")
}

extension SinkLimit {
    fileprivate func key(_ question: SinkQuestion, _ recipients: [MailAddress]) -> LimitKey? {
        switch scope {
        case .all: .everybody
        case .client: question.client.map { .client($0) }
        case .listener: .listener(question.listener)
        case .domain:
            recipients.first.map { .domain($0.domain.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }) }
        }
    }
}

extension RuleAction {
    /// Whether rules behind it are not asked once it did something.
    fileprivate var isFinal: Bool {
        switch self {
        case .delay, .bandwidth, .withhold, .breakTLS, .report: false
        default: true
        }
    }
}

extension RuleMatch {
    /// - Returns: the recipients that match, nil if the rule does not hold. Of a question without recipients: none.
    fileprivate func recipients(of question: SinkQuestion, elapsed: UInt64) -> [MailAddress]? {
        if let window, !window.contains(elapsed) { return nil }
        if let clients {
            guard let client = question.client, clients.contains(client) else { return nil }
        }
        if !listeners.isEmpty, !listeners.contains(where: { $0.matches(question.listener.utf8) }) { return nil }
        if !senders.isEmpty {
            guard let sender = question.sender, senders.contains(where: { $0.matches(sender.bytes) }) else {
                return nil
            }
        }
        guard !domains.isEmpty || !recipients.isEmpty else { return question.recipients }
        let found = question.recipients.filter { address in
            (domains.isEmpty || domains.contains { $0.matches(address.domain) })
                && (recipients.isEmpty || recipients.contains { $0.matches(address.bytes) })
        }
        return found.isEmpty ? nil : found
    }
}
