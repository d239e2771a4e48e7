import DeliveryQueue
import MailTypes
import NIOCore
import SpoolContract

// Which messages are in memory: content within a budget, everything else only while it is worked with.
extension RelayShard {
    /// What reading a message back came to.
    enum ReadBack {
        case found(StoredMessage)
        case unreadable(SpoolFault)
    }

    /// Reads a message back from the spool, off the event loop.
    func readBack(_ id: MessageID, _ body: @escaping (ReadBack) -> Void) {
        let spool = spool
        let bound = NIOLoopBound(body, eventLoop: context.eventLoop)
        parts.readers.runIfActive(eventLoop: context.eventLoop) { () -> ReadBack in
            do throws(SpoolFault) {
                guard let stored = try spool.load(id) else { return .unreadable(.corrupt("\(id): not in the spool")) }
                return .found(stored)
            } catch {
                return .unreadable(error)
            }
        }.whenComplete { bound.value((try? $0.get()) ?? .unreadable(.closed)) }
    }

    /// Takes what was read back into memory, beside what is already known of it.
    func keep(_ stored: StoredMessage) {
        let (id, content) = (stored.message.id, stored.message.content)
        let message =
            messages[id]
            ?? QueuedMessage(
                SpoolEntry(
                    id: id, envelope: stored.message.envelope,
                    acceptedMilliseconds: stored.message.acceptedMilliseconds, size: content.size,
                    state: stored.state))
        messages[id] = message
        guard message.content == nil else { return }
        message.content = content
        residentBytes += message.memoryBytes
    }

    /// Lets go of a message's content; its receive buffers are used again once nobody else holds them.
    func forgetContent(_ message: QueuedMessage) {
        guard let content = message.content else { return }
        message.content = nil
        residentBytes -= message.memoryBytes
        for slice in content.slices { context.receiveBuffers.give(slice) }
    }

    /// After an attempt: what can be read back is not kept in memory.
    func cool(_ id: MessageID) {
        guard spool.canLoad, let message = messages[id], message.leases == 0 else { return }
        forgetContent(message)
        if message.canBeForgotten { messages[id] = nil }
    }

    /// A leased message that is there and cannot be read is put aside for an operator, and no longer delivered: never
    /// altered mail, never a queue that stops at one bad record.
    func putAside(_ lease: DeliveryQueue.Lease, _ fault: SpoolFault) {
        catchUp(with: lease)
        let waiting = messages[lease.id].map {
            $0.waiting(for: queue.name(of: lease.destination))
        }
        messages[lease.id]?.leases -= 1
        queue.finish(lease)
        putAside(lease.id, waiting, lease.recipients, fault)
    }

    /// - Parameters:
    ///   - waiting: the recipients concerned, if the message is known.
    ///   - recipients: how many, if it is not.
    func putAside(_ id: MessageID, _ waiting: [Int]?, _ recipients: Int, _ fault: SpoolFault) {
        let spool = spool
        parts.readers.runIfActive(eventLoop: context.eventLoop) { try spool.quarantine(id) }.whenComplete {
            [self] outcome in
            guard case .success(let file) = outcome else {
                // Not completed: the spool still has it, and the next start tries again.
                note(
                    "\(id) cannot be read (\(fault)) nor put aside (\(outcome)): left in the spool until the next start"
                )
                return leave(id)
            }
            note("\(id) cannot be read (\(fault)); kept in \(file ?? "the spool")")
            let count = UInt64(waiting?.count ?? recipients)
            counts.quarantined += count
            meter(.quarantined, Int(count), messages[id]?.envelope, queue: nil)
            log(.quarantine, id, messages[id], waiting ?? [], queue: nil, fault.reply)
            counts.queued -= count
            for index in waiting ?? [] { messages[id]?.recipients[index] = .failed }
            endDelivery(id)
        }
    }

    /// What stays in the spool is not worked with until the next start. Where it has other deliveries, what they know of it
    /// is kept, and it is never completed, since this one does not end.
    private func leave(_ id: MessageID) {
        guard let message = messages[id] else { return }
        forgetContent(message)
        if message.deliveries <= 1 { messages[id] = nil }
    }
}

extension RelayShard.Sender {
    var isSomeoneElse: Bool {
        if case .ourselves = self { false } else { true }
    }
}
