import Foundation
import MailTypes
import SpoolContract
import Synchronization
import Testing

/// A memory spool that can be slow and can fail.
private final class TestSpool: Spool {
    struct Behaviour {
        var delay = 0.0
        var fault: SpoolFault?
        var sizes: [Int] = []
        var order: [UInt64] = []
        var completions: [UInt64] = []
    }
    let behaviour = Mutex(Behaviour())

    func commit(_ batch: SpoolBatch) throws(SpoolFault) {
        let (delay, fault) = behaviour.withLock { ($0.delay, $0.fault) }
        if delay > 0 { Thread.sleep(forTimeInterval: delay) }
        if let fault { throw fault }
        behaviour.withLock {
            $0.sizes.append(batch.messages.count)
            $0.order += batch.messages.map(\.id.low)
            $0.completions += batch.completions.map(\.low)
        }
    }

    func load(_ id: MessageID) throws(SpoolFault) -> StoredMessage? { nil }
    func quarantine(_ id: MessageID) throws(SpoolFault) -> String? { nil }
    var report: SpoolReport { SpoolReport(messages: 0, liveBytes: 0, diskBytes: nil) }
    func enumerate(_ body: (SpoolEntry) -> Void) throws(SpoolFault) -> UnreadableRecords { UnreadableRecords() }
    var freeBytes: Int? { nil }
    var wasCleanlyClosed: Bool { true }
    func close(clean: Bool) {}
}

private final class Observer: CommitObserver {
    let seen = Mutex<[(tickets: [UInt64], fault: SpoolFault?)]>([])
    func committed(_ tickets: [UInt64], fault: SpoolFault?) { seen.withLock { $0.append((tickets, fault)) } }
    var tickets: [UInt64] { seen.withLock { $0.flatMap(\.tickets) } }
    var faults: [SpoolFault?] { seen.withLock { $0.map(\.fault) } }
}

@Suite struct GroupCommitterTests {
    @Test func batchesGrowUnderLoadAndKeepOrder() {
        let spool = TestSpool()
        spool.behaviour.withLock { $0.delay = 0.02 }
        let committer = GroupCommitter(spool: spool)
        let observers = [Observer(), Observer()]
        for ticket in 1...200 as ClosedRange<UInt64> {
            committer.submit(makeMessage(ticket), ticket: ticket, observer: observers[Int(ticket % 2)])
        }
        committer.drain()
        let (sizes, order) = spool.behaviour.withLock { ($0.sizes, $0.order) }
        #expect(order == Array(1...200))
        #expect(sizes.count < 20, "what waits while a batch is written becomes one batch: \(sizes)")
        #expect(observers[0].tickets == (1...100).map { $0 * 2 })
        #expect(observers[1].tickets == (1...100).map { $0 * 2 - 1 })
        #expect(committer.counts.messages == 200)
        committer.stop()
    }

    /// Several with one ticket are in one batch, whatever its size.
    @Test func whatBelongsTogetherIsCommittedTogether() {
        let spool = TestSpool()
        let committer = GroupCommitter(spool: spool)
        let observer = Observer()
        let count = GroupCommitter.batchMessages + 1
        committer.submit((1...UInt64(count)).map { makeMessage($0) }, ticket: 7, observer: observer)
        committer.submit([], ticket: 8, observer: observer)
        committer.drain()
        #expect(spool.behaviour.withLock { $0.sizes } == [count])
        #expect(observer.tickets == [7])
        #expect(committer.counts.messages == UInt64(count))
        committer.stop()
    }

    @Test func completionsAloneAreCommitted() {
        let spool = TestSpool()
        let committer = GroupCommitter(spool: spool)
        committer.submit(completion: MessageID(high: 7, low: 5))
        committer.drain()
        #expect(spool.behaviour.withLock { $0.completions } == [5])
        committer.stop()
    }

    @Test func ioFaultLatches() {
        let spool = TestSpool()
        spool.behaviour.withLock { $0.fault = .inputOutput("disk") }
        let committer = GroupCommitter(spool: spool)
        let observer = Observer()
        committer.submit(makeMessage(1), ticket: 1, observer: observer)
        committer.drain()
        spool.behaviour.withLock { $0.fault = nil }
        committer.submit(makeMessage(2), ticket: 2, observer: observer)
        committer.drain()
        #expect(observer.tickets == [1, 2])
        #expect(observer.faults == [.inputOutput("disk"), .inputOutput("disk")])
        #expect(committer.fault == .inputOutput("disk"))
        #expect(spool.behaviour.withLock { $0.order }.isEmpty, "nothing is written after a failed write")
        committer.stop()
    }

    @Test func fullDiskPasses() {
        let spool = TestSpool()
        spool.behaviour.withLock { $0.fault = .noSpace("disk") }
        let committer = GroupCommitter(spool: spool)
        let observer = Observer()
        committer.submit(makeMessage(1), ticket: 1, observer: observer)
        committer.submit(completion: MessageID(high: 7, low: 9))
        while observer.tickets.isEmpty { Thread.sleep(forTimeInterval: 0.005) }
        #expect(observer.faults.first == .noSpace("disk"))
        spool.behaviour.withLock { $0.fault = nil }
        committer.submit(makeMessage(2), ticket: 2, observer: observer)
        committer.drain()
        #expect(spool.behaviour.withLock { $0.order } == [2], "the refused message is the client's again")
        #expect(spool.behaviour.withLock { $0.completions } == [9], "what we know of mail we have is kept")
        #expect(committer.fault == nil)
        committer.stop()
    }

    @Test func stopCommitsWhatWaits() {
        let spool = TestSpool()
        spool.behaviour.withLock { $0.delay = 0.01 }
        let committer = GroupCommitter(spool: spool)
        let observer = Observer()
        for ticket in 1...50 as ClosedRange<UInt64> {
            committer.submit(makeMessage(ticket), ticket: ticket, observer: observer)
        }
        committer.stop()
        #expect(observer.tickets == Array(1...50))
    }
}
