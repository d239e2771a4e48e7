import DeliveryQueue
import MailTypes
import NIOCore

// What an operator asks for, in slices over the whole queue. What is held or let go is written down, so that it survives
// a restart.
extension RelayShard {
    func flush(_ selection: MailSelection) -> EventLoopFuture<Int> {
        sweep(selection) { shard, sweep, limit in
            shard.desk.work.mustDispatch = true
            return shard.queue.flush(&sweep, limit, now: shard.wallMilliseconds())
        }
    }

    func hold(_ selection: MailSelection) -> EventLoopFuture<Int> {
        sweep(selection, writes: true) { shard, sweep, limit in
            shard.note(shard.queue.hold(&sweep, limit), isHeld: true)
        }
    }

    func unhold(_ selection: MailSelection) -> EventLoopFuture<Int> {
        sweep(selection, writes: true) { shard, sweep, limit in
            shard.desk.work.mustDispatch = true
            return shard.note(shard.queue.unhold(&sweep, limit), isHeld: false)
        }
    }

    private func note(_ changed: [DeliveryQueue.Summary], isHeld: Bool) -> Int {
        for delivery in changed {
            charge(.state)
            persist(
                delivery.id, attempts: UInt32(delivery.attempts), due: 0, isDelayReported: delivery.isDelayReported,
                isHeld: isHeld, label: delivery.label, nil)
        }
        return changed.count
    }

    /// Forgets deliveries that wait; those under way go on. Nobody is told.
    func remove(_ selection: MailSelection) -> EventLoopFuture<Int> {
        sweep(selection, writes: true) { shard, sweep, limit in
            let removed = shard.queue.remove(&sweep, limit)
            for delivery in removed { shard.forget(delivery) }
            return removed.count
        }
    }

    private func forget(_ delivery: DeliveryQueue.Summary) {
        charge(.completion)
        if logs(.adminBounce) { charge(.event) }
        if delivery.isUnlogged { logRebind(delivery, messages[delivery.id]) }
        let waiting = messages[delivery.id]?.waiting(for: delivery.destination)
        let count = UInt64(waiting?.count ?? delivery.recipients)
        counts.removed += count
        meter(.removed, Int(count), delivery.label, queue: delivery.destination)
        log(
            .adminBounce, delivery.id, messages[delivery.id], waiting ?? [], queue: delivery.destination,
            SMTPReply(550, .init(5, 7, 1), "Removed by an operator"))
        counts.queued -= count
        for index in waiting ?? [] { messages[delivery.id]!.recipients[index] = .failed }
        endDelivery(delivery.id)
    }

    // MARK: Suspensions

    /// Mail that becomes ready from now on goes by the order, too.
    func suspend(_ order: QueueOrder) -> EventLoopFuture<Int> {
        queue.give(order)
        return sweep(order.selection) { shard, sweep, limit in shard.queue.suspend(&sweep, limit) }
    }

    /// The order is over, and what no other one suspends is ready again.
    func resume(_ order: QueueOrder) -> EventLoopFuture<Int> {
        queue.withdraw(order.id)
        return sweep(order.selection) { shard, sweep, limit in
            shard.desk.work.mustDispatch = true
            return shard.queue.resume(&sweep, limit)
        }
    }

    /// - Parameters:
    ///   - source: its name; nil: whatever source connections come from.
    ///   - until: 0: no longer.
    func suspendConnections(of name: String, source: String?, until: UInt64) {
        if let source {
            desk.suspendedPaths["\(source)>\(name)"] = until > 0 ? until : nil
        } else {
            queue.suspendConnections(of: name, until: until)
        }
        if until == 0 { dispatch() }
    }

    /// An operator lets no connection be opened from this source to this destination.
    func operatorsSuspension(
        _ source: EgressSource?, _ destination: String, _ now: UInt64
    ) -> EgressBook.Suspension? {
        guard let source, !desk.suspendedPaths.isEmpty,
            let until = desk.suspendedPaths["\(source.name)>\(destination)"], until > now
        else { return nil }
        return .init(until: until, reply: SMTPReply(451, .init(4, 3, 2), "Suspended by an operator"))
    }

    // MARK: Other labels

    /// What is queued gets other labels at once; the spool learns them with ``writeLabels()``.
    func rebind(_ selection: MailSelection, _ change: LabelChange, logs: Bool) -> EventLoopFuture<Int> {
        sweep(selection) { shard, sweep, limit in
            let isLogged = logs && shard.logs(.adminRebind)
            let (count, told) = shard.queue.rebind(
                &sweep, limit, change, isLogged: isLogged, now: shard.wallMilliseconds(),
                tells: { shard.messages[$0] != nil },
                way: { label, id, queue in shard.way(label, shard.messages[id], queue) })
            for delivery in told { shard.follow(delivery, logs: isLogged) }
            if change.changesWay(bySender: !shard.senders.isEmpty) { shard.desk.work.mustDispatch = true }
            return count
        }
    }

    private func follow(_ rebound: DeliveryQueue.Rebound, logs isLogged: Bool, isRebound: Bool = true) {
        let delivery = rebound.summary
        let message = messages[delivery.id]
        if isRebound { message?.rebind(delivery.label) }
        if let from = rebound.cameFrom { message?.reassign(from, to: delivery.destination) }
        if isLogged { logRebind(delivery, message) }
        guard let lease = rebound.lease else { return }
        guard let message else { return queue.release(lease) }
        message.leases += 1
        let stays = !relocate(lease, message.waiting(for: delivery.destination))
        if stays { release(lease) } else { cool(delivery.id) }
    }

    /// Waiting mail is asked anew where it goes: the DNS or the configuration may have changed.
    func reroute(_ selection: MailSelection) -> EventLoopFuture<Int> {
        sweep(selection) { shard, sweep, limit in
            let moved = shard.queue.reroute(&sweep, limit, now: shard.wallMilliseconds()) { label, id, queue in
                shard.way(label, shard.messages[id], queue)
            }
            for delivery in moved { shard.follow(delivery, logs: false, isRebound: false) }
            shard.desk.work.mustDispatch = true
            return moved.count
        }
    }

    /// Other senders have queues of their own now: what waits goes where it belongs.
    func rerouteSenders() {
        _ = sweep(.all) { shard, sweep, limit in
            let moved = shard.queue.reroute(&sweep, limit, now: shard.wallMilliseconds()) { label, id, queue in
                let hasSender = label.tenant != nil || label.campaign != nil
                return hasSender ? shard.way(label, shard.messages[id], queue) : .stays
            }
            for delivery in moved { shard.follow(delivery, logs: false, isRebound: false) }
            shard.desk.work.mustDispatch = true
            return moved.count
        }
    }

    /// Writes down what was rebound, in the spool and in the log.
    func writeLabels() -> EventLoopFuture<Int> {
        sweep(.all, isBehind: true, writes: true) { shard, sweep, limit in
            let unwritten = shard.queue.takeUnwritten(&sweep, limit)
            for delivery in unwritten {
                shard.charge(.state)
                if delivery.isUnlogged {
                    shard.charge(.event)
                    shard.logRebind(delivery, shard.messages[delivery.id])
                }
                shard.persist(
                    delivery.id, attempts: UInt32(delivery.attempts), due: delivery.due ?? 0,
                    isDelayReported: delivery.isDelayReported, isHeld: delivery.place == "held", label: delivery.label,
                    nil)
            }
            return unwritten.count
        }
    }
}

extension QueuedMessage {
    /// Its recipients of one queue belong to another one.
    func reassign(_ old: String, to new: String) {
        for index in assignment.indices where assignment[index] == old { assignment[index] = new }
    }
}
