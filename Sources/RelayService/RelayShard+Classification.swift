import EventLog
import MailTypes
import ReplyClassification

// What failures were about, where that is wanted.
extension RelayShard {
    /// Puts category and normalised code into an event of a failure, and counts its recipients.
    func classify(_ event: inout MailEvent) {
        guard let rules = configuration.classification, let reply = event.response else { return }
        switch event.kind {
        case .bounce, .transientFailure, .expiration, .outOfBand: break
        default: return
        }
        // Other rules after a reload have nothing remembered.
        if verdicts?.classifier !== rules.classifier {
            verdicts = RememberedVerdicts(rules.classifier, limit: rules.remembered)
        }
        let verdict = verdicts!.classify(reply)
        let origin = verdict.enhanced.origin
        event.enhancedCode = .init(verdict.enhanced.code, origin: origin == .given ? nil : origin.rawValue)
        guard reply.isTransient || reply.isPermanent else { return }
        event.classification = verdict.category.name
        counts.categories[event.kind, default: [:]][verdict.category.name, default: 0] +=
            UInt64(max(1, event.recipients.count))
    }
}
