import DeliveryQueue
import MailTypes

// What an operator asks for. What is held or let go is written down, so that it survives a restart.
extension RelayShard {
    func flush(_ selection: DeliveryQueue.Selection) -> Int {
        let count = queue.flush(selection, now: wallMilliseconds())
        dispatch()
        return count
    }

    func hold(_ selection: DeliveryQueue.Selection) -> Int {
        note(queue.hold(selection), isHeld: true)
    }

    func unhold(_ selection: DeliveryQueue.Selection) -> Int {
        let count = note(queue.unhold(selection), isHeld: false)
        dispatch()
        return count
    }

    private func note(_ changed: [DeliveryQueue.Summary], isHeld: Bool) -> Int {
        for delivery in changed {
            persist(
                delivery.id, attempts: UInt32(delivery.attempts), due: 0, isDelayReported: delivery.isDelayReported,
                isHeld: isHeld, nil)
        }
        return changed.count
    }

    /// Forgets deliveries that wait; those under way go on. Nobody is told.
    func remove(_ selection: DeliveryQueue.Selection) -> Int {
        let removed = queue.remove(selection)
        for delivery in removed {
            let waiting = messages[delivery.id]?.waiting(for: delivery.destination)
            let count = UInt64(waiting?.count ?? delivery.recipients)
            counts.removed += count
            log(
                .adminBounce, delivery.id, messages[delivery.id], waiting ?? [], queue: delivery.destination,
                SMTPReply(550, .init(5, 7, 1), "Removed by an operator"))
            counts.queued -= count
            for index in waiting ?? [] { messages[delivery.id]!.recipients[index] = .failed }
            endDelivery(delivery.id)
        }
        return removed.count
    }
}
