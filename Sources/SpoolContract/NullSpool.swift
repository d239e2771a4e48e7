package import MailTypes
import Synchronization

/// Keeps nothing at all: the upper bound of what a relay can do without a spool. Not durable, and nothing can be read
/// back, so content stays in memory until it is delivered.
package final class NullSpool: Spool {
    private struct Sizes {
        var bytes = 0
        var open: [MessageID: Int] = [:]
    }
    private let sizes = Mutex(Sizes())

    package init() {}

    package func commit(_ batch: SpoolBatch) throws(SpoolFault) {
        sizes.withLock { sizes in
            for message in batch.messages {
                sizes.open[message.id] = message.content.size
                sizes.bytes += message.content.size
            }
            for id in batch.completions { sizes.bytes -= sizes.open.removeValue(forKey: id) ?? 0 }
        }
    }

    package func load(_ id: MessageID) throws(SpoolFault) -> StoredMessage? { nil }
    package func quarantine(_ id: MessageID) throws(SpoolFault) -> String? { nil }
    package func enumerate(_ body: (SpoolEntry) -> Void) throws(SpoolFault) -> UnreadableRecords { UnreadableRecords() }
    package var canLoad: Bool { false }
    package var freeBytes: Int? { nil }
    package var wasCleanlyClosed: Bool { true }
    package var report: SpoolReport {
        sizes.withLock { SpoolReport(messages: $0.open.count, liveBytes: $0.bytes, diskBytes: nil) }
    }
    package func close(clean: Bool) {}
}
