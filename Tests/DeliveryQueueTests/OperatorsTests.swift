import DeliveryQueue
import MailTypes
import Testing

/// What operators do to a queue: labels, orders, sweeps in slices.
@Suite struct OperatorsTests {
    private let small = SliceLimit(looked: 7, changed: 3)

    /// Thirty deliveries: tenants a, b, none in turn; domains x.test and y.test in turn.
    private func filled() -> DeliveryQueue {
        var queue = DeliveryQueue(policies: exact)
        queue.leavesBy = { queue, source in source == "ip1" && queue.hasPrefix("warm>") }
        for number in 0..<30 as Range<UInt64> {
            let label = DeliveryLabel(
                domain: number % 2 == 0 ? "x.test" : "y.test", tenant: [nil, "a", "b"][Int(number % 3)])
            if number < 20 {
                queue.accept(id(number), to: number % 2 == 0 ? "one" : "warm>one", label: label)
            } else {
                var found = DeliveryQueue.Found(id(number), attempts: 1, due: 1_000)
                found.label = label
                queue.restore(found, to: "two", now: 0)
            }
        }
        return queue
    }

    /// Does something in slices; each keeps within its limit.
    private func inSlices(
        _ queue: inout DeliveryQueue, _ selection: MailSelection,
        _ step: (inout DeliveryQueue, inout QueueSweep) -> Int
    ) -> (changed: Int, slices: Int) {
        var sweep = queue.sweep(selection)
        var (changed, slices) = (0, 0)
        while !sweep.isOver {
            let count = step(&queue, &sweep)
            #expect(count <= small.changed, "a slice changes no more than it may")
            changed += count
            slices += 1
        }
        return (changed, slices)
    }

    @Test(arguments: [
        (MailSelection.all, 30), (MailSelection(domain: "x.test"), 15), (MailSelection(tenant: "a"), 10),
        (MailSelection(domain: "x.test", tenant: "a"), 5), (MailSelection(destination: "one"), 20),
        (MailSelection(destination: "one", pool: "warm"), 10), (MailSelection(pool: ""), 20),
        (MailSelection(destination: "two", tenant: "b"), 4), (MailSelection(ids: [id(3), id(25), id(99)]), 2),
        (MailSelection(campaign: "none"), 0), (MailSelection(source: "ip1"), 10), (MailSelection(source: "ip2"), 0),
        (MailSelection(queueNames: [SenderQueueName("a@X.test")]), 5),
        (MailSelection(queueNames: [SenderQueueName("x.test"), SenderQueueName("b@y.test")]), 10),
        (MailSelection(domain: "y.test", queueNames: [SenderQueueName("x.test")]), 0),
    ])
    func selectionsFit(selection: MailSelection, count: Int) {
        let queue = filled()
        #expect(queue.summaries(selection, limit: 100).count == count)
        var sweep = queue.sweep(selection)
        var found: [MessageID] = []
        while !sweep.isOver { found += queue.summaries(&sweep, small).map(\.id) }
        #expect(found.count == count && Set(found).count == count, "slices meet each once")
    }

    @Test func summariesAreCountedInSlices() throws {
        var queue = filled()
        let hop = try queue.mustConnect(now: 0)
        let lease = try queue.mustNext(for: hop, now: 0)
        _ = queue.deferred(lease, now: 0)
        queue.noteFailure(SMTPReply(450, nil, "later"), of: hop, now: 5)
        var tallies: [String: DeliveryQueue.Tally] = [:]
        var sweep = queue.sweep(.all)
        while !sweep.isOver { queue.tally(&sweep, small, by: .tenant, into: &tallies) }
        #expect(tallies.mapValues(\.count) == ["": 10, "a": 10, "b": 10])
        #expect(tallies.values.map(\.deferred).reduce(0, +) == 11)
        tallies = [:]
        sweep = queue.sweep(.all)
        queue.tally(&sweep, .whole, by: .pool, into: &tallies)
        #expect(tallies.mapValues(\.count) == ["": 20, "warm": 10])
        #expect(tallies[""]?.failure == "450 later")
    }

    /// Mail waits, what comes later too, and goes on when the order ends; what another order suspends stays.
    @Test func suspendedMailWaits() throws {
        var queue = filled()
        let x = QueueOrder(id: "x", .suspend, MailSelection(domain: "x.test"))
        let a = QueueOrder(id: "a", .suspend, MailSelection(tenant: "a"))
        queue.give(x)
        let (changed, slices) = inSlices(&queue, x.selection) { $0.suspend(&$1, small) }
        #expect(changed == 10 && slices >= 4)
        #expect((queue.readyCount, queue.suspendedCount, queue.deferredCount) == (10, 10, 10))
        queue.accept(id(50), to: "one", label: DeliveryLabel(domain: "x.test"))
        queue.accept(id(51), to: "one", label: DeliveryLabel(domain: "z.test"))
        #expect((queue.readyCount, queue.suspendedCount) == (11, 11))
        queue.advance(to: 2_000)
        #expect(
            (queue.readyCount, queue.suspendedCount, queue.deferredCount) == (16, 16, 0), "what comes due waits, too")
        queue.give(a)
        #expect(inSlices(&queue, a.selection) { $0.suspend(&$1, small) }.changed == 5)
        queue.withdraw("x")
        let both = queue.summaries(MailSelection(domain: "x.test", tenant: "a"), limit: 100).count
        #expect(inSlices(&queue, x.selection) { $0.resume(&$1, small) }.changed == 16 - both)
        queue.withdraw("a")
        #expect(inSlices(&queue, a.selection) { $0.resume(&$1, small) }.changed == 5 + both)
        #expect((queue.readyCount, queue.suspendedCount) == (32, 0))
    }

    /// Nothing is handed out that is suspended, whatever way it came back.
    @Test func aReleasedLeaseObeysOrders() throws {
        var queue = DeliveryQueue(policies: exact)
        queue.accept(id(1), to: "hop", label: DeliveryLabel(tenant: "a"))
        let hop = try queue.mustConnect(now: 0, opening: true)
        let lease = try queue.mustNext(for: hop, now: 0)
        queue.give(QueueOrder(id: "a", .suspend, MailSelection(tenant: "a")))
        queue.release(lease)
        #expect(queue.next(for: hop, now: 0) == nil && queue.suspendedCount == 1)
    }

    @Test func bouncedMailLeavesAndThenItsOrder() throws {
        var queue = filled()
        _ = queue.hold(MailSelection(ids: [id(1)]))
        let selection = MailSelection(domain: "y.test")
        let (changed, _) = inSlices(&queue, selection) { $0.bounce(&$1, small, order: "o") }
        #expect(changed == 15 && queue.leavingCount == 15, "ready, deferred and held ones")
        #expect(queue.readyCount + queue.deferredCount == 15)
        var left = 0
        while let (lease, isSilent) = queue.nextLeaving("o") {
            #expect(!isSilent && lease.id.low % 2 == 1)
            queue.finish(lease)
            left += 1
        }
        #expect(left == 15 && queue.count == 15 && !queue.hasLeaving("o"))
        // What was accepted later is not meant by an order about what was queued.
        queue.give(QueueOrder(id: "p", .bounce, selection, acceptedBy: 10))
        var found = DeliveryQueue.Found(id(60, at: 11))
        found.label = DeliveryLabel(domain: "y.test")
        queue.restore(found, to: "one", now: 20)
        found.id = id(61, at: 10)
        found.isSilent = true
        queue.restore(found, to: "one", now: 20)
        #expect(queue.leavingCount == 1 && queue.nextLeaving("p")?.isSilent == true)
    }

    @Test func reboundMailMovesAndIsToBeWritten() throws {
        var queue = filled()
        let change = LabelChange(tenant: "c", pool: "cold")
        var rebound: [DeliveryQueue.Rebound] = []
        let (changed, _) = inSlices(&queue, MailSelection(tenant: "b")) { queue, sweep in
            let (count, told) = queue.rebind(
                &sweep, small, change, isLogged: true, now: 0, tells: { $0.low > 10 },
                way: { label, _, queue in
                    #expect(label.tenant == "c" && label.isRebound)
                    return .queue("cold>" + queue.split(separator: ">").last!)
                })
            rebound += told
            return count
        }
        #expect(changed == 10 && rebound.count == 7 && rebound.allSatisfy { $0.cameFrom != nil })
        #expect(queue.summaries(MailSelection(tenant: "b"), limit: 100).isEmpty)
        let moved = queue.summaries(MailSelection(tenant: "c"), limit: 100)
        #expect(moved.count == 10 && moved.allSatisfy { $0.destination.hasPrefix("cold>") })
        #expect(moved.count { $0.place == "deferred" && $0.due == 1_000 } == 4, "what waited waits as long")
        var (unwritten, unlogged) = (Set<MessageID>(), Set<MessageID>())
        _ = inSlices(&queue, .all) { queue, sweep in
            let part = queue.takeUnwritten(&sweep, small)
            unwritten.formUnion(part.map(\.id))
            unlogged.formUnion(part.filter(\.isUnlogged).map(\.id))
            return part.count
        }
        #expect(unwritten == Set(moved.map(\.id)))
        #expect(unlogged == unwritten.filter { $0.low <= 10 }, "the others were told of at once")
        var sweep = queue.sweep(.all)
        #expect(queue.takeUnwritten(&sweep, .whole).isEmpty, "once")
        #expect(queue.readyCount + queue.deferredCount == 30)
    }

    /// A delivery that goes out before its labels were written down is told of once.
    @Test func whatGoesOutFirstIsToldOnce() throws {
        var queue = DeliveryQueue(policies: exact)
        for number in 1...2 as ClosedRange<UInt64> { queue.accept(id(number), to: "x.test") }
        var sweep = queue.sweep(.all)
        let change = LabelChange(tenant: "acme")
        _ = queue.rebind(&sweep, .whole, change, isLogged: true, now: 0, tells: { _ in false }) { _, _, _ in .stays }
        let found = queue.destination(named: "x.test")
        let lease = try queue.mustNext(for: try #require(found), now: 0)
        let told = queue.takeUnwritten(lease)
        #expect(told?.label.tenant == "acme" && told?.isUnlogged == true)
        #expect(queue.takeUnwritten(lease)?.isUnlogged == false && queue.isUnwritten(lease))
        sweep = queue.sweep(.all)
        let rest = queue.takeUnwritten(&sweep, .whole)
        #expect(rest.map(\.id) == [id(1), id(2)] && rest.map(\.isUnlogged) == [false, true])
        #expect(queue.takeUnwritten(lease) == nil)
    }

    @Test func flushingInSlicesMeetsAll() {
        var queue = filled()
        #expect(inSlices(&queue, MailSelection(tenant: "a")) { $0.flush(&$1, small, now: 0) }.changed == 3)
        #expect((queue.readyCount, queue.deferredCount) == (23, 7))
    }

    @Test func aSuspendedQueueGetsNoConnection() throws {
        var queue = DeliveryQueue(policies: exact)
        queue.accept(id(1), to: "hop")
        queue.suspendConnections(of: "hop", until: 1_000)
        queue.suspendConnections(of: "new", until: 500)
        queue.accept(id(2), to: "new")
        #expect(queue.nextConnection(now: 0) == nil)
        let first = try queue.mustConnect(now: 500, opening: true)
        #expect(queue.name(of: first) == "new")
        _ = try queue.mustNext(for: first, now: 500)
        #expect(queue.nextConnection(now: 999) == nil)
        queue.suspendConnections(of: "hop", until: 0)
        #expect(
            queue.nextConnection(now: 999).map { queue.name(of: $0) } == "hop", "an operator may end it before its time"
        )
        // An open connection takes nothing more.
        queue.suspendConnections(of: "new", until: 5_000)
        queue.accept(id(3), to: "new")
        #expect(queue.next(for: first, now: 1_000) == nil)
        #expect(queue.next(for: first, now: 5_000)?.id == id(3))
    }

    /// A label is kept once, and forgotten with the last delivery that has it.
    @Test func labelsAreSharedAndForgotten() throws {
        var queue = DeliveryQueue(policies: exact)
        let label = DeliveryLabel(domain: "a.domain.that.is.longer.than.a.word.test", tenant: "t")
        for number in 0..<100 as Range<UInt64> {
            queue.accept(
                id(number), to: "hop", label: number % 2 == 0 ? label : DeliveryLabel(domain: "\(number).test"))
        }
        #expect(queue.labelCount == 51)
        #expect(queue.remove(MailSelection(tenant: "t")).count == 50)
        #expect(queue.labelCount == 50)
        _ = queue.remove(.all)
        #expect(queue.labelCount == 0 && queue.count == 0)
    }

    /// KumoMTA's names of queues, read and written.
    @Test(arguments: ["x.test", "a@x.test", "spring:a@x.test", "spring:x.test", "a@x.test!relay.test", ""])
    func namesOfKumoMTAsQueues(text: String) {
        #expect(SenderQueueName(text).text == text)
        #expect(SenderQueueName("Spring:A@X.test").selection.domain == "x.test")
        #expect(SenderQueueName("Spring:A@X.test").selection.tenant == "A")
    }

    /// What an operator is told of a queue that does not move.
    @Test func aQueueSaysWhatItWaitsFor() throws {
        var queue = filled()
        func firstDue(_ name: String) -> UInt64? {
            var (sweep, first) = (queue.sweep(.destination(name)), DeliveryQueue.FirstDue())
            queue.findFirstDue(&sweep, .whole, &first)
            #expect(first.scheduled == nil)
            return first.deferred
        }
        #expect(firstDue("two") == 1_000 && firstDue("one") == nil)
        #expect(queue.condition(of: "none") == nil && queue.condition(of: "one")?.opening == 0)
        let next = queue.nextConnection(now: 0)
        let destination = try #require(next)
        let name = queue.name(of: destination)
        #expect(queue.condition(of: name)?.opening == 1 && queue.condition(of: name)?.connectionsInUse == 1)
        queue.connectionDenied(destination, by: "d:x", until: 400)
        #expect(queue.condition(of: name)?.opening == 0)
    }
}
