import DeliveryQueue
import MailTypes
import Testing

/// Accepted at millisecond 0 unless said otherwise.
func id(_ number: UInt64, at milliseconds: UInt64 = 0) -> MessageID {
    MessageID(milliseconds: milliseconds, salt: 1, sequence: number)
}

let exactRetry = RetryPolicy(first: 100, factor: 2, cap: 300, jitter: 0, maximumAge: 1000)
let exact = DestinationPolicies(standard: DestinationPolicy(retry: exactRetry))

/// When a due time comes on the wheel: nothing early, at most one tick of 32 ms late.
func onTheWheel(_ due: UInt64) -> UInt64 { (due + 31) / 32 * 32 }

extension DeliveryQueue.Found {
    init(_ id: MessageID, attempts: UInt32 = 0, due: UInt64 = 0, isHeld: Bool = false) {
        self.init(id)
        self.attempts = attempts
        dueMilliseconds = due
        self.isHeld = isHeld
    }
}

extension DeliveryQueue {
    mutating func mustConnect(now: UInt64, opening: Bool = false) throws -> Destination {
        let next = nextConnection(now: now)
        let destination = try #require(next)
        if opening { connectionOpened(destination) }
        return destination
    }
    mutating func mustNext(for destination: Destination, now: UInt64) throws -> Lease {
        let lease = next(for: destination, now: now)
        return try #require(lease)
    }
}

@Suite struct DeliveryQueueTests {
    /// The life of a message, row by row.
    @Test func truthTable() throws {
        var queue = DeliveryQueue(policies: exact)
        #expect(queue.nextConnection(now: 0) == nil, "nothing waits, so nothing is opened")
        queue.accept(id(1), to: "hop")
        queue.accept(id(2), to: "hop")
        #expect((queue.readyCount, queue.leasedCount, queue.deferredCount) == (2, 0, 0))
        let hop = try queue.mustConnect(now: 0)
        queue.connectionOpened(hop)
        let first = try queue.mustNext(for: hop, now: 0)
        #expect(first.id == id(1))
        #expect((queue.readyCount, queue.leasedCount, queue.deferredCount) == (1, 1, 0))
        queue.finish(first)
        #expect(queue.count == 1)
        var lease = try queue.mustNext(for: hop, now: 0)
        #expect(lease.id == id(2))
        var due: UInt64 = 110
        for (now, delay, attempts) in [(10, 100, 1), (128, 200, 2), (352, 300, 3)] as [(UInt64, UInt64, UInt32)] {
            due = now + delay
            #expect(
                queue.deferred(lease, now: now) == .retry(dueMilliseconds: due, attempts: attempts, warn: false))
            #expect((queue.readyCount, queue.leasedCount, queue.deferredCount) == (0, 0, 1))
            #expect(queue.next(for: hop, now: due - 1) == nil, "nothing comes before its time")
            lease = try queue.mustNext(for: hop, now: onTheWheel(due))
            #expect(lease.id == id(2) && lease.attempts == attempts)
        }
        #expect(queue.deferred(lease, now: 1000) == .expired)
        #expect(queue.count == 0)
        queue.connectionClosed(hop)
        #expect(queue.nextConnection(now: 1000) == nil)
        #expect(queue.destinationCount == 0, "an empty destination is dropped")
    }

    @Test func releasedMessagesGoFirst() throws {
        var queue = DeliveryQueue(policies: exact)
        queue.accept(id(1), to: "hop")
        queue.accept(id(2), to: "hop")
        let hop = try queue.mustConnect(now: 0)
        let lease = try queue.mustNext(for: hop, now: 0)
        queue.release(lease)
        #expect(queue.next(for: hop, now: 0)?.id == id(1))
    }

    @Test func restoredMessagesKeepTheirSchedule() throws {
        var queue = DeliveryQueue(policies: exact)
        queue.restore(.init(id(1, at: 400), attempts: 2, due: 500), to: "hop", now: 400)
        queue.restore(.init(id(2, at: 400)), to: "hop", now: 400)
        queue.restore(.init(id(3, at: 400), isHeld: true), to: "hop", now: 400)
        let hop = try queue.mustConnect(now: 400)
        #expect(queue.next(for: hop, now: 400)?.id == id(2, at: 400))
        #expect(queue.next(for: hop, now: 499) == nil)
        let lease = try queue.mustNext(for: hop, now: 512)
        #expect(lease.id == id(1, at: 400))
        #expect(queue.deferred(lease, now: 520) == .retry(dueMilliseconds: 820, attempts: 3, warn: false))
        #expect(queue.heldCount == 1)
    }

    @Test func theSenderIsWarnedOnce() throws {
        var policies = exact
        policies.standard.delayWarning = 200
        var queue = DeliveryQueue(policies: policies)
        queue.accept(id(1), to: "hop")
        let hop = try queue.mustConnect(now: 0)
        for (now, warn) in [(100, false), (256, true), (512, false)] as [(UInt64, Bool)] {
            let lease = try queue.mustNext(for: hop, now: now)
            guard case .retry(_, _, let warned) = queue.deferred(lease, now: now) else {
                Issue.record("expired at \(now)")
                return
            }
            #expect(warned == warn, "at \(now)")
        }
    }

    @Test func jitterIsBoundedAndDeterministic() {
        let policy = RetryPolicy(first: 1000, factor: 2, cap: 10_000, jitter: 0.1, maximumAge: 1_000_000)
        var distinct: Set<UInt64> = []
        for number in 0..<1000 as Range<UInt64> {
            let delay = policy.delay(attempts: 1, id: id(number))
            #expect((900...1100).contains(delay))
            #expect(delay == policy.delay(attempts: 1, id: id(number)))
            distinct.insert(delay)
            #expect(policy.delay(attempts: 40, id: id(number)) <= 11_000)
        }
        #expect(distinct.count > 100)
    }

    @Test func defaultsFollowTheRFC() {
        let policy = RetryPolicy()
        #expect(policy.maximumAge >= 4 * 86_400_000, "RFC 5321 §4.5.4.1: four to five days")
        let delays = (1...20 as ClosedRange<UInt32>).map { policy.delay(attempts: $0, id: id(1)) }
        #expect(delays.dropFirst(3).allSatisfy { $0 >= 30 * 60_000 }, "at least 30 minutes after the first tries")
    }

    /// Random histories against a model that is too simple to be wrong: two destinations, all places.
    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64]) func agreesWithANaiveModel(seed: UInt64) throws {
        var queue = DeliveryQueue(policies: exact, connectionLimit: 2)
        var model = NaiveQueue()
        var state = seed
        func random(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        // One held delivery each keeps the destinations, so that their handles stay valid.
        var handles: [Destination] = []
        for name in ["x", "y"] {
            queue.accept(id(name == "x" ? 1 : 2), to: name)
            let destination = try queue.mustConnect(now: 0)
            queue.connectionOpened(destination)
            handles.append(destination)
            #expect(queue.hold(.destination(name)).count == 1)
        }
        var leases: [DeliveryQueue.Lease] = []
        var next: UInt64 = 10
        for step in 0..<4000 as Range<UInt64> {
            let now = step * 7
            let side = Int(random(2))
            switch random(6) {
            case 0, 1:
                next += 1
                queue.accept(id(next, at: now), to: ["x", "y"][side])
                model.ready[side].append(next)
            case 2, 3:
                let lease = queue.next(for: handles[side], now: now)
                #expect(lease?.id.low == model.next(side, now))
                if let lease { leases.append(lease) }
            case 4 where random(50) == 0:
                #expect(queue.flush(.destination(["x", "y"][side]), now: now) == model.flush(side))
            default:
                guard !leases.isEmpty else { continue }
                let lease = leases.remove(at: Int(random(UInt64(leases.count))))
                switch random(4) {
                case 0: queue.finish(lease)
                case 1:
                    queue.release(lease)
                    model.ready[handles[0] == lease.destination ? 0 : 1].insert(lease.id.low, at: 0)
                default:
                    guard case .retry(let due, _, _) = queue.deferred(lease, now: now) else { continue }
                    model.due[handles[0] == lease.destination ? 0 : 1].append((due, lease.id.low))
                }
            }
            #expect(queue.readyCount + queue.deferredCount == model.waiting, "step \(step)")
            #expect(queue.leasedCount == leases.count)
            #expect(queue.heldCount == 2)
        }
    }

    @Test func holdsAMillion() throws {
        var queue = DeliveryQueue(policies: exact)
        for number in 0..<1_000_000 as Range<UInt64> { queue.accept(id(number), to: "hop") }
        let hop = try queue.mustConnect(now: 0)
        for _ in 0..<500_000 {
            let leased = try queue.mustNext(for: hop, now: 0)
            _ = queue.deferred(leased, now: 0)
        }
        #expect((queue.readyCount, queue.deferredCount) == (500_000, 500_000))
        queue.advance(to: 100)
        #expect(queue.deferredCount == 500_000)
        queue.advance(to: 128)
        #expect((queue.readyCount, queue.deferredCount) == (1_000_000, 0))
    }
}

/// Two destinations as plain arrays.
private struct NaiveQueue {
    var ready: [[UInt64]] = [[], []]
    var due: [[(at: UInt64, id: UInt64)]] = [[], []]
    var waiting: Int { ready[0].count + ready[1].count + due[0].count + due[1].count }

    mutating func next(_ side: Int, _ now: UInt64) -> UInt64? {
        // What is due by the last whole tick comes, by tick, then in the order it was put there.
        for side in 0...1 {
            let come = due[side].enumerated().filter { onTheWheel($0.element.at) <= now }
                .sorted { (onTheWheel($0.element.at), $0.offset) < (onTheWheel($1.element.at), $1.offset) }
            ready[side] += come.map(\.element.id)
            due[side].removeAll { onTheWheel($0.at) <= now }
        }
        return ready[side].isEmpty ? nil : ready[side].removeFirst()
    }

    mutating func flush(_ side: Int) -> Int {
        defer { due[side] = [] }
        ready[side] += due[side].map(\.id).sorted()
        return due[side].count
    }
}
