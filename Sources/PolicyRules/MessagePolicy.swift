/// A plug-in: what rules cannot say. Its functions are called on the event loop in the middle of a session and have to
/// answer at once: a table in memory, arithmetic; neither files nor locks that are held long, and nothing that waits.
/// They are called by several loops at once.
package protocol MessagePolicy: Sendable {
    /// What `mta policy test` and ``PolicyDecision/reasons`` call it.
    var name: String { get }
    /// Names of header fields that ``content(_:)`` wants to see.
    var headerNames: [String] { get }
    /// A client is there.
    func connection(_ facts: PolicyFacts) -> PolicyDecision
    /// MAIL.
    func sender(_ facts: PolicyFacts) -> PolicyDecision
    /// RCPT.
    func recipient(_ facts: PolicyFacts) -> PolicyDecision
    /// The end of the data, once for each recipient: the only one whose labels, fields, discarding and redirection
    /// count; of the others only a refusal does.
    func content(_ facts: PolicyFacts) -> PolicyDecision
}

extension MessagePolicy {
    package var headerNames: [String] { [] }
    package func connection(_ facts: PolicyFacts) -> PolicyDecision { .accept }
    package func sender(_ facts: PolicyFacts) -> PolicyDecision { .accept }
    package func recipient(_ facts: PolicyFacts) -> PolicyDecision { .accept }
    package func content(_ facts: PolicyFacts) -> PolicyDecision { .accept }

    func decide(_ facts: PolicyFacts) -> PolicyDecision {
        var decision =
            switch facts.stage {
            case .connection: connection(facts)
            case .sender: sender(facts)
            case .recipient: recipient(facts)
            case .content: content(facts)
            }
        if decision != .accept { decision.reasons = [name] }
        return decision
    }
}
