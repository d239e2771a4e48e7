import MailTypes
import NIOCore
import SpoolContract

/// Reads heads and states in the order of the ids: nearly the order in which they lie, since ids count up.
struct HeadReader {
    private let spool: SegmentLogSpool
    private var reader: RunReader

    init(_ spool: SegmentLogSpool) {
        self.spool = spool
        reader = RunReader(spool)
    }

    /// - Parameter next: the ids that will be asked for next.
    mutating func entry(_ id: MessageID, next: ArraySlice<MessageID>) throws(SpoolFault) -> SpoolEntry? {
        guard let entry = spool.entry(id) else { return nil }
        let head = try reader.record(.message, id, entry.message, withContent: false) { [spool] in
            next.compactMap { spool.entry($0)?.message }
        }
        var found = try RecordCodec.entry(id, head: head)
        if let place = entry.state {
            let state = try reader.record(.state, id, place) { [spool] in next.compactMap { spool.entry($0)?.state } }
            found.state = try RecordCodec.state(id, fields: state)
        }
        return found
    }
}
