package import MailTypes

/// What the decisions for all recipients of a message come to.
///
/// The client of SMTP gets one answer for all of them, so one recipient's refusal is everybody's: to accept and to
/// return the rest would send notifications to senders that are often forged. Recipients with different labels or
/// fields get messages of their own.
package struct PolicySplit: Sendable {
    /// One message with the same content.
    package struct Part: Sendable, Hashable {
        /// Places in the envelope.
        package var recipients: [Int]
        package var labels: MessageLabels
        package var addedFields: [UInt8]
        package var removedFields: Set<String>

        package var changesHeader: Bool { !addedFields.isEmpty || !removedFields.isEmpty }
    }

    package private(set) var refusal: SMTPReply?
    package private(set) var parts: [Part] = []
    /// Places of recipients whose message is dropped.
    package private(set) var discarded: [Int] = []
    /// By the recipient's place.
    package private(set) var redirects: [Int: MailAddress] = [:]

    /// - Parameter decisions: by recipient.
    package init(_ decisions: [PolicyDecision]) {
        var places: [Part: Int] = [:]
        for (index, decision) in decisions.enumerated() {
            switch decision.outcome {
            case .refused(let reply):
                // For good before for now: trying again would not help that recipient.
                if refusal == nil || (reply.isPermanent && refusal?.isPermanent == false) { refusal = reply }
            case .discarded: discarded.append(index)
            case .accepted:
                var key = Part(
                    recipients: [], labels: decision.labels, addedFields: decision.addedFields,
                    removedFields: decision.removedFields)
                redirects[index] = decision.redirect
                if let place = places[key] {
                    parts[place].recipients.append(index)
                } else {
                    places[key] = parts.count
                    key.recipients = [index]
                    parts.append(key)
                }
            }
        }
    }

    /// The part's envelope: redirected, each address once.
    package func envelope(of part: Part, from whole: Envelope) -> Envelope {
        var envelope = whole.narrowed(to: part.recipients)
        if !redirects.isEmpty { redirect(&envelope, part) }
        if !part.labels.isEmpty {
            var labels = envelope.labels ?? MessageLabels()
            labels.add(part.labels)
            envelope.labels = labels
        }
        return envelope
    }

    private func redirect(_ envelope: inout Envelope, _ part: Part) {
        var seen: Set<MailAddress> = []
        var kept: [Int] = []
        for (position, index) in part.recipients.enumerated() {
            if let address = redirects[index] { envelope.recipients[position] = address }
            if seen.insert(envelope.recipients[position]).inserted { kept.append(position) }
        }
        envelope = envelope.narrowed(to: kept)
    }
}
