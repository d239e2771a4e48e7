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
    /// The log may be this many times its live bytes, plus ``slackSegments``, before the oldest segment is compacted.
    static let sizeFactor = 2
    static let slackSegments = 4
    /// Empty segments that new mail must leave: completions need room on a full disk, or nothing would ever be freed.
    static let reservedSegments = 1
    /// Bytes that one commit moves forward at most: bounds what compaction adds to its latency.
    static let compactionStep = 8 << 20

    private let settings: SegmentLogSettings
    private let disk: any LogDisk
    private let files: SegmentDirectory
    private let lock = Mutex<Void>(())
    private var index: LogIndex
    private var segments: [UInt64: SegmentFile] = [:]
    /// Generations in use, oldest first.
    private var order: [UInt64] = []
    /// Reused oldest first, like everything: a spare still holds records whose completions lie in younger segments.
    private var spares: [SegmentFile]
    /// Written without a sync; the next synced commit takes them along.
    private var unsynced: [SegmentFile] = []
    private var tail: BatchPlan.Part?
    private var nextGeneration: UInt64
    private var failure: SpoolFault?
    private var compactedBytes = 0
    private let unreadable: UnreadableRecords
    package let wasCleanlyClosed: Bool

    /// Opens or creates the log; reads frames and heads of everything in it.
    package convenience init(_ settings: SegmentLogSettings) throws(SpoolFault) {
        try self.init(settings, disk: FileLogDisk(settings.directory, .exclusive))
    }

    /// The same on any disk; the settings' directory is not looked at.
    package init(_ settings: SegmentLogSettings, disk: any LogDisk) throws(SpoolFault) {
        self.settings = settings
        self.disk = disk
        files = try SegmentDirectory(disk)
        let found = try files.openAll()
        var recovery = LogRecovery()
        try recovery.read(found.used)
        index = recovery.index
        unreadable = recovery.unreadable
        for (generation, file) in found.used {
            segments[generation] = file
            order.append(generation)
        }
        spares = found.unused
        nextGeneration = (order.last ?? 0) + 1
        wasCleanlyClosed = try files.takeCleanMark() || found.used.isEmpty
        guard !recovery.torn.isEmpty else { return }
        var dropped = SpoolBatch()
        dropped.completions = recovery.torn
        try commit(dropped)
    }

    // MARK: Spool

    package func commit(_ batch: SpoolBatch) throws(SpoolFault) {
        if let failure { throw failure }
        var plan = newPlan(reserve: batch.messages.isEmpty ? 0 : Self.reservedSegments)
        do throws(SpoolFault) {
            if !batch.messages.isEmpty { try keepReserve() }
            for message in batch.messages {
                try plan.add(
                    .message, message.id, head: RecordCodec.head(of: message), content: message.content.slices)
            }
            for (id, state) in batch.states { try plan.add(.state, id, head: RecordCodec.encode(state)) }
            try addCompletions(batch.completions, &plan)
        } catch {
            takeBack(plan)
            throw error
        }
        try write(plan, synced: settings.durability == .fsync && !batch.messages.isEmpty)
        lock.withLock { _ in
            apply(plan)
            for id in batch.completions { index.finish(id) }
        }
        reuseOldest()
        try compact()
    }

    package func load(_ id: MessageID) throws(SpoolFault) -> StoredMessage? {
        // The record may be moved and its segment reused between look-up and read: look again.
        while true {
            guard let entry = lock.withLock({ _ in index[id] }) else { return nil }
            do throws(SpoolFault) {
                guard let record = try bytes(entry.message) else { throw .corrupt("\(id): longer than its segment") }
                var stored = StoredMessage(try RecordCodec.message(id, record))
                if let place = entry.state { stored.state = try state(id, place) }
                return stored
            } catch {
                let moved = lock.withLock { _ in index[id] != entry }
                if !moved { throw error }
            }
        }
    }

    package func quarantine(_ id: MessageID) throws(SpoolFault) -> String? {
        guard let entry = lock.withLock({ _ in index[id] }), let record = try bytes(entry.message) else {
            return nil
        }
        return try disk.keepAside(record, as: "\(id).record")
    }

    package func enumerate(_ body: (SpoolEntry) -> Void) throws(SpoolFault) -> UnreadableRecords {
        var unreadable = unreadable
        for id in lock.withLock({ _ in index.sortedIDs }) {
            do throws(SpoolFault) { if let entry = try entry(id) { body(entry) } } catch { unreadable.note(error) }
        }
        return unreadable
    }

    package func close(clean: Bool) {
        if let file = tail?.segment { try? file.sync() }
        if clean, failure == nil { files.setCleanMark() }
        disk.unlock()
    }

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

    private func entry(_ id: MessageID) throws(SpoolFault) -> SpoolEntry? {
        guard let entry = lock.withLock({ _ in index[id] }),
            var found = try head(entry.message).map({ (head) throws(SpoolFault) in try RecordCodec.entry(id, head: head)
            })
        else { return nil }
        if let place = entry.state { found.state = try state(id, place) }
        return found
    }

    private func state(_ id: MessageID, _ place: LogIndex.Place) throws(SpoolFault) -> DeliveryState? {
        try head(place).map { (head) throws(SpoolFault) in try RecordCodec.state(id, head) }
    }

    /// Head and content as they lie; nil if the segment ends before.
    private func bytes(_ place: LogIndex.Place) throws(SpoolFault) -> ByteBuffer? {
        let file = lock.withLock { _ in segments[place.generation] }
        return try file?.read(at: place.offset + LogRecord.frameBytes, count: place.headBytes + place.contentBytes)
    }

    private func head(_ place: LogIndex.Place) throws(SpoolFault) -> ByteBuffer? {
        let file = lock.withLock { _ in segments[place.generation] }
        return try file?.read(at: place.offset + LogRecord.frameBytes, count: place.headBytes)
    }

    // MARK: Writing

    /// - Parameter reserve: spare segments that must be left.
    private func newPlan(reserve: Int) -> BatchPlan {
        var part = tail
        part?.start = tail?.end ?? 0
        part?.buffers = []
        part?.batch = tail?.nextSequence ?? 0
        return BatchPlan(tail: part) { [self] (size) throws(SpoolFault) in
            try nextSegment(size, reserve: reserve)
        }
    }

    private func addCompletions(_ ids: [MessageID], _ plan: inout BatchPlan) throws(SpoolFault) {
        guard let first = ids.first else { return }
        var head = ByteBufferAllocator().buffer(capacity: ids.count * 16)
        for id in ids { head.writeBytes(id.bytes) }
        try plan.add(.completions, first, head: head)
    }

    /// Makes the reserve if it is not there; a batch with messages never eats it.
    private func keepReserve() throws(SpoolFault) {
        while spares.count < Self.reservedSegments {
            let file = try files.create(bytes: settings.segmentBytes)
            lock.withLock { _ in spares.append(file) }
        }
    }

    /// A spare segment, or a new one.
    private func nextSegment(_ size: Int, reserve: Int) throws(SpoolFault) -> (SegmentFile, UInt64) {
        let bytes = max(settings.segmentBytes, LogRecord.aligned(size, SegmentFile.blockBytes))
        let file: SegmentFile
        if let oldest = spares.first, oldest.bytes >= bytes, spares.count > reserve {
            file = lock.withLock { _ in spares.removeFirst() }
        } else {
            file = try files.create(bytes: bytes)
        }
        defer { nextGeneration += 1 }
        return (file, nextGeneration)
    }

    /// A plan that was not written gives its new segments back.
    private func takeBack(_ plan: BatchPlan) {
        let taken = plan.parts.filter { $0.generation != tail?.generation }.map(\.segment)
        lock.withLock { _ in spares = taken + spares }
    }

    /// After a failed write or sync nobody knows what is on the disk: the log latches.
    private func write(_ plan: BatchPlan, synced: Bool) throws(SpoolFault) {
        var plan = plan
        plan.pad()
        do throws(SpoolFault) {
            for part in plan.parts where !part.buffers.isEmpty { try part.segment.write(part.buffers, at: part.start) }
            let written = plan.parts.filter { !$0.buffers.isEmpty }.map(\.segment)
            for file in written where !unsynced.contains(where: { $0 === file }) { unsynced.append(file) }
            if synced {
                for file in unsynced { try file.sync() }
                unsynced = []
            }
        } catch {
            lock.withLock { _ in failure = .inputOutput(error.description) }
            throw .inputOutput(error.description)
        }
        lock.withLock { _ in
            for part in plan.parts where segments[part.generation] == nil {
                segments[part.generation] = part.segment
                order.append(part.generation)
            }
        }
        tail = plan.parts.last
        tail?.buffers = []
    }

    /// Where the plan's records lie now; completions have no place.
    private func apply(_ plan: BatchPlan) {
        for (id, kind, place) in plan.places {
            switch kind {
            case .message: index.add(id, place)
            case .state: index.setState(id, place)
            case .completions: break
            }
        }
    }

    // MARK: Reuse

    /// Oldest first and never past one that is still needed: then no completion goes before its message.
    private func reuseOldest() {
        while order.count > 1, let oldest = order.first, index.liveCount(oldest) == 0 {
            let surplus: [SegmentFile] = lock.withLock { _ in
                order.removeFirst()
                index.forget(oldest)
                guard let file = segments.removeValue(forKey: oldest) else { return [] }
                spares.append(file)
                return takeSurplus()
            }
            for file in surplus { files.remove(file) }
        }
    }

    /// Spares too many or of another size; with one that goes, all older ones go before it.
    private func takeSurplus() -> [SegmentFile] {
        let odd = spares.lastIndex { $0.bytes != settings.segmentBytes }.map { $0 + 1 } ?? 0
        let count = max(odd, spares.count - max(settings.spareSegments, Self.reservedSegments), 0)
        defer { spares.removeFirst(count) }
        return Array(spares[..<count])
    }

    /// Moves some of the oldest segment's messages to the end, if the log is too large for what lives in it.
    private func compact() throws(SpoolFault) {
        let used = segments.values.reduce(0) { $0 + $1.bytes }
        guard order.count > Self.slackSegments, let oldest = order.first,
            used > Self.sizeFactor * index.liveBytes + Self.slackSegments * settings.segmentBytes
        else { return }
        var plan = newPlan(reserve: Self.reservedSegments)
        var moved = 0
        do throws(SpoolFault) {
            for id in index.members(of: oldest) where moved < Self.compactionStep {
                moved += try move(id, &plan)
            }
        } catch {
            takeBack(plan)
            if case .noSpace = error { return }  // there is still room where the messages are
            throw error
        }
        try write(plan, synced: settings.durability == .fsync)
        lock.withLock { _ in
            apply(plan)
            compactedBytes += moved
        }
        reuseOldest()
    }

    private func move(_ id: MessageID, _ plan: inout BatchPlan) throws(SpoolFault) -> Int {
        guard let entry = index[id], let file = segments[entry.message.generation],
            let head = try head(entry.message),
            let content = try file.read(
                at: entry.message.offset + LogRecord.frameBytes + head.readableBytes, count: entry.message.contentBytes)
        else { return 0 }
        try plan.add(.message, id, head: head, content: [content])
        if let place = entry.state, let state = try self.head(place) { try plan.add(.state, id, head: state) }
        return head.readableBytes + content.readableBytes
    }
}
