import MailTypes
import SpoolContract
import Synchronization
import Testing

/// A memory spool that notes what reaches it, and can be full.
private final class Base: Spool {
    let memory = MemorySpool()
    let log = Mutex<(commits: Int, isFull: Bool, clean: Bool?)>((0, false, nil))

    func commit(_ batch: SpoolBatch) throws(SpoolFault) {
        let isFull = log.withLock {
            $0.commits += 1
            return $0.isFull
        }
        if isFull { throw .noSpace("full") }
        try memory.commit(batch)
    }
    func load(_ id: MessageID) throws(SpoolFault) -> StoredMessage? { try memory.load(id) }
    func quarantine(_ id: MessageID) throws(SpoolFault) -> String? { nil }
    func enumerate(_ body: (SpoolEntry) -> Void) throws(SpoolFault) -> UnreadableRecords {
        try memory.enumerate(body)
    }
    var report: SpoolReport { memory.report }
    var freeBytes: Int? { nil }
    var wasCleanlyClosed: Bool { true }
    func close(clean: Bool) { log.withLock { $0.clean = clean } }
    var ids: [UInt64] {
        var found: [UInt64] = []
        _ = try? memory.enumerate { found.append($0.id.low) }
        return found
    }
}

@Suite struct DeferringSpoolTests {
    private let base = Base()
    private let state = DeliveryState(attempts: 1, nextDueMilliseconds: 9, recipients: [.waiting], lastReply: "450 no")

    private func batch(_ numbers: ClosedRange<UInt64>) -> SpoolBatch {
        var batch = SpoolBatch()
        batch.messages = numbers.map { makeMessage($0) }
        return batch
    }
    private func id(_ number: UInt64) -> MessageID { MessageID(high: 7, low: number) }

    @Test func whatIsDeliveredAtOnceIsNeverWritten() throws {
        let spool = DeferringSpool(over: base, limitBytes: 1 << 20)
        try spool.commit(batch(1...10))
        #expect(try text(#require(try spool.load(id(3))).message.content) == "Subject: x\r\n\r\nhello\r\n")
        #expect(spool.report.messages == 10)
        var done = SpoolBatch()
        done.completions = (1...10).map { id($0) }
        try spool.commit(done)
        spool.close(clean: true)
        #expect(base.log.withLock { $0.commits } == 0)
        #expect(base.log.withLock { $0.clean } == true)
    }

    @Test func whatFailsOnceIsWrittenWithItsState() throws {
        let spool = DeferringSpool(over: base, limitBytes: 1 << 20)
        try spool.commit(batch(1...3))
        var failed = SpoolBatch()
        failed.states = [(id(2), state)]
        try spool.commit(failed)
        #expect(base.ids == [2])
        #expect(try base.load(id(2))?.state == state)
        #expect(try spool.load(id(2))?.state == state, "and it is read from there from now on")
    }

    @Test func whatIsStillInMemoryIsWrittenAtTheEnd() throws {
        let spool = DeferringSpool(over: base, limitBytes: 1 << 20)
        try spool.commit(batch(1...5000))
        spool.close(clean: true)
        #expect(base.ids == Array(1...5000))
    }

    @Test func memoryIsBounded() throws {
        let size = makeMessage(1).content.size
        let spool = DeferringSpool(over: base, limitBytes: 3 * size)
        try spool.commit(batch(1...5))
        #expect(base.ids == [4, 5])
    }

    /// Over a spool that writes, only mail that was handed in so stays in memory.
    @Test func othersAreWrittenAtOnce() throws {
        let spool = DeferringSpool(over: base, limitBytes: 1 << 20, onlyMarked: true)
        var mixed = batch(1...4)
        mixed.messages[1].mayBeDeferred = true
        mixed.messages[2].mayBeDeferred = true
        try spool.commit(mixed)
        #expect(base.ids == [1, 4])
        var failed = SpoolBatch()
        failed.states = [(id(2), state)]
        failed.completions = [id(3), id(4)]
        try spool.commit(failed)
        #expect(base.ids == [1, 2])
    }

    @Test func aFullDiskLosesNothing() throws {
        let spool = DeferringSpool(over: base, limitBytes: 1 << 20)
        try spool.commit(batch(1...2))
        base.log.withLock { $0.isFull = true }
        var mixed = batch(3...3)
        mixed.states = [(id(1), state)]
        #expect(throws: SpoolFault.self) { try spool.commit(mixed) }
        #expect(try spool.load(id(1)) != nil, "it was accepted before")
        #expect(try spool.load(id(3)) == nil, "it was refused")
        spool.close(clean: true)
        #expect(base.log.withLock { $0.clean } == false, "not everything is on the disk")
    }
}

@Suite struct NullSpoolTests {
    @Test func countsAndForgets() throws {
        let spool = NullSpool()
        #expect(!spool.canLoad)
        var batch = SpoolBatch()
        batch.messages = [makeMessage(1), makeMessage(2)]
        try spool.commit(batch)
        #expect(spool.report.messages == 2 && spool.report.liveBytes == 42)
        #expect(try spool.load(MessageID(high: 7, low: 1)) == nil)
        var done = SpoolBatch()
        done.completions = [MessageID(high: 7, low: 1)]
        try spool.commit(done)
        #expect(spool.report.messages == 1 && spool.report.liveBytes == 21)
    }

    @Test func stateFlagsComeBack() throws {
        var state = DeliveryState(attempts: 2, nextDueMilliseconds: 5, recipients: [], lastReply: "")
        state.isHeld = true
        #expect(try RecordCodec.state(MessageID(high: 1, low: 1), RecordCodec.encode(state)) == state)
        state.isHeld = false
        state.isDelayReported = true
        #expect(try RecordCodec.state(MessageID(high: 1, low: 1), RecordCodec.encode(state)) == state)
    }
}
