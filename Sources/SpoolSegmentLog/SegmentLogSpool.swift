package import MailTypes
import NIOCore
package import SpoolContract
import Synchronization

/// The spool as a log of recycled segments: one vectored write and one fdatasync a batch, whatever its size.
///
/// Segments are allocated once and written again and again: overwriting allocated blocks changes no metadata, so the
/// sync needs no journal commit. They are reused strictly oldest first; a completion lies in the segment of its
/// message or a younger one, so it is never lost before its message is. What is still waiting in the oldest segment
/// when the log has grown too large is moved forward. Format and proofs: `docs/SPOOL.md`.
package final class SegmentLogSpool: Spool, @unchecked Sendable {  // commit has one caller; the rest is behind `lock`
    let settings: SegmentLogSettings
    let disk: any LogDisk
    let files: SegmentDirectory
    let lock = Mutex<Void>(())
    var index: LogIndex
    var segments: [UInt64: SegmentFile] = [:]
    /// Generations in use, oldest first.
    var order: [UInt64] = []
    /// Reused oldest first, like everything: a spare still holds records whose completions lie in younger segments.
    var spares: [SegmentFile]
    /// Written without a sync; the next synced commit takes them along.
    var unsynced: [SegmentFile] = []
    var tail: BatchPlan.Part?
    /// How the log ended when it was opened.
    let openedAt: SegmentExtent?
    var nextGeneration: UInt64
    var failure: SpoolFault?
    var compactedBytes = 0
    /// Bytes that compaction may move, and has not yet.
    var moveCredit = 0
    /// Found unreadable and not yet put aside: they are before they are finished.
    var suspects: Set<MessageID> = []
    /// What compaction could not read, and where it is kept: for who asks for the message then. At most
    /// ``mostKeptAside``.
    var keptAside: [MessageID: String] = [:]
    /// Hold damage that could not be put aside.
    let pinned: Set<UInt64>
    private let unreadable: UnreadableRecords
    private let tornRecords: Int
    package let wasCleanlyClosed: Bool

    /// Opens or creates the log; reads frames and heads of everything in it.
    package convenience init(_ settings: SegmentLogSettings) throws(SpoolFault) {
        try self.init(
            settings,
            disk: FileLogDisk(
                settings.directory, settings.access, isDirect: settings.isDirect && settings.durability == .fsync))
    }

    /// The same on any disk; the settings' directory is not looked at.
    package init(_ settings: SegmentLogSettings, disk: any LogDisk) throws(SpoolFault) {
        self.settings = settings
        self.disk = disk
        files = SegmentDirectory(disk)
        let isExclusive = settings.access == .exclusive
        if isExclusive { try disk.lock() }
        let found = try files.openAll()
        let mark = try files.cleanMark()
        wasCleanlyClosed = mark != nil || found.used.isEmpty
        if isExclusive, settings.durability == .fsync { try Self.sync(found.used, disk) }
        var recovery = LogRecovery(
            keepAside: isExclusive
                ? { (bytes, name) throws(SpoolFault) in try disk.keepAside(bytes, as: name) } : nil)
        try recovery.read(found.used, mark: mark)
        index = recovery.index
        unreadable = recovery.unreadable
        tornRecords = recovery.tornRecords
        pinned = recovery.pinned
        openedAt = recovery.end
        for segment in found.used {
            segments[segment.header.generation] = segment.file
            order.append(segment.header.generation)
        }
        spares = []
        nextGeneration = (order.last ?? 0) + 1
        guard isExclusive else { return }
        if mark == nil, settings.durability == .fsync, let unsure = recovery.unsure { try Self.rewrite(unsure) }
        try files.removeCleanMark()
        // A file that was not yet on stable storage when the power went may have any length.
        spares = found.unused.filter { $0.bytes == settings.segmentBytes }
        for file in found.unused where file.bytes != settings.segmentBytes { try files.remove(file) }
        try reuseOldest()
    }

    /// What a process left in the kernel's hands when it was killed is synced before anything is built on it.
    private static func sync(_ segments: [OpenSegment], _ disk: any LogDisk) throws(SpoolFault) {
        try disk.sync()
        for segment in segments { try segment.file.sync() }
    }

    /// After a sync that failed, the kernel shows pages that it will never write. The end of the log, which may have
    /// been read from such pages, is written once more.
    private static func rewrite(_ unsure: (file: SegmentFile, bytes: Range<Int>)) throws(SpoolFault) {
        for part in [0..<SegmentFile.headerBytes, unsure.bytes] {
            guard let found = try unsure.file.salvage(at: part.lowerBound, count: part.count) else { continue }
            var (at, rest) = (part.lowerBound, found.bytes)
            for end in found.bad.map(\.lowerBound) + [part.upperBound] {
                try unsure.file.write([rest.readSlice(length: end - at)!], at: at)
                guard let block = found.bad.first(where: { $0.lowerBound == end }) else { continue }
                // What cannot be read is not written over with the zeros that stand for it.
                rest.moveReaderIndex(forwardBy: block.count)
                at = block.upperBound
            }
        }
        try unsure.file.sync()
    }

    // MARK: Spool

    package func commit(_ batch: SpoolBatch) throws(SpoolFault) {
        guard settings.access == .exclusive else { throw .closed }
        if let failure { throw failure }
        let (plan, finished) = try layOut(batch)
        try write(plan, synced: settings.durability == .fsync && !batch.messages.isEmpty)
        lock.withLock { _ in
            apply(plan)
            for id in finished { index.finish(id) }
        }
        // The batch is what the caller was promised: what goes wrong from here on is for the next one.
        do throws(SpoolFault) {
            try reuseOldest()
            try compact(after: plan.paddedBytes)
        } catch {
            _ = latch(error)
        }
    }

    package func load(_ id: MessageID) throws(SpoolFault) -> StoredMessage? {
        // The record may be moved and its segment reused between look-up and read: look again.
        while true {
            guard let entry = lock.withLock({ _ in index[id] }) else { return nil }
            do throws(SpoolFault) {
                var stored = StoredMessage(try RecordCodec.message(id, bytes(.message, id, entry.message)))
                if let place = entry.state {
                    stored.state = try RecordCodec.state(id, fields: bytes(.state, id, place))
                }
                return stored
            } catch {
                let moved = lock.withLock { _ in
                    if index[id] == entry { suspects.insert(id) }
                    return index[id] != entry
                }
                if !moved { throw error }
            }
        }
    }

    package func quarantine(_ id: MessageID) throws(SpoolFault) -> String? {
        guard settings.access == .exclusive else { throw .closed }
        guard let entry = lock.withLock({ _ in index[id] }) else { return lock.withLock { _ in keptAside[id] } }
        guard let file = file(entry.message),
            let record = try file.salvage(
                at: entry.message.offset + LogRecord.frameBytes,
                count: entry.message.headBytes + entry.message.contentBytes)
        else { return nil }
        let path = try disk.keepAside(record.bytes, as: "\(id).record")
        lock.withLock { _ in _ = suspects.remove(id) }
        return path
    }

    package func enumerate(_ body: (SpoolEntry) -> Void) throws(SpoolFault) -> UnreadableRecords {
        var unreadable = unreadable
        var finished = SpoolBatch()
        let ids = lock.withLock { _ in order.flatMap { index.members(of: $0) } }.sorted()
        var heads = HeadReader(self)
        for (position, id) in ids.enumerated() {
            do throws(SpoolFault) {
                if let entry = try heads.entry(id, next: ids[(position + 1)...].prefix(4)) { body(entry) }
            } catch {
                unreadable.note(error)
                guard settings.access == .exclusive, try quarantine(id) != nil else { continue }
                finished.completions.append(id)
            }
        }
        if !finished.isEmpty { try commit(finished) }
        return unreadable
    }

    package func close(clean: Bool) {
        guard settings.access == .exclusive else { return }
        do throws(SpoolFault) {
            try syncWritten()
            guard clean, failure == nil else { return disk.unlock() }
            // The mark vouches for all of it: also for what a process before this one left to the kernel.
            for file in order.compactMap({ segments[$0] }) + spares { try file.sync() }
            try files.setCleanMark(tail?.extent ?? openedAt)
        } catch {
            _ = latch(error)
        }
        disk.unlock()
    }

    /// A sync costs about as much as a quarter of a megabyte of writing.
    package var batchBytes: Int { 4 << 20 }

    package var freeBytes: Int? {
        disk.freeBytes.map { free in
            free + lock.withLock { _ in max(0, spares.count - Self.reservedSegments) * settings.segmentBytes }
        }
    }

    package var report: SpoolReport {
        let statistics = statistics
        return SpoolReport(
            messages: statistics.liveMessages, liveBytes: statistics.liveBytes, diskBytes: statistics.diskBytes,
            fault: lock.withLock { _ in failure },
            details: [
                .init("segments", statistics.segments, "count"),
                .init("spare_segments", statistics.spareSegments, "count"),
                .init("compacted", statistics.compactedBytes, "bytes"),
                .init("torn_records_at_start", tornRecords, "count"),
                .init("put_aside", lock.withLock { _ in keptAside.count }, "count"),
            ])
    }

    package var statistics: SegmentLogStatistics {
        lock.withLock { _ in
            SegmentLogStatistics(
                segments: order.count, spareSegments: spares.count,
                diskBytes: (segments.values + spares).reduce(0) { $0 + $1.bytes }, liveMessages: index.count,
                liveBytes: index.liveBytes, compactedBytes: compactedBytes)
        }
    }

    // MARK: Reading

    func file(_ place: LogIndex.Place) -> SegmentFile? { lock.withLock { _ in segments[place.generation] } }

    /// Head and content of the record at a place.
    /// - Throws: ``SpoolFault/corrupt(_:)`` if another record lies there, or none.
    func bytes(_ kind: LogRecord.Kind, _ id: MessageID, _ place: LogIndex.Place) throws(SpoolFault) -> ByteBuffer {
        let count = LogRecord.frameBytes + place.headBytes + place.contentBytes
        guard let found = try file(place)?.read(at: place.offset, count: count) else {
            throw .corrupt("\(id): its segment ends before it")
        }
        return try Self.checked(found, kind, id, place)
    }

    /// - Parameter found: the bytes at the place, frame and head at least.
    /// - Returns: what is behind the frame.
    static func checked(
        _ found: ByteBuffer, _ kind: LogRecord.Kind, _ id: MessageID, _ place: LogIndex.Place
    ) throws(SpoolFault) -> ByteBuffer {
        let isIt = found.withUnsafeReadableBytes { bytes in
            guard let record = LogRecord(fields: bytes), record.kind == kind, record.id == id,
                record.generation == place.generation, record.headBytes == place.headBytes,
                record.contentBytes == place.contentBytes
            else { return false }
            return LogRecord.isWhole(
                UnsafeRawBufferPointer(rebasing: bytes[..<(LogRecord.frameBytes + place.headBytes)]))
        }
        guard isIt else { throw .corrupt("\(id): its record at \(place.offset) is damaged") }
        var rest = found
        rest.moveReaderIndex(forwardBy: LogRecord.frameBytes)
        return rest
    }
}
