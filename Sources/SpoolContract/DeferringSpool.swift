package import MailTypes
import Synchronization

/// Deferred durability over any spool: accepted mail stays in memory and is written down only when its first attempt
/// fails, when memory runs out, or when the spool is closed. Most mail is delivered at once and never touches the disk;
/// what is in memory is lost with the process (KumoMTA calls it `deferred_spool`, Sendmail interactive mode without
/// the queue file). Never the default.
package final class DeferringSpool: Spool {
    private struct Held {
        var messages: [MessageID: SpoolMessage] = [:]
        var bytes = 0

        mutating func put(_ message: SpoolMessage) {
            messages[message.id] = message
            bytes += message.content.size
        }
        mutating func take(_ id: MessageID) -> SpoolMessage? {
            guard let message = messages.removeValue(forKey: id) else { return nil }
            bytes -= message.content.size
            return message
        }
    }
    private let base: any Spool
    private let limitBytes: Int
    private let onlyMarked: Bool
    private let held = Mutex(Held())

    /// - Parameters:
    ///   - base: where mail goes that is not delivered at once.
    ///   - limitBytes: content kept in memory; more is written through.
    ///   - onlyMarked: just mail whose sender has agreed to it (``SpoolMessage/mayBeDeferred``).
    package init(over base: any Spool, limitBytes: Int, onlyMarked: Bool = false) {
        self.base = base
        self.limitBytes = limitBytes
        self.onlyMarked = onlyMarked
    }

    package func commit(_ batch: SpoolBatch) throws(SpoolFault) {
        var through = SpoolBatch()
        var taken: [SpoolMessage] = []
        held.withLock { held in
            for message in batch.messages {
                // What is to be sent later waits longer than a process may live.
                let mayWait = (!onlyMarked || message.mayBeDeferred) && message.envelope.terms == nil
                if mayWait, held.bytes + message.content.size <= limitBytes {
                    held.put(message)
                } else {
                    through.messages.append(message)
                }
            }
            for (id, state) in batch.states {
                if let message = held.take(id) {
                    taken.append(message)
                    through.messages.append(message)
                }
                through.states.append((id, state))
            }
            through.completions = batch.completions.filter { held.take($0) == nil }
        }
        guard !through.isEmpty else { return }
        do throws(SpoolFault) { try base.commit(through) } catch {
            // The batch counts as refused; what was accepted before it did not get lost with it.
            held.withLock { held in
                for message in batch.messages { _ = held.take(message.id) }
                for message in taken { held.put(message) }
            }
            throw error
        }
    }

    package func load(_ id: MessageID) throws(SpoolFault) -> StoredMessage? {
        if let message = held.withLock({ $0.messages[id] }) { return StoredMessage(message) }
        return try base.load(id)
    }

    package func quarantine(_ id: MessageID) throws(SpoolFault) -> String? { try base.quarantine(id) }
    package func enumerate(_ body: (SpoolEntry) -> Void) throws(SpoolFault) -> UnreadableRecords {
        try base.enumerate(body)
    }
    package var canLoad: Bool { base.canLoad }
    package var batchBytes: Int { base.batchBytes }
    package var freeBytes: Int? { base.freeBytes }
    package var wasCleanlyClosed: Bool { base.wasCleanlyClosed }

    package var report: SpoolReport {
        var report = base.report
        let (count, bytes) = held.withLock { ($0.messages.count, $0.bytes) }
        report.messages += count
        report.liveBytes += bytes
        report.details += [.init("held_in_memory", count, "count"), .init("held_in_memory_bytes", bytes, "bytes")]
        return report
    }

    /// Writes down what is still in memory.
    package func close(clean: Bool) {
        let rest = held.withLock { $0.messages.values.sorted { $0.id < $1.id } }
        var isKept = true
        var batch = SpoolBatch()
        var bytes = 0
        for (position, message) in rest.enumerated() {
            batch.messages.append(message)
            bytes += message.content.size
            guard bytes >= base.batchBytes || position == rest.count - 1 else { continue }
            do throws(SpoolFault) { try base.commit(batch) } catch { isKept = false }
            batch = SpoolBatch()
            bytes = 0
        }
        base.close(clean: clean && isKept)
    }
}
