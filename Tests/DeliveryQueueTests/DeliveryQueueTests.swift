import DeliveryQueue
import MailTypes
import Testing

private func id(_ number: UInt64) -> MessageID { MessageID(high: 1, low: number) }

@Suite struct DeliveryQueueTests {
    private let exact = RetryPolicy(first: 100, factor: 2, cap: 300, jitter: 0, maximumAge: 1000)

    /// The life of a message, row by row.
    @Test func truthTable() {
        var queue = DeliveryQueue(policy: exact)
        #expect(queue.next(now: 0) == nil)
        queue.accept(id(1))
        queue.accept(id(2))
        #expect((queue.readyCount, queue.leasedCount, queue.deferredCount) == (2, 0, 0))
        #expect(queue.next(now: 0) == id(1))
        #expect((queue.readyCount, queue.leasedCount, queue.deferredCount) == (1, 1, 0))
        queue.finish(id(1))
        #expect(queue.count == 1)
        #expect(queue.next(now: 0) == id(2))
        #expect(queue.deferred(id(2), acceptedMilliseconds: 0, now: 10) == .retry(dueMilliseconds: 110, attempts: 1))
        #expect((queue.readyCount, queue.leasedCount, queue.deferredCount) == (0, 0, 1))
        #expect(queue.nextDue == 110)
        #expect(queue.next(now: 109) == nil)
        #expect(queue.next(now: 110) == id(2))
        #expect(queue.deferred(id(2), acceptedMilliseconds: 0, now: 110) == .retry(dueMilliseconds: 310, attempts: 2))
        #expect(queue.next(now: 310) == id(2))
        #expect(queue.deferred(id(2), acceptedMilliseconds: 0, now: 310) == .retry(dueMilliseconds: 610, attempts: 3))
        #expect(queue.next(now: 999) == id(2))
        #expect(queue.deferred(id(2), acceptedMilliseconds: 0, now: 1000) == .expired)
        #expect(queue.count == 0)
    }

    @Test func releasedMessagesGoFirst() {
        var queue = DeliveryQueue(policy: exact)
        queue.accept(id(1))
        queue.accept(id(2))
        #expect(queue.next(now: 0) == id(1))
        queue.release(id(1))
        #expect(queue.next(now: 0) == id(1))
    }

    @Test func restoredMessagesKeepTheirSchedule() {
        var queue = DeliveryQueue(policy: exact)
        queue.restore(id(1), attempts: 2, dueMilliseconds: 500, now: 400)
        queue.restore(id(2), attempts: 0, dueMilliseconds: 0, now: 400)
        #expect(queue.next(now: 400) == id(2))
        #expect(queue.next(now: 499) == nil)
        #expect(queue.next(now: 500) == id(1))
        #expect(queue.deferred(id(1), acceptedMilliseconds: 400, now: 500) == .retry(dueMilliseconds: 800, attempts: 3))
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

    /// Random histories against a model that is too simple to be wrong.
    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64]) func agreesWithANaiveModel(seed: UInt64) {
        var queue = DeliveryQueue(policy: exact)
        var ready: [UInt64] = []
        var due: [(at: UInt64, id: UInt64)] = []
        var leased: [UInt64] = []
        var attempts: [UInt64: UInt32] = [:]
        var state = seed
        var next: UInt64 = 0
        func random(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        for now in 0..<5000 as Range<UInt64> {
            switch random(5) {
            case 0, 1:
                next += 1
                queue.accept(id(next))
                ready.append(next)
            case 2, 3:
                for item in due.filter({ $0.at <= now }).sorted(by: { ($0.at, $0.id) < ($1.at, $1.id) }) {
                    ready.append(item.id)
                }
                due.removeAll { $0.at <= now }
                let expected = ready.isEmpty ? nil : ready.removeFirst()
                #expect(queue.next(now: now) == expected.map(id))
                if let expected { leased.append(expected) }
            default:
                guard !leased.isEmpty else { continue }
                let chosen = leased.remove(at: Int(random(UInt64(leased.count))))
                if random(2) == 0 {
                    queue.finish(id(chosen))
                } else {
                    attempts[chosen, default: 0] += 1
                    let delay = min(UInt64(100) << UInt64(min(attempts[chosen]! - 1, 5)), 300)
                    #expect(
                        queue.deferred(id(chosen), acceptedMilliseconds: now, now: now)
                            == .retry(dueMilliseconds: now + delay, attempts: attempts[chosen]!))
                    due.append((now + delay, chosen))
                }
            }
            #expect(queue.count == ready.count + due.count + leased.count)
        }
    }

    @Test func holdsAMillion() {
        var queue = DeliveryQueue(policy: exact)
        for number in 0..<1_000_000 as Range<UInt64> { queue.accept(id(number)) }
        for _ in 0..<500_000 {
            let leased = queue.next(now: 0)!
            _ = queue.deferred(leased, acceptedMilliseconds: 0, now: 0)
        }
        #expect((queue.readyCount, queue.deferredCount) == (500_000, 500_000))
        #expect(queue.nextDue == 100)
    }
}
