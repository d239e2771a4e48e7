import MailTypes
import NIOCore
import SpoolContract

extension SegmentLogSpool {
    /// Empty segments that new mail must leave: completions need room on a full disk, or nothing would ever be freed.
    static let reservedSegments = 1

    /// After a failed write or sync nobody knows what is on the disk: every later commit gets the same answer.
    /// - Returns: the fault to throw.
    func latch(_ fault: SpoolFault) -> SpoolFault {
        let fault = SpoolFault.inputOutput(fault.description)
        lock.withLock { _ in if failure == nil { failure = fault } }
        return fault
    }

    /// Finds room for the whole batch before any of it is written.
    /// - Returns: the ids that it finishes, too.
    func layOut(_ batch: SpoolBatch) throws(SpoolFault) -> (BatchPlan, finished: [MessageID]) {
        let finished = try putAside(batch.completions)
        var plan = newPlan(reserve: batch.messages.isEmpty ? 0 : Self.reservedSegments)
        do throws(SpoolFault) {
            if !batch.messages.isEmpty { try keepReserve() }
            for message in batch.messages {
                try plan.add(
                    .message, message.id, head: RecordCodec.head(of: message), content: message.content.slices)
            }
            for (id, state) in batch.states { try plan.add(.state, id, head: RecordCodec.fields(of: state)) }
            try addCompletions(finished, &plan)
        } catch {
            takeBack(plan)
            if case .noSpace = error { throw error }
            throw latch(error)
        }
        return (plan, finished)
    }

    /// - Parameter reserve: spare segments that must be left.
    func newPlan(reserve: Int) -> BatchPlan {
        var part = tail
        part?.start = tail?.end ?? 0
        return BatchPlan(tail: part, previous: openedAt) { [self] (size) throws(SpoolFault) in
            try nextSegment(size, reserve: reserve)
        }
    }

    func addCompletions(_ ids: [MessageID], _ plan: inout BatchPlan) throws(SpoolFault) {
        guard let first = ids.first else { return }
        var head = ByteBufferAllocator().buffer(capacity: ids.count * 16)
        for id in ids { head.writeBytes(id.bytes) }
        try plan.add(.completions, first, head: head)
    }

    /// A plan that was not written gives its new segments back.
    func takeBack(_ plan: BatchPlan) {
        let taken = plan.parts.filter { $0.header != nil }.map(\.segment)
        lock.withLock { _ in spares = taken + spares }
    }

    /// Writes the parts one behind the other. Before a segment is begun everything older is synced, and its header
    /// before its records: what a power cut may tear is then always in the youngest segment, and a segment that is
    /// reused never holds records of two uses that are both taken for its own.
    func write(_ plan: BatchPlan, synced: Bool) throws(SpoolFault) {
        var plan = plan
        plan.pad()
        let isSyncing = settings.durability == .fsync
        do throws(SpoolFault) {
            for part in plan.parts where !part.buffers.isEmpty {
                if let header = part.header {
                    if isSyncing { try syncWritten() }
                    try part.segment.write([header.block], at: 0)
                    if isSyncing { try part.segment.sync() }
                }
                try part.segment.write(part.buffers, at: part.start)
                if !unsynced.contains(where: { $0 === part.segment }) { unsynced.append(part.segment) }
            }
            if synced { try syncWritten() }
        } catch {
            throw latch(error)
        }
        lock.withLock { _ in
            for part in plan.parts where segments[part.generation] == nil {
                segments[part.generation] = part.segment
                order.append(part.generation)
            }
        }
        tail = plan.parts.last
        tail?.buffers = []
        tail?.header = nil
        if let end = tail?.nextSequence, unsynced.isEmpty || !isSyncing { tail?.batch = end }
    }

    func syncWritten() throws(SpoolFault) {
        for file in unsynced { try file.sync() }
        unsynced = []
    }

    /// What was found unreadable is put aside before it is finished; what cannot be stays where it is.
    /// - Returns: the ids that may be finished.
    private func putAside(_ ids: [MessageID]) throws(SpoolFault) -> [MessageID] {
        let found = lock.withLock { _ in suspects.isEmpty ? [] : ids.filter { suspects.contains($0) } }
        guard !found.isEmpty else { return ids }
        var kept: Set<MessageID> = []
        for id in found {
            do throws(SpoolFault) { _ = try quarantine(id) } catch {
                if case .noSpace = error { throw error }
                kept.insert(id)
            }
        }
        return ids.filter { !kept.contains($0) }
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
}
