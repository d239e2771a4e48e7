import MailTypes
import Slabs

/// Where everything that is not finished lies: 64 bytes and a table cell a message.
struct LogIndex {
    struct Place: Equatable {
        /// Generation of the segment.
        var generation: UInt64
        var offset: Int
        var headBytes: Int
        var contentBytes: Int
    }
    struct Entry: Equatable {
        var message: Place
        /// The newest delivery state, if there is one.
        var state: Place?
    }

    /// A place in 16 bytes: generations count up from 1 (2^32 of 64 MiB are 256 EiB), offsets are multiples of 8.
    private struct Packed: BitwiseCopyable {
        static let nowhere = Packed()
        private var generation: UInt32 = 0
        private var offset: UInt32 = 0
        /// 24 bits of head, 40 of content.
        private var sizes: UInt64 = 0

        private init() {}
        init(_ place: Place) {
            generation = UInt32(place.generation)
            offset = UInt32(place.offset / LogRecord.alignment)
            precondition(place.headBytes < 1 << 24 && place.contentBytes < 1 << 40, "\(place) is too large")
            sizes = UInt64(place.headBytes) << 40 | UInt64(place.contentBytes)
        }
        var place: Place? {
            guard generation != 0 else { return nil }
            return Place(
                generation: UInt64(generation), offset: Int(offset) * LogRecord.alignment, headBytes: Int(sizes >> 40),
                contentBytes: Int(sizes & (1 << 40 - 1)))
        }
        var segment: UInt64 { UInt64(generation) }
        var contentBytes: Int { Int(sizes & (1 << 40 - 1)) }
        /// In the log, frame and padding included; 0 for none.
        var recordBytes: Int {
            guard generation != 0 else { return 0 }
            return LogRecord.aligned(LogRecord.frameBytes + Int(sizes >> 40) + contentBytes, LogRecord.alignment)
        }
    }

    private struct Record: MessageRecord {
        var id: MessageID
        var message: Packed
        var state: Packed
        /// Neighbours among the unfinished messages of the segment.
        var next: UInt32
        var previous: UInt32
    }

    /// Unfinished messages of one segment.
    private struct Members {
        var first = LogIndex.none
        var count = 0
    }

    private static let none = UInt32.max
    private var records = MessageSlab<Record>()
    private var segments: [UInt64: Members] = [:]
    /// Content of unfinished messages.
    private(set) var liveBytes = 0
    /// What their records take in the log, their newest states included; many recipients with little content are mostly
    /// heads, and small messages that were tried or given other labels mostly states.
    private(set) var liveRecordBytes = 0

    var count: Int { records.count }

    subscript(id: MessageID) -> Entry? {
        guard let handle = records.find(id) else { return nil }
        let record = records[handle]
        return record.message.place.map { Entry(message: $0, state: record.state.place) }
    }

    mutating func add(_ id: MessageID, _ place: Place) {
        if let handle = records.find(id) {
            unlink(records[handle])
            records[handle].message = Packed(place)
            link(handle)
            return
        }
        link(
            records.insert(
                Record(id: id, message: Packed(place), state: .nowhere, next: Self.none, previous: Self.none)))
    }

    /// A state of a message that is not there (any more) means nothing.
    mutating func setState(_ id: MessageID, _ place: Place) {
        guard let handle = records.find(id) else { return }
        liveRecordBytes -= records[handle].state.recordBytes
        records[handle].state = Packed(place)
        liveRecordBytes += records[handle].state.recordBytes
    }

    mutating func finish(_ id: MessageID) {
        if let record = records.remove(id) { unlink(record) }
    }

    func liveCount(_ generation: UInt64) -> Int { segments[generation]?.count ?? 0 }

    /// Unfinished messages whose record lies in the segment, the youngest first.
    /// - Parameter bytes: no more than have records of so many bytes, states included, or one more.
    func members(of generation: UInt64, bytes: Int = .max) -> [MessageID] {
        var found: [MessageID] = []
        var rest = bytes
        var at = segments[generation]?.first ?? Self.none
        while at != Self.none, rest > 0 {
            found.append(records[at].id)
            rest -= records[at].message.recordBytes + records[at].state.recordBytes
            at = records[at].next
        }
        return found
    }

    /// The segment is reused; nothing unfinished lies in it.
    mutating func forget(_ generation: UInt64) { segments[generation] = nil }

    // MARK: The lists by segment

    private mutating func link(_ handle: UInt32) {
        let (message, segment) = (records[handle].message, records[handle].message.segment)
        liveBytes += message.contentBytes
        liveRecordBytes += message.recordBytes + records[handle].state.recordBytes
        let first = segments[segment, default: Members()].first
        records[handle].next = first
        records[handle].previous = Self.none
        if first != Self.none { records[first].previous = handle }
        segments[segment, default: Members()].first = handle
        segments[segment, default: Members()].count += 1
    }

    private mutating func unlink(_ record: Record) {
        liveBytes -= record.message.contentBytes
        liveRecordBytes -= record.message.recordBytes + record.state.recordBytes
        if record.next != Self.none { records[record.next].previous = record.previous }
        if record.previous != Self.none {
            records[record.previous].next = record.next
        } else {
            segments[record.message.segment]!.first = record.next
        }
        segments[record.message.segment]!.count -= 1
    }
}
