import MailTypes
import NIOCore
import SpoolContract

extension SegmentLogSpool {
    /// The log may be this many times its live bytes, plus ``slackSegments``, before the oldest segment is compacted.
    static let sizeFactor = 2
    static let slackSegments = 4
    /// Bytes that one commit moves forward at most: bounds what compaction adds to its latency.
    static let compactionStep = 8 << 20

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
    func compact() throws(SpoolFault) {
        let used = segments.values.reduce(0) { $0 + $1.bytes }
        guard order.count > Self.slackSegments, let oldest = order.first,
            used > Self.sizeFactor * index.liveRecordBytes + Self.slackSegments * settings.segmentBytes
        else { return }
        var plan = newPlan(reserve: Self.reservedSegments)
        var moved = 0
        var unreadable: [MessageID] = []
        do throws(SpoolFault) {
            for id in index.members(of: oldest) where moved < Self.compactionStep {
                guard let bytes = try move(id, &plan) else {
                    unreadable.append(id)
                    continue
                }
                moved += bytes
            }
            try addCompletions(unreadable, &plan)
        } catch {
            takeBack(plan)
            if case .noSpace = error { return }  // there is still room where the messages are
            throw error
        }
        try write(plan, synced: settings.durability == .fsync)
        lock.withLock { _ in
            // A state goes with its message or is forgotten: its segment may be reused.
            for (id, kind, _) in plan.places where kind == .message { index.finish(id) }
            apply(plan)
            for id in unreadable { index.finish(id) }
            compactedBytes += moved
        }
        try reuseOldest()
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
    /// - Returns: bytes moved; nil for a message that is no longer there to be moved: it was put aside.
    private func move(_ id: MessageID, _ plan: inout BatchPlan) throws(SpoolFault) -> Int? {
        guard let entry = index[id] else { return 0 }
        let record: ByteBuffer
        do throws(SpoolFault) { record = try bytes(.message, id, entry.message) } catch {
            guard case .corrupt = error else { throw error }
            _ = try quarantine(id)
            return nil
        }
        let state = try state(id, entry.state)
        let size = record.readableBytes + (state?.readableBytes ?? 0) + 2 * (LogRecord.frameBytes + LogRecord.alignment)
        try plan.makeRoom(size)
        var content = record
        let head = content.readSlice(length: entry.message.headBytes)!
        try plan.add(.message, id, head: head, content: [content])
        if let state { try plan.add(.state, id, head: state) }
        return record.readableBytes
    }

    /// One that cannot be read is put aside, and the message goes on without.
    private func state(_ id: MessageID, _ place: LogIndex.Place?) throws(SpoolFault) -> ByteBuffer? {
        guard let place else { return nil }
        do throws(SpoolFault) { return try bytes(.state, id, place) } catch {
            guard case .corrupt = error else { throw error }
        }
        if let found = try file(place)?.read(at: place.offset, count: LogRecord.frameBytes + place.headBytes) {
            _ = try disk.keepAside(found, as: "\(id).state")
        }
        return nil
    }
}
