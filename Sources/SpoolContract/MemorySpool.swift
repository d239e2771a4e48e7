package import MailTypes
import Synchronization

/// Keeps everything in memory: an upper bound for comparisons, and the model for the contract's tests. Not durable.
package final class MemorySpool: Spool {
    private struct Content {
        var messages: [MessageID: SpoolMessage] = [:]
        var states: [MessageID: DeliveryState] = [:]
    }
    private let content = Mutex(Content())

    package init() {}

    package func commit(_ batch: SpoolBatch) throws(SpoolFault) {
        content.withLock { content in
            for message in batch.messages { content.messages[message.id] = message }
            for (id, state) in batch.states where content.messages[id] != nil { content.states[id] = state }
            for id in batch.completions {
                content.messages[id] = nil
                content.states[id] = nil
            }
        }
    }

    package func load(_ id: MessageID) throws(SpoolFault) -> StoredMessage? {
        content.withLock { content in content.messages[id].map { StoredMessage($0, state: content.states[id]) } }
    }

    package func quarantine(_ id: MessageID) throws(SpoolFault) -> String? { nil }

    package var report: SpoolReport {
        content.withLock { content in
            SpoolReport(
                messages: content.messages.count,
                liveBytes: content.messages.values.reduce(0) { $0 + $1.content.size }, diskBytes: nil)
        }
    }

    package func enumerate(_ body: (SpoolEntry) -> Void) throws(SpoolFault) -> UnreadableRecords {
        let (messages, states) = content.withLock { ($0.messages, $0.states) }
        for message in messages.values.sorted(by: { $0.id < $1.id }) {
            body(
                SpoolEntry(
                    id: message.id, envelope: message.envelope, acceptedMilliseconds: message.acceptedMilliseconds,
                    size: message.content.size, state: states[message.id]))
        }
        return UnreadableRecords()
    }

    package var freeBytes: Int? { nil }
    package var wasCleanlyClosed: Bool { true }
    package func close(clean: Bool) {}
}
