package import MailTypes

/// What is to become of a message for one recipient.
package struct PolicyDecision: Sendable, Hashable {
    package enum Outcome: Sendable, Hashable {
        case accepted
        /// The client is told so: 5yz for good, 4yz for now.
        case refused(SMTPReply)
        /// The client is told 250, and the message goes nowhere.
        case discarded
    }

    package var outcome = Outcome.accepted
    package var labels = MessageLabels()
    /// Fields for the top of the header, CRLF ended; see ``addField(_:_:)``.
    package private(set) var addedFields: [UInt8] = []
    /// Names in lower case.
    package private(set) var removedFields: Set<String> = []
    /// It goes there instead of to its recipient.
    package var redirect: MailAddress?
    /// Rules and plug-ins that had a say, in their order.
    package var reasons: [String] = []

    /// Octets of all added fields; what does not fit is left out.
    package static let mostAdded = 16 << 10

    package init() {}

    package static let accept = PolicyDecision()
    package static func refuse(_ reply: SMTPReply) -> PolicyDecision {
        var decision = PolicyDecision()
        decision.outcome = .refused(reply)
        return decision
    }

    /// The text becomes one line of ASCII without control characters: no field can be smuggled in with it.
    package mutating func addField(_ name: String, _ value: String) {
        guard let field = FieldText.field(name, value), addedFields.count + field.count <= Self.mostAdded else {
            return
        }
        addedFields += field
    }

    package mutating func removeField(_ name: String) { removedFields.insert(name.lowercased()) }

    /// A word for the event log; bounded as labels are.
    package mutating func note(_ name: String, _ value: String) {
        let isKnown = labels.metadata[name] != nil
        guard isKnown || labels.metadata.count < MessageLabels.metadataLimit, !name.isEmpty, !value.isEmpty else {
            return
        }
        labels.metadata[FieldText.line(name, most: MessageLabels.textLimit)] = FieldText.line(
            value, most: MessageLabels.textLimit)
    }

    var isFinal: Bool { outcome != .accepted }

    /// Takes in what somebody said later: it wins where both say something.
    mutating func add(_ later: PolicyDecision) {
        if !isFinal { outcome = later.outcome }
        labels.add(later.labels)
        if addedFields.count + later.addedFields.count <= Self.mostAdded { addedFields += later.addedFields }
        removedFields.formUnion(later.removedFields)
        redirect = later.redirect ?? redirect
        reasons += later.reasons
    }
}

extension MessageLabels {
    /// Takes in later ones: they win where both say something.
    package mutating func add(_ later: MessageLabels) {
        tenant = later.tenant ?? tenant
        campaign = later.campaign ?? campaign
        pool = later.pool ?? pool
        routingDomain = later.routingDomain ?? routingDomain
        for (name, value) in later.metadata where metadata[name] != nil || metadata.count < Self.metadataLimit {
            metadata[name] = value
        }
    }
}
