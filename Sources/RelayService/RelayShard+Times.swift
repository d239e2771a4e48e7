import DeliveryQueue
import Foundation
import MailTypes
import SpoolContract

// Mail that goes later, or has to be there by a time (RFC 4865, RFC 2852, X-Schedule). Mail without such terms meets one
// look at a nil.
extension RelayShard {
    /// What the queue has to know of the message's times; nil: nothing.
    func times(of message: QueuedMessage) -> DeliveryQueue.Times? {
        guard let terms = message.envelope.terms else { return nil }
        // The same after a restart: its age counts from then on.
        let first = opening(of: terms, from: max(terms.notBefore, message.acceptedMilliseconds))
        return .init(
            notBefore: first ?? terms.notBefore, returnedAt: terms.returnedAt,
            noticeAt: message.isDeadlineReported ? nil : terms.noticeAt)
    }

    /// A new delivery of a message that is safe.
    /// - Returns: it goes later.
    func accept(
        _ message: QueuedMessage, _ id: MessageID, _ recipients: Int, to name: String, _ label: DeliveryLabel? = nil
    ) -> Bool {
        let envelope = message.envelope
        let times = times(of: message)
        let now = times == nil ? 0 : wallMilliseconds()
        queue.accept(
            id, recipients: recipients, to: name, label: label ?? self.label(of: envelope),
            isSilent: envelope.isSilent, times: times, now: now)
        return times.map { $0.notBefore > now } ?? false
    }

    /// When the message's window opens; nil: there is none.
    private func opening(of terms: DeliveryTerms, from time: UInt64) -> UInt64? {
        guard let window = terms.window else { return nil }
        guard let zone = TimeZone(identifier: window.timeZone) else { return time }
        return window.opening(from: time) { zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double($0))) }
    }

    /// It may not be tried now after all: it waits.
    /// - Returns: false if it may.
    func waitsForItsTime(_ lease: DeliveryQueue.Lease, _ message: QueuedMessage) -> Bool {
        let now = wallMilliseconds()
        guard let terms = message.envelope.terms, let known = queue.times(of: lease) else { return false }
        let earliest = max(known.notBefore, now)
        let until = opening(of: terms, from: earliest) ?? earliest
        guard until > now else { return false }
        message.leases -= 1
        queue.postpone(lease, until: until, now: now)
        cool(lease.id)
        return true
    }

    /// When the queue gives the message up, seconds since 1970.
    func triedUntil(_ message: QueuedMessage, _ name: String) -> Int {
        let times = times(of: message)
        let birth = max(message.acceptedMilliseconds, times?.notBefore ?? 0)
        let end = birth + configuration.policies[name].retry.maximumAge
        return Int(min(end, times?.returnedAt ?? .max) / 1_000)
    }

    // MARK: The time is over

    /// Deliveries that are ended in one go: each may be read back and makes a notification, and a whole campaign may have had
    /// the same time.
    private static let endedAtOnce = 256

    /// Four times a second: what was to be delivered by now.
    func endOverdue() {
        let now = wallMilliseconds()
        for _ in 0..<Self.endedAtOnce {
            guard let overdue = queue.nextOverdue(now: now) else { return }
            switch overdue {
            case .returned(let lease): returnOverdue(lease)
            case .noticed(let delivery):
                let id = delivery.id
                withMessage(id) { shard in
                    shard.reportDeadline(delivery)
                } unreadable: { [self] fault in
                    note("\(id) cannot be read: \(fault)")
                }
            }
        }
    }

    private func returnOverdue(_ lease: DeliveryQueue.Lease) {
        let isCold = messages[lease.id] == nil
        if !isCold { messages[lease.id]!.leases += 1 }
        withMessage(lease.id, isLeased: isCold) { shard in
            guard let message = shard.messages[lease.id] else { return }
            let name = shard.queue.name(of: lease.destination)
            shard.expire(lease, message.waiting(for: name), shard.expiry(of: message))
        } unreadable: { [self] fault in
            if case .corrupt = fault { putAside(lease, fault) } else { attemptFailed(lease, fault.reply) }
        }
    }

    /// What the sender of a message is told whose time is over.
    func expiry(of message: QueuedMessage) -> SMTPReply {
        let last = message.lastReply?.description ?? "never attempted"
        let (terms, now) = (message.envelope.terms, wallMilliseconds())
        if let by = terms?.deliverBy, by.mode == .return, by.deadline <= now {
            return SMTPReply(554, .init(5, 4, 7), "Not delivered within \(by.seconds) seconds, as asked; last: \(last)")
        }
        if let end = terms?.expires, end <= now {
            let date = InternetDate.text(unixSeconds: Int(end / 1_000))
            return SMTPReply(554, .init(5, 4, 7), "Not delivered until \(date), as asked; last: \(last)")
        }
        return SMTPReply(554, .init(5, 4, 7), "Delivery time expired; last: \(last)")
    }

    /// RFC 2852 §4.1.3: the message goes on, and its sender is told.
    private func reportDeadline(_ delivery: DeliveryQueue.Summary) {
        guard let message = messages[delivery.id], let by = message.envelope.terms?.deliverBy else { return }
        message.isDeadlineReported = true
        reportNotInTime(delivery.id, delivery.destination, by)
        persist(
            delivery.id, attempts: UInt32(delivery.attempts), due: delivery.due ?? 0,
            isDelayReported: delivery.isDelayReported, isHeld: delivery.place == "held", label: delivery.label, nil)
        cool(delivery.id)
    }
}

extension QueuedMessage {
    /// Its sender hears whom it was handed to, unless it wants to hear of nothing (RFC 2852 §4.1.4).
    func wantsToKnowOfTimes(_ recipient: Int) -> Bool {
        guard let notify = envelope.options(of: recipient).notify else { return true }
        return notify != .never
    }
}
