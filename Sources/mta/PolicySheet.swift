import Foundation
import MailTypes
import PolicyRules

/// What `mta policy test` prints.
struct PolicySheet {
    enum Format: String { case text, json }

    /// What is decided for one recipient.
    struct Entry: Encodable {
        var recipient: String
        /// Names, in their order.
        var rules: [String]
        /// `accepted`, `refused`, `discarded`.
        var decision: String
        var reply: String?
        /// Of a refusal: `connection`, `MAIL`, `RCPT`, `end of data`.
        var stage: String?
        var tenant, campaign, pool, routing_domain, redirect: String?
        var metadata: [String: String]
        var added_fields, removed_fields: [String]

        init(_ machine: PolicyMachine, _ facts: PolicyFacts) {
            let decision = machine.decide(facts)
            recipient = facts.recipient.description
            rules = decision.reasons
            self.decision = "accepted"
            switch decision.outcome {
            case .accepted: break
            case .discarded: self.decision = "discarded"
            case .refused(let final):
                self.decision = "refused"
                let told = Self.refusal(machine, facts) ?? (final.description, PolicyStage.content.name)
                reply = told.0
                stage = told.1
            }
            let labels = decision.labels
            (tenant, campaign, pool) = (labels.tenant, labels.campaign, labels.pool)
            (routing_domain, redirect) = (labels.routingDomain, decision.redirect?.description)
            metadata = labels.metadata
            added_fields = String(decoding: decision.addedFields, as: UTF8.self).split(separator: "\r\n").map(
                String.init)
            removed_fields = decision.removedFields.sorted()
        }

        /// The first stage at which the client is told.
        private static func refusal(_ machine: PolicyMachine, _ facts: PolicyFacts) -> (String, String)? {
            for stage in PolicyStage.allCases {
                var early = facts
                early.stage = stage
                if let reply = machine.refusal(early) { return (reply.description, stage.name) }
            }
            return nil
        }

        var lines: [(String, String)] {
            let answer = reply.map { ": \($0) at \(stage ?? "")" } ?? ""
            var lines = [
                ("recipient", recipient), ("rules", rules.isEmpty ? "none" : rules.joined(separator: ", ")),
                ("decision", decision + answer),
            ]
            let labels = [
                ("tenant", tenant), ("campaign", campaign), ("pool", pool), ("routing_domain", routing_domain),
                ("redirect", redirect),
            ]
            lines += labels.compactMap { name, text in text.map { (name, $0) } }
            lines += metadata.sorted { $0.key < $1.key }.map { ("metadata", "\($0.key): \($0.value)") }
            lines += added_fields.map { ("add_header", $0) } + removed_fields.map { ("remove_header", $0) }
            return lines
        }
    }

    private let entries: [Entry]

    init(_ entries: [Entry]) { self.entries = entries }

    func render(_ format: Format) throws -> String {
        switch format {
        case .json: return try prettyJSON(entries)
        case .text:
            return entries.map { entry in
                entry.lines.map { name, text in
                    name.padding(toLength: 16, withPad: " ", startingAt: 0) + text + "\n"
                }.joined()
            }.joined(separator: "\n")
        }
    }
}
