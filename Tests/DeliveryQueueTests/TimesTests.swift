import DeliveryQueue
import MailTypes
import Testing

/// Deliveries that go later, or have to be there by a time.
@Suite struct TimesTests {
    private func queue(_ times: DeliveryQueue.Times, at now: UInt64 = 0, warning: UInt64? = nil) -> DeliveryQueue {
        var policies = exact
        policies.standard.delayWarning = warning
        var queue = DeliveryQueue(policies: policies)
        queue.accept(id(1, at: now), to: "x.test", times: times, now: now)
        return queue
    }

    private func lease(_ queue: inout DeliveryQueue, now: UInt64) throws -> DeliveryQueue.Lease {
        let found = queue.destination(named: "x.test")
        let destination = try #require(found)
        return try queue.mustNext(for: destination, now: now)
    }

    private func returned(_ overdue: DeliveryQueue.Overdue?) -> DeliveryQueue.Lease? {
        if case .returned(let lease)? = overdue { lease } else { nil }
    }

    @Test func nothingGoesBeforeItsTime() throws {
        var queue = queue(.init(notBefore: 5_000))
        #expect(queue.readyCount == 0 && queue.deferredCount == 1)
        #expect(queue.nextConnection(now: 4_999) == nil)
        let summary = try #require(queue.summaries(.all, limit: 1).first)
        #expect(summary.place == "scheduled" && summary.due == 5_000 && summary.attempts == 0)
        let destination = try queue.mustConnect(now: onTheWheel(5_000))
        #expect(queue.name(of: destination) == "x.test")
        #expect(try queue.mustNext(for: destination, now: onTheWheel(5_000)).id == id(1))
    }

    /// The time before it might go is no time that it was tried.
    @Test func agesCountFromThen() throws {
        // The schedule's most is 1,000.
        var queue = queue(.init(notBefore: 5_000), warning: 300)
        var lease = try lease(&queue, now: 5_024)
        #expect(queue.deferred(lease, now: 5_024) == .retry(dueMilliseconds: 5_124, attempts: 1, warn: false))
        #expect(queue.summaries(.all, limit: 1).first?.place == "deferred")
        lease = try self.lease(&queue, now: 5_320)
        #expect(queue.deferred(lease, now: 5_320) == .retry(dueMilliseconds: 5_520, attempts: 2, warn: true))
        lease = try self.lease(&queue, now: 6_000)
        #expect(queue.deferred(lease, now: 6_000) == .expired)
        #expect(queue.count == 0)
    }

    @Test func restoredMailKeepsItsTime() throws {
        var queue = DeliveryQueue(policies: exact)
        var found = DeliveryQueue.Found(id(1))
        found.times = .init(notBefore: 5_000)
        queue.restore(found, to: "x.test", now: 1_000)
        found.id = id(2)
        (found.attempts, found.dueMilliseconds) = (1, 9_000)
        queue.restore(found, to: "x.test", now: 6_000)
        found.id = id(3)
        found.isHeld = true
        queue.restore(found, to: "x.test", now: 1_000)
        let all = queue.summaries(.all, limit: 9).sorted { $0.id < $1.id }
        #expect(all.map(\.place) == ["scheduled", "deferred", "held"] && all.map(\.due) == [5_000, 9_000, nil])
    }

    /// An operator's flush is for what failed, unless he names a message.
    @Test func flushingAllLeavesWhatIsScheduled() throws {
        var queue = queue(.init(notBefore: 5_000))
        #expect(queue.flush(.all, now: 10) == 0 && queue.flush(.destination("x.test"), now: 10) == 0)
        #expect(queue.deferredCount == 1)
        #expect(queue.flush(.ids([id(1)]), now: 10) == 1)
        let lease = try lease(&queue, now: 10)
        #expect(queue.times(of: lease)?.notBefore == 10)
    }

    /// What is scheduled is not among what was put off, whatever becomes of it.
    @Test func destinationsCountWhatIsScheduled() throws {
        var queue = DeliveryQueue(policies: exact)
        for number in 1...4 as ClosedRange<UInt64> {
            queue.accept(id(number), to: "x.test", times: .init(notBefore: 5_000), now: 0)
        }
        queue.accept(id(5), to: "x.test")
        func expect(_ ready: Int, _ deferred: Int, _ scheduled: Int, _ held: Int, of name: String = "x.test") {
            let one = queue.destinationSummary(of: name)
            #expect([one?.ready, one?.deferred, one?.scheduled, one?.held] == [ready, deferred, scheduled, held])
            #expect(one?.count == ready + deferred + scheduled + held)
        }
        expect(1, 0, 4, 0)
        let lease = try lease(&queue, now: 0)
        _ = queue.deferred(lease, now: 0)
        expect(0, 1, 4, 0)
        _ = queue.hold(.ids([id(1)]))
        expect(0, 1, 3, 1)
        _ = queue.flush(.ids([id(2)]), now: 10)
        expect(1, 1, 2, 1)
        _ = queue.remove(.ids([id(3)]))
        expect(1, 1, 1, 1)
        var sweep = queue.sweep(.ids([id(4)]))
        _ = queue.reroute(&sweep, .whole, now: 20) { _, _, _ in .queue("y.test") }
        expect(1, 1, 0, 1)
        expect(0, 0, 1, 0, of: "y.test")
        queue.advance(to: onTheWheel(5_000))
        expect(1, 0, 0, 0, of: "y.test")
        expect(2, 0, 0, 1)
    }

    /// It was taken before its window opened, or let go by an operator: it waits again.
    @Test func whatIsPostponedIsScheduled() throws {
        var queue = queue(.init())
        let lease = try lease(&queue, now: 0)
        queue.postpone(lease, until: 7_000, now: 0)
        #expect(queue.leasedCount == 0 && queue.summaries(.all, limit: 1).first?.place == "scheduled")
        var sweep = queue.sweep(.all)
        var tallies: [String: DeliveryQueue.Tally] = [:]
        queue.tally(&sweep, .whole, by: .destination, into: &tallies)
        #expect(tallies["x.test"]?.scheduled == 1 && tallies["x.test"]?.deferred == 0 && tallies["x.test"]?.count == 1)
    }

    @Test func whatIsOverdueIsHandedOutOnce() throws {
        for place in ["ready", "deferred", "held"] {
            var queue = queue(.init(returnedAt: 500))
            if place == "deferred" { _ = queue.deferred(try lease(&queue, now: 450), now: 450) }
            if place == "held" { _ = queue.hold(.all) }
            #expect(queue.summaries(.all, limit: 1).first?.place == place)
            #expect(queue.hasDeadlines && queue.nextOverdue(now: 499) == nil)
            let overdue = try #require(returned(queue.nextOverdue(now: 500)), "\(place)")
            #expect(overdue.id == id(1) && queue.leasedCount == 1 && queue.nextOverdue(now: 9_999) == nil)
            queue.finish(overdue)
            #expect(queue.count == 0 && queue.heldCount == 0)
        }
    }

    /// What is under way when its time is over may still arrive; when it fails it is over.
    @Test func whatIsUnderWayMayArrive() throws {
        var queue = queue(.init(returnedAt: 500))
        var lease = try lease(&queue, now: 400)
        #expect(queue.nextOverdue(now: 600) == nil && queue.hasDeadlines)
        #expect(queue.deferred(lease, now: 700) == .expired)
        #expect(queue.nextOverdue(now: 9_999) == nil && queue.count == 0)
        queue = self.queue(.init(returnedAt: 500))
        lease = try self.lease(&queue, now: 400)
        #expect(queue.nextOverdue(now: 600) == nil)
        queue.release(lease)
        #expect(returned(queue.nextOverdue(now: 900))?.id == id(1))
    }

    @Test func sendersAreToldOnceAndItGoesOn() throws {
        var queue = queue(.init(noticeAt: 500))
        let lease = try lease(&queue, now: 400)
        guard case .noticed(let summary)? = queue.nextOverdue(now: 500) else {
            Issue.record("nobody is told")
            return
        }
        #expect(summary.id == id(1) && summary.place == "leased")
        #expect(queue.nextOverdue(now: 9_999) == nil)
        #expect(queue.deferred(lease, now: 600) == .retry(dueMilliseconds: 700, attempts: 1, warn: false))
    }

    /// Mail that arrives in time leaves nothing behind for long, however much of it there is.
    @Test func deadlinesOfTheGoneAreForgotten() throws {
        var queue = DeliveryQueue(policies: exact)
        for number in 0..<20_000 as Range<UInt64> {
            queue.accept(id(number), to: "x.test", times: .init(returnedAt: 1_000_000), now: 0)
            queue.finish(try lease(&queue, now: 0))
        }
        #expect(queue.count == 0 && queue.deadlineCount <= 1_001)
    }
}
