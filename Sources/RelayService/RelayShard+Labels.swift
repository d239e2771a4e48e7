import DeliveryQueue
import MailTypes

// What the queue knows of a delivery besides its destination.
extension RelayShard {
    /// Of the message's recipients, or of some of them.
    func label(of envelope: Envelope, _ recipients: [Int]? = nil) -> DeliveryLabel {
        var label = envelope.labels.map { DeliveryLabel($0) } ?? .none
        label.domain = domain(of: envelope, recipients)
        return label
    }

    func label(of message: QueuedMessage, _ recipients: [Int]) -> DeliveryLabel {
        var label = label(of: message.envelope, recipients)
        label.isRebound = message.rebound != nil
        return label
    }

    /// The domain that all of them have, lower case; nil: they have several.
    private func domain(of envelope: Envelope, _ recipients: [Int]?) -> String? {
        let first = envelope.recipients[recipients?.first ?? 0].domain
        let isOne =
            recipients?.allSatisfy { Self.isSame(envelope.recipients[$0].domain, first) }
            ?? envelope.recipients.dropFirst().allSatisfy { Self.isSame($0.domain, first) }
        guard isOne else { return nil }
        // Mail often goes where the mail before it went.
        if desk.lastDomain.octets.elementsEqual(first) { return desk.lastDomain.text }
        let text = String(decoding: first.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }, as: UTF8.self)
        desk.lastDomain = (Array(first), text)
        return text
    }

    /// Domains are compared without regard to case (RFC 5321 §2.4).
    private static func isSame(_ one: ArraySlice<UInt8>, _ other: ArraySlice<UInt8>) -> Bool {
        one.count == other.count
            && zip(one, other).allSatisfy {
                $0 == $1 || ($0 | 0x20 == $1 | 0x20 && (0x61...0x7A).contains($0 | 0x20))
            }
    }

    /// Gives a message that the spool has the labels of orders that were not done with when the relay ended. They are the
    /// message's, whichever of its deliveries an order is about, and decide where all of them go.
    /// - Returns: recipients of deliveries that are an event each; nil: the spool knows the labels.
    func rebindAsOrdered(_ message: QueuedMessage, _ found: DeliveryQueue.Found) -> Set<Int>? {
        var (found, unlogged) = (found, Set<Int>?.none)
        for order in desk.rebinds {
            var fresh: DeliveryLabel?
            for (name, recipients) in Self.groups(restoredPlaces(message)) {
                found.label = label(of: message, recipients)
                guard order.concerns(found, in: name, queue) else { continue }
                var label = found.label
                label.rebind(order.change)
                // Written before the end.
                guard label != found.label else { continue }
                fresh = label
                unlogged = (unlogged ?? []).union(order.isLogged && logs(.adminRebind) ? recipients : [])
            }
            if let fresh { message.rebind(fresh) }
        }
        return unlogged
    }

    /// The delivery goes on before the labels that an operator gave it were written down: the message and the log learn them
    /// now.
    func catchUp(with lease: DeliveryQueue.Lease) {
        guard let rebound = queue.takeUnwritten(lease) else { return }
        messages[lease.id]?.rebind(rebound.label)
        if rebound.isUnlogged { logRebind(rebound, messages[lease.id]) }
    }

    /// Where a delivery with this label belongs.
    func way(_ label: DeliveryLabel, _ message: QueuedMessage?, _ queue: String) -> DeliveryQueue.Way {
        // Which recipients go along is with the message.
        if let message, message.deliveries > 1 { return .leased }
        guard let domain = label.routingDomain ?? label.domain else { return .stays }
        let labels = MessageLabels(label)
        switch route(of: MailAddress("postmaster@" + domain), labels) {
        case .destination(let name): return .queue(name)
        case .unknown(let domain): return .queue(queueName(domain, labels))
        case .impossible: return .stays
        }
    }
}

/// An operator's order of other labels that was not written to the spool whole.
struct PendingRebind: Sendable {
    var selection: MailSelection
    var change: LabelChange
    /// Mail accepted later is not meant, milliseconds since 1970.
    var acceptedBy: UInt64
    /// Each is an event.
    var isLogged = true

    func concerns(_ found: DeliveryQueue.Found, in name: String, _ queue: borrowing DeliveryQueue) -> Bool {
        found.id.milliseconds <= acceptedBy && selection.ids?.contains(found.id) ?? true
            && found.label.fits(selection) && queue.fits(name, selection)
    }
}

extension Envelope {
    /// Nobody is to be told when it fails: there is no sender, or nobody of its recipients has him want to know (RFC 3461
    /// §4.1).
    var isSilent: Bool {
        if reversePath.isNull { return true }
        guard let wishes = options?.recipients, wishes.count == recipients.count else { return false }
        return wishes.allSatisfy { !($0.notify?.contains(.failure) ?? true) }
    }
}
