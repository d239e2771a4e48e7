import MailTypes
import NIOCore
import SpoolContract

extension SegmentLogSpool {
    /// The log may be this many times its live bytes, plus ``slackSegments``, before the oldest segment is compacted.
    static let sizeFactor = 2
    static let slackSegments = 4
    /// Bytes moved forward for each byte that is written, while the log is too large: at twice its live bytes one would do,
    /// two bring it down again. So compaction costs what is written and not what waits, however large the log is.
    static let moveFactor = 2
    /// Bytes that are moved at a time at least, since each time costs a sync; a quarter of a segment where that is less.
    static let compactionStep = 1 << 20
    /// At most: bounds what compaction adds to the latency of one commit.
    static let largestCompaction = 8 << 20
    /// Messages that the disk may be unable to read before the log latches: so many are no bad sector any more.
    static let mostKeptAside = 1_000

    /// Oldest first and never past one that is still needed: then no completion goes before its message.
    func reuseOldest() throws(SpoolFault) {
        while order.count > 1, let oldest = order.first, index.liveCount(oldest) == 0, !pinned.contains(oldest) {
            let surplus: [SegmentFile] = lock.withLock { _ in
                order.removeFirst()
                index.forget(oldest)
                guard let file = segments.removeValue(forKey: oldest) else { return [] }
                spares.append(file)
                return takeSurplus()
            }
            for file in surplus {
                unsynced.removeAll { $0 === file }
                try files.remove(file)
            }
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
    /// - Parameter written: bytes that the commit before has written.
    func compact(after written: Int) throws(SpoolFault) {
        let used = segments.values.reduce(0) { $0 + $1.bytes }
        guard order.count > Self.slackSegments, let oldest = order.first,
            used > Self.sizeFactor * index.liveRecordBytes + Self.slackSegments * settings.segmentBytes
        else {
            moveCredit = 0
            return
        }
        moveCredit = min(moveCredit + Self.moveFactor * written, Self.largestCompaction)
        guard moveCredit >= min(Self.compactionStep, settings.segmentBytes / 4) else { return }
        try move(moveCredit, of: oldest)
    }

    /// - Parameter bytes: of records, or one record.
    private func move(_ bytes: Int, of segment: UInt64) throws(SpoolFault) {
        var plan = newPlan(reserve: Self.reservedSegments)
        var (moved, unreadable) = (0, [MessageID]())
        do throws(SpoolFault) {
            (moved, unreadable) = try move(index.members(of: segment, bytes: bytes), &plan)
            try addCompletions(unreadable, &plan)
        } catch {
            takeBack(plan)
            if case .noSpace = error { return }  // there is still room where the messages are
            throw error
        }
        try write(plan, synced: settings.durability == .fsync)
        moveCredit -= min(moveCredit, moved)
        lock.withLock { _ in
            // A state goes with its message or is forgotten: its segment may be reused.
            for (id, kind, _) in plan.places where kind == .message { index.finish(id) }
            apply(plan)
            for id in unreadable { index.finish(id) }
            compactedBytes += moved
        }
        try reuseOldest()
    }

    /// In the order in which they lie: the disk is read in large pieces.
    private func move(
        _ ids: [MessageID], _ plan: inout BatchPlan
    ) throws(SpoolFault) -> (bytes: Int, unreadable: [MessageID]) {
        let entries = ids.compactMap { id in index[id].map { (id: id, entry: $0) } }
            .sorted { $0.entry.message.offset < $1.entry.message.offset }
        var reader = RunReader(self)
        var (moved, unreadable) = (0, [MessageID]())
        for position in entries.indices {
            let next = entries[(position + 1)...].prefix(4)
            guard let bytes = try move(entries[position], next.map(\.entry), &reader, &plan) else {
                unreadable.append(entries[position].id)
                continue
            }
            moved += bytes
        }
        return (moved, unreadable)
    }

    /// Where the plan's records lie now; completions have no place.
    func apply(_ plan: BatchPlan) {
        for (id, kind, place) in plan.places {
            switch kind {
            case .message: index.add(id, place)
            case .state: index.setState(id, place)
            case .completions: break
            }
        }
    }

    func entry(_ id: MessageID) -> LogIndex.Entry? { lock.withLock { _ in index[id] } }

    /// Content is moved as it is found: whoever loads it looks at its checksum. The state goes with it, into the same
    /// segment, so that one is never found without the other.
    /// - Parameter next: what is moved next.
    /// - Returns: bytes moved; nil for a message that is no longer there to be moved: it was put aside.
    private func move(
        _ one: (id: MessageID, entry: LogIndex.Entry), _ next: [LogIndex.Entry], _ reader: inout RunReader,
        _ plan: inout BatchPlan
    ) throws(SpoolFault) -> Int? {
        let (id, entry) = one
        let record: ByteBuffer
        do throws(SpoolFault) {
            record = try reader.record(.message, id, entry.message) { next.map(\.message) }
        } catch {
            // One bad sector must not keep all other mail from being taken: what can be read of it is kept elsewhere.
            guard error.isOfRecord else { throw error }
            if case .inputOutput = error, keptAside.count >= Self.mostKeptAside { throw error }
            let path = try quarantine(id)
            if keptAside.count < Self.mostKeptAside { lock.withLock { _ in keptAside[id] = path } }
            return nil
        }
        let state = try state(id, entry.state, next.compactMap(\.state), &reader)
        let size = record.readableBytes + (state?.readableBytes ?? 0) + 2 * (LogRecord.frameBytes + LogRecord.alignment)
        try plan.makeRoom(size)
        var content = record
        let head = content.readSlice(length: entry.message.headBytes)!
        try plan.add(.message, id, head: head, content: [content])
        if let state { try plan.add(.state, id, head: state) }
        return record.readableBytes + (state?.readableBytes ?? 0)
    }

    /// One that cannot be read is put aside, and the message goes on without.
    private func state(
        _ id: MessageID, _ place: LogIndex.Place?, _ next: [LogIndex.Place], _ reader: inout RunReader
    ) throws(SpoolFault) -> ByteBuffer? {
        guard let place else { return nil }
        do throws(SpoolFault) { return try reader.record(.state, id, place) { next } } catch {
            guard error.isOfRecord else { throw error }
        }
        if let found = try file(place)?.salvage(at: place.offset, count: LogRecord.frameBytes + place.headBytes) {
            _ = try disk.keepAside(found.bytes, as: "\(id).state")
        }
        return nil
    }
}

extension SpoolFault {
    /// A record is damaged, or lies where the disk cannot read: what lies beside it may be well.
    fileprivate var isOfRecord: Bool {
        switch self {
        case .corrupt, .inputOutput: true
        case .noSpace, .closed: false
        }
    }
}
