import DeliveryQueue
import MailTypes
import Testing

/// Who gets connections: turns, shares, holds, limits over several loops.
@Suite struct FairnessTests {
    private let down = SMTPReply(451, .init(4, 4, 1), "down")

    private func names(_ queue: inout DeliveryQueue, _ count: Int, now: UInt64 = 0) -> [String] {
        (0..<count).compactMap { _ in queue.nextConnection(now: now).map { queue.name(of: $0) } }
    }

    @Test func destinationsTakeTurns() throws {
        var queue = DeliveryQueue(policies: exact, connectionLimit: 6)
        for number in 0..<100 as Range<UInt64> { queue.accept(id(number), to: "big") }
        queue.accept(id(200), to: "small")
        queue.accept(id(201), to: "other")
        var open: [Destination] = []
        for name in ["big", "small", "other"] {
            let destination = try queue.mustConnect(now: 0)
            #expect(queue.name(of: destination) == name)
            open.append(destination)
        }
        #expect(queue.nextConnection(now: 0) == nil, "who has not answered yet gets no second one")
        for destination in open {
            queue.connectionOpened(destination)
            _ = try queue.mustNext(for: destination, now: 0)
        }
        #expect(names(&queue, 10) == ["big", "big", "big"])
    }

    /// Other policies hold at once for queues that are there, whatever is asked of them first.
    @Test func otherPoliciesHoldForQueuesThatAreThere() throws {
        var queue = DeliveryQueue(policies: exact, connectionLimit: 10)
        for number in 0..<6 as Range<UInt64> { queue.accept(id(number), to: number < 3 ? "a" : "b") }
        let first = try queue.mustConnect(now: 0, opening: true)
        #expect(queue.name(of: first) == "a")
        var fresh = exact
        fresh.standard.limits.connections = 1
        fresh.named["a"] = fresh.standard
        fresh.named["a"]!.retry.first = 200
        queue.adopt(fresh)
        #expect(queue.policy(of: first).retry.first == 200)
        #expect(queue.condition(of: "b")?.most == 1 && queue.condition(of: "b")?.policy.retry.first == 100)
        let lease = try queue.mustNext(for: first, now: 0)
        #expect(queue.deferred(lease, now: 0) == .retry(dueMilliseconds: 200, attempts: 1, warn: false))
        #expect(names(&queue, 10) == ["b"], "one each")
        queue.adopt(exact)
        #expect(queue.policy(of: first).retry.first == 100 && queue.condition(of: "a")?.most == 8)
        queue.accept(id(9), to: "a")
        #expect(names(&queue, 10) == ["a", "a", "a"], "as many as it has mail, again")
    }

    /// A million of them do not stop the loop that has them.
    @Test func destinationsAreSummedUpInParts() {
        var queue = DeliveryQueue(policies: exact)
        for number in 0..<10 as Range<UInt64> { queue.accept(id(number), to: "d\(number)") }
        var (next, found, parts) = (Int?.some(0), [String](), 0)
        while next != nil {
            found += queue.destinationSummaries(from: &next, atMost: 4).map(\.name)
            parts += 1
        }
        #expect(parts == 3 && found.sorted() == (0..<10).map { "d\($0)" })
        next = 0
        #expect(DeliveryQueue().destinationSummaries(from: &next, atMost: 4).isEmpty && next == nil)
    }

    @Test func noMoreConnectionsThanMail() throws {
        var queue = DeliveryQueue(policies: exact, connectionLimit: 10)
        queue.accept(id(1), to: "a")
        queue.accept(id(2), to: "a")
        let first = try queue.mustConnect(now: 0, opening: true)
        _ = try queue.mustNext(for: first, now: 0)
        #expect(names(&queue, 10) == ["a"])
    }

    @Test func aLateComerGetsAConnection() throws {
        var queue = DeliveryQueue(policies: exact, connectionLimit: 4)
        for number in 0..<100 as Range<UInt64> { queue.accept(id(number), to: "big") }
        let big = try (0..<4).map { _ in try queue.mustConnect(now: 0, opening: true) }
        #expect(queue.mustYield(big[0], now: 0) == false, "alone it may have them all")
        queue.accept(id(200), to: "small")
        #expect(queue.nextConnection(now: 0) == nil)
        #expect(queue.mustYield(big[0], now: 0) == true)
        queue.connectionClosed(big[0])
        let small = try queue.mustConnect(now: 0)
        #expect(queue.name(of: small) == "small")
        #expect(queue.mustYield(big[0], now: 0) == false, "nobody waits any more")
        #expect(queue.mustYield(small, now: 0) == false, "one is its share")
    }

    /// Over time every destination gets the same number of connections, however deep its queue.
    @Test func connectionsAreSharedEvenly() {
        var queue = DeliveryQueue(policies: exact, connectionLimit: 8)
        let depths = ["a": 5000, "b": 500, "c": 5000, "d": 50_000]
        var number: UInt64 = 0
        for (name, depth) in depths.sorted(by: { $0.key < $1.key }) {
            for _ in 0..<depth {
                number += 1
                queue.accept(id(number), to: name)
            }
        }
        var open: [Destination] = []
        var served: [String: Int] = [:]
        for round in 0..<1600 {
            while let destination = queue.nextConnection(now: 0) {
                queue.connectionOpened(destination)
                open.append(destination)
            }
            let turn = round % open.count
            let destination = open[turn]
            if let lease = queue.next(for: destination, now: 0) {
                served[queue.name(of: destination), default: 0] += 1
                queue.finish(lease)
            }
            guard queue.mustYield(destination, now: 0) else { continue }
            open.remove(at: turn)
            queue.connectionClosed(destination)
        }
        #expect(served.values.allSatisfy { (300...500).contains($0) }, "\(served)")
    }

    @Test func anUnreachableHopIsLeftAloneAndOthersAreNot() throws {
        let policies = DestinationPolicies(
            standard: DestinationPolicy(retry: RetryPolicy(first: 4000, jitter: 0, maximumAge: 1_000_000)))
        var queue = DeliveryQueue(policies: policies, connectionLimit: 4)
        for number in 0..<10 as Range<UInt64> { queue.accept(id(number), to: "down") }
        var now: UInt64 = 0
        for delay in [1000, 2000, 4000, 4000] as [UInt64] {
            let hop = try queue.mustConnect(now: now)
            #expect(queue.connectionFailed(hop, reply: down, now: now).isEmpty)
            #expect(queue.nextConnection(now: now + delay - 1) == nil)
            queue.accept(id(100 + now), to: "up")
            let up = try queue.mustConnect(now: now + delay - 1)
            #expect(queue.name(of: up) == "up")
            let lease = try queue.mustNext(for: up, now: now)
            queue.finish(lease)
            queue.connectionOpened(up)
            queue.connectionClosed(up)
            now += delay
        }
        let probe = try queue.mustConnect(now: now)
        #expect(queue.nextConnection(now: now) == nil, "one connection tries first")
        #expect(queue.destinationSummaries.first?.failure == "451 4.4.1 down")
        queue.connectionOpened(probe)
        #expect(names(&queue, 4, now: now) == ["down", "down", "down"], "the others follow")
        #expect(queue.count == 10, "nothing was deferred: the hop was down, not the mail bad")
    }

    @Test func overdueMailOfAnUnreachableHopIsHandedOut() throws {
        var policies = exact
        policies.standard.delayWarning = 400
        var queue = DeliveryQueue(policies: policies)
        queue.accept(id(1, at: 0), to: "down")
        queue.accept(id(2, at: 500), to: "down")
        queue.accept(id(3, at: 900), to: "down")
        let hop = try queue.mustConnect(now: 1100)
        let overdue = queue.connectionFailed(hop, reply: down, now: 1100)
        #expect(overdue.map(\.id.low) == [1, 2])
        #expect(queue.deferred(overdue[0], now: 1100) == .expired)
        #expect(queue.deferred(overdue[1], now: 1100) == .retry(dueMilliseconds: 1200, attempts: 1, warn: true))
        #expect(queue.readyCount == 1)
    }

    @Test func aSilentHopCostsOneConnection() throws {
        var queue = DeliveryQueue(policies: exact, connectionLimit: 3)
        for number in 0..<10 as Range<UInt64> { queue.accept(id(number), to: "silent") }
        #expect(names(&queue, 5) == ["silent"])
        queue.accept(id(20), to: "a")
        queue.accept(id(21), to: "b")
        queue.accept(id(22), to: "c")
        #expect(names(&queue, 5) == ["a", "b"])
        #expect(queue.someoneWaits(now: 0) == true)
    }

    @Test func aSlowHopLeavesConnectionsToOthers() throws {
        var policies = exact
        policies.named["slow"] = exact.standard
        var queue = DeliveryQueue(policies: policies, connectionLimit: 8)
        for number in 0..<100 as Range<UInt64> { queue.accept(id(number), to: "slow") }
        for _ in 0..<6 { _ = try queue.mustConnect(now: 0, opening: true) }
        #expect(queue.nextConnection(now: 0) == nil)
        queue.accept(id(200), to: "other")
        #expect(queue.nextConnection(now: 0).map { queue.name(of: $0) } == "other")
    }

    @Test func manyDestinationsComeAndGo() throws {
        var queue = DeliveryQueue(policies: exact, connectionLimit: 10)
        for round in 0..<50 as Range<UInt64> {
            for number in 0..<100 as Range<UInt64> { queue.accept(id(round * 100 + number), to: "d\(number)-\(round)") }
            #expect(queue.destinationCount == 100)
            while let destination = queue.nextConnection(now: round) {
                queue.connectionOpened(destination)
                while let lease = queue.next(for: destination, now: round) { queue.finish(lease) }
                queue.connectionClosed(destination)
            }
            #expect(queue.count == 0)
            #expect(queue.nextConnection(now: round) == nil)
            #expect(queue.destinationCount == 0, "round \(round)")
        }
    }
}

@Suite struct QueueOperationTests {
    private func filled() -> DeliveryQueue {
        var queue = DeliveryQueue(policies: exact)
        queue.restore(.init(id(1), attempts: 1, due: 500), to: "a", now: 0)
        queue.accept(id(2), to: "a")
        queue.accept(id(3), to: "b")
        return queue
    }

    @Test func listing() {
        let queue = filled()
        #expect(
            queue.destinationSummaries.map { [$0.name, "\($0.ready)", "\($0.deferred)"] } == [
                ["a", "1", "1"], ["b", "1", "0"],
            ])
        #expect(queue.summaries(.destination("a"), limit: 10).map(\.place) == ["deferred", "ready"])
        #expect(queue.summaries(.all, limit: 2).count == 2)
        #expect(queue.summaries(.ids([id(3)]), limit: 2).map(\.destination) == ["b"])
    }

    @Test func flushing() throws {
        var queue = filled()
        let hop = try queue.mustConnect(now: 0)
        _ = queue.connectionFailed(hop, reply: SMTPReply(451, nil, "down"), now: 0)
        #expect(queue.flush(.destination("a"), now: 0) == 1)
        #expect((queue.readyCount, queue.deferredCount) == (3, 0))
        #expect(queue.nextConnection(now: 1) != nil, "the hold is over")
    }

    @Test func holdingAndLettingGo() throws {
        var queue = filled()
        let b = queue.hold(.ids([id(1), id(3)]))
        #expect(b.map(\.id.low).sorted() == [1, 3])
        #expect((queue.readyCount, queue.deferredCount, queue.heldCount) == (1, 0, 2))
        queue.advance(to: 10_000)
        #expect(queue.readyCount == 1, "held mail does not come due")
        #expect(queue.unhold(.all).count == 2)
        #expect((queue.readyCount, queue.heldCount) == (3, 0))
    }

    @Test func removingLeavesWhatIsUnderWay() throws {
        var queue = filled()
        let hop = try queue.mustConnect(now: 0)
        let lease = try queue.mustNext(for: hop, now: 0)
        #expect(queue.remove(.all).count == 2)
        #expect(queue.count == 1)
        queue.finish(lease)
        #expect(queue.count == 0)
        #expect(queue.readyCount == 0)
    }
}
