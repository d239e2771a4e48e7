import DeliveryQueue
import MailTypes
import NIOCore

// Mail that an operator returns to its senders. Taking it out of the queue takes no longer than looking at it; telling the
// senders needs what is in the spool, and is done bit by bit behind it. Until it is done the order is in the file of
// standing orders, so that a crash in between does not send what was to be returned.
extension RelayShard {
    /// Messages that are read back at a time for this: deliveries want the disk, too.
    private static let readAtOnce = 8
    /// Deliveries of one step.
    private static let returnedAtOnce = 64

    /// Takes waiting mail out of the queue. Mail that becomes ready from now on goes the same way if the order is given
    /// to the queue, too.
    func bounce(
        _ selection: MailSelection, order: String, reply: SMTPReply, isQuiet: Bool
    ) -> EventLoopFuture<Int> {
        desk.returning[order] = .init(reply: reply, isQuiet: isQuiet)
        return sweep(selection) { shard, sweep, limit in
            let count = shard.queue.bounce(&sweep, limit, order: order)
            if sweep.isOver { shard.goOnReturning(order) }
            return count
        }
    }

    /// Nothing is left to be returned by this order.
    func hasReturnedAll(_ order: String) -> Bool {
        guard let returning = desk.returning[order] else { return true }
        return returning.open == 0 && !returning.isScheduled && !queue.hasLeaving(order)
    }

    /// Mail that came since; called now and then while there are such orders.
    func goOnReturning() {
        for order in desk.returning.keys where queue.hasLeaving(order) { goOnReturning(order) }
    }

    func goOnReturning(_ order: String) {
        guard let returning = desk.returning[order], !returning.isScheduled, !isDraining else { return }
        desk.returning[order]!.isScheduled = true
        begin(
            OrderWork.Job(isBehind: true, writes: true) { shard in
                if shard.returnSome(order) { return true }
                shard.desk.returning[order]?.isScheduled = false
                return false
            } stop: {
            })
    }

    /// - Returns: false if there is nothing more, or what was begun has to end first.
    private func returnSome(_ order: String) -> Bool {
        for _ in 0..<Self.returnedAtOnce {
            guard let returning = desk.returning[order], returning.open < Self.readAtOnce else { return false }
            guard let (lease, isSilent) = queue.nextLeaving(order) else { return false }
            if let message = messages[lease.id] {
                charge(returning.isQuiet ? .completion : .notification)
                message.leases += 1
                giveBack(lease, order)
            } else if returning.isQuiet || isSilent {
                giveBackUnread(lease, order)
            } else {
                readAndGiveBack(lease, order)
            }
        }
        return true
    }

    private func readAndGiveBack(_ lease: DeliveryQueue.Lease, _ order: String) {
        charge(.notification)
        desk.returning[order]!.open += 1
        withMessage(lease.id, isLeased: true) { shard in
            shard.giveBack(lease, order)
            shard.oneLess(order)
        } unreadable: { [self] fault in
            if case .corrupt = fault { putAside(lease, fault) } else { attemptFailed(lease, fault.reply) }
            oneLess(order)
        }
    }

    private func oneLess(_ order: String) {
        desk.returning[order]?.open -= 1
        goOnReturning(order)
    }

    /// Nobody is to be told, so nobody has to know whom: what the queue knows is enough.
    private func giveBackUnread(_ lease: DeliveryQueue.Lease, _ order: String) {
        guard let returning = desk.returning[order] else { return release(lease) }
        catchUp(with: lease)
        log(.adminBounce, lease.id, nil, [], queue: queue.name(of: lease.destination), returning.reply)
        charge(.completion)
        if logs(.adminBounce) { charge(.event) }
        count(lease, lease.recipients, order)
        queue.finish(lease)
        committer.submit(completion: lease.id)
    }

    private func giveBack(_ lease: DeliveryQueue.Lease, _ order: String) {
        guard let returning = desk.returning[order], let message = messages[lease.id] else { return release(lease) }
        let name = queue.name(of: lease.destination)
        let waiting = message.waiting(for: name)
        catchUp(with: lease)
        log(.adminBounce, lease.id, message, waiting, queue: name, returning.reply)
        if returning.isQuiet {
            for index in waiting { message.recipients[index] = .failed }
        } else {
            message.fail(waiting, returning.reply)
        }
        count(lease, waiting.count, order)
        message.leases -= 1
        queue.finish(lease)
        endDelivery(lease.id)
    }

    private func count(_ lease: DeliveryQueue.Lease, _ recipients: Int, _ order: String) {
        counts.bounced += UInt64(recipients)
        counts.queued -= UInt64(recipients)
        meter(.bounced, recipients, queue.label(of: lease), queue: queue.name(of: lease.destination))
        desk.returning[order]?.returned += recipients
    }
}
