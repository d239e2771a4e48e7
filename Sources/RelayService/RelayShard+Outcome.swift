import DeliveryQueue
import EventLog
import MailTypes
import Measures
import NIOCore
import SMTPProtocol
import SpoolContract

// What follows from the answer of a next hop, or from none.
extension RelayShard {
    func finished(
        _ load: NextHopConnection.Load, _ result: TransactionResult, _ now: MonotonicInstant,
        success: QueuedMessage.Success, at hop: NextHopConnection
    ) {
        guard let message = messages[load.lease.id] else { return }
        if isShaping, result.refusal != nil || !result.refusedRecipients.isEmpty {
            observe(result, load.recipients.count, at: hop)
        }
        logOutcome(load, message, result, hop)
        let applied = message.apply(
            result, sent: load.recipients, success: success, keepsTime: hop.offersDeliverBy)
        counts.delivered += UInt64(applied.delivered)
        counts.bounced += UInt64(applied.failed)
        counts.queued -= UInt64(applied.delivered + applied.failed)
        hop.counts?.add(applied, sent: load.recipients.count)
        if hop.isLMTP { counts.deliveredByLMTP += UInt64(applied.delivered) }
        if let began = load.began { meters.transactions.record(nanoseconds: now.nanoseconds(since: began)) }
        if meters.breakdown != nil {
            let name = queue.name(of: load.lease.destination)
            meter(.delivered, applied.delivered, message.envelope, queue: name)
            meter(.bounced, applied.failed, message.envelope, queue: name)
        }
        if applied.delivered > 0, let accepted = message.acceptedInstant {
            meters.delivery.record(nanoseconds: now.nanoseconds(since: accepted))
            desk.latency.record(nanoseconds: now.nanoseconds(since: accepted))
        }
        settle(load, message)
    }

    private func settle(_ load: NextHopConnection.Load, _ message: QueuedMessage) {
        let lease = load.lease
        if message.isDone(for: queue.name(of: lease.destination)) {
            message.leases -= 1
            queue.finish(lease)
            endDelivery(lease.id, message)
        } else if load.recipients.allSatisfy({ message.recipients[$0] != .waiting }) {
            message.leases -= 1
            queue.release(lease)  // there were more recipients than one transaction carries
        } else {
            attemptFailed(lease, nil)
        }
    }

    /// The lease's attempt failed for now: the delivery waits for the next one, or was tried for long enough.
    func attemptFailed(_ lease: DeliveryQueue.Lease, _ reply: SMTPReply?) {
        let id = lease.id
        catchUp(with: lease)
        if let reply { messages[id]?.lastReply = reply }
        if let last = reply ?? messages[id]?.lastReply {
            queue.noteFailure(last, of: lease.destination, now: wallMilliseconds())
        }
        messages[id]?.leases -= 1
        let waiting = messages[id].map { $0.waiting(for: queue.name(of: lease.destination)) }
        let name = queue.name(of: lease.destination)
        let label = queue.label(of: lease)
        counts.deferrals += UInt64(waiting?.count ?? lease.recipients)
        meter(.deferred, waiting?.count ?? lease.recipients, label, queue: name)
        if let reply { log(.transientFailure, id, messages[id], waiting ?? [], queue: name, reply) }
        switch queue.deferred(lease, now: wallMilliseconds()) {
        case .retry(let due, let attempts, let warn):
            messages[id]?.attempts = attempts
            if warn { messages[id]?.isDelayReported = true }
            report(id)
            persist(
                id, attempts: attempts, due: due, isDelayReported: warn || lease.isDelayReported, label: label, reply)
            if warn {
                withMessage(id) {
                    $0.reportDelay(id, name)
                } unreadable: { [self] in
                    note("\(id) cannot be read: \($0)")
                }
            }
            cool(id)
        case .expired:
            withMessage(id) {
                $0.expire(id, name)
            } unreadable: { [self] in
                putAside(id, nil, lease.recipients, $0)
            }
        }
    }

    /// With the message in memory.
    /// - Parameter isLeased: it was leased while it was not in memory, so that the lease is still to be counted.
    func withMessage(
        _ id: MessageID, isLeased: Bool = false, _ body: @escaping (RelayShard) -> Void,
        unreadable: @escaping (SpoolFault) -> Void
    ) {
        guard messages[id] == nil else { return body(self) }
        readBack(id) { [self] outcome in
            switch outcome {
            case .found(let stored):
                keep(stored)
                if isLeased { messages[id]?.leases += 1 }
                body(self)
            case .unreadable(let fault): unreadable(fault)
            }
        }
    }

    private func expire(_ id: MessageID, _ destination: String) {
        guard let message = messages[id] else { return }
        let waiting = message.waiting(for: destination)
        let reply = expiry(of: message)
        log(.expiration, id, message, waiting, queue: destination, reply)
        failWaiting(id, waiting, reply, queue: destination)
        endDelivery(id)
    }

    /// The leased delivery can never go: these recipients fail.
    func fail(_ lease: DeliveryQueue.Lease, _ waiting: [Int], _ reply: SMTPReply) {
        end(lease, waiting, reply, as: .bounce)
    }

    /// The leased delivery's time is over.
    func expire(_ lease: DeliveryQueue.Lease, _ waiting: [Int], _ reply: SMTPReply) {
        end(lease, waiting, reply, as: .expiration)
    }

    private func end(
        _ lease: DeliveryQueue.Lease, _ waiting: [Int], _ reply: SMTPReply, as kind: MailEvent.Kind
    ) {
        let name = queue.name(of: lease.destination)
        catchUp(with: lease)
        log(kind, lease.id, messages[lease.id], waiting, queue: name, reply)
        failWaiting(lease.id, waiting, reply, queue: name)
        messages[lease.id]?.leases -= 1
        queue.finish(lease)
        endDelivery(lease.id)
    }

    private func failWaiting(_ id: MessageID, _ waiting: [Int], _ reply: SMTPReply, queue name: String) {
        messages[id]?.fail(waiting, reply)
        meter(.bounced, waiting.count, messages[id]?.envelope, queue: name)
        counts.bounced += UInt64(waiting.count)
        counts.queued -= UInt64(waiting.count)
    }

    /// One destination of the message is done with. What is known is kept: a crash must not send it there again.
    func endDelivery(_ id: MessageID) {
        guard let message = messages[id] else { return committer.submit(completion: id) }
        endDelivery(id, message)
    }

    private func endDelivery(_ id: MessageID, _ message: QueuedMessage) {
        message.deliveries -= 1
        guard message.deliveries > 0 else { return conclude(id, message) }
        report(id)
        persist(id, attempts: message.attempts, due: 0, isDelayReported: message.isDelayReported, nil)
    }

    /// Every recipient is done with: tell the sender what failed, then let the message go. The notification is
    /// submitted before the completion, so no crash can lose both.
    private func conclude(_ id: MessageID, _ message: QueuedMessage) {
        if message.content == nil, message.mustReport {
            return readBack(id) { [self] outcome in
                if case .found(let stored) = outcome { keep(stored) }
                finishOff(id, message)
            }
        }
        finishOff(id, message)
    }

    private func finishOff(_ id: MessageID, _ message: QueuedMessage) {
        report(id)
        committer.submit(completion: id)
        forgetContent(message)
        messages[id] = nil
        answer()
    }

    // MARK: What is written down

    /// A message to several destinations is due at once after a restart: the record has one due time.
    func persist(
        _ id: MessageID, attempts: UInt32, due: UInt64, isDelayReported: Bool, isHeld: Bool = false,
        label: DeliveryLabel = .none, _ reply: SMTPReply?
    ) {
        let message = messages[id]
        var state = DeliveryState(
            attempts: attempts, nextDueMilliseconds: (message?.deliveries ?? 1) > 1 ? 0 : due,
            recipients: message?.recipients ?? [],
            lastReply: (message?.lastReply ?? reply)?.description ?? "")
        state.isHeld = isHeld
        state.isDelayReported = isDelayReported
        state.isDeadlineReported = message?.isDeadlineReported ?? false
        state.labels = message?.rebound ?? (label.isRebound ? MessageLabels(label) : nil)
        committer.submit(state, for: id)
    }
}
