import DeliveryQueue
import MailTypes
import Testing

/// The wheel through the queue: every distance from a millisecond to months.
@Suite struct TimerWheelTests {
    private let distances: [UInt64] = [
        0, 1, 31, 32, 33, 8_191, 8_192, 8_193, 65_536, 1 << 21 - 1, 1 << 21, 1 << 21 + 1, 3 << 21, 1 << 29 - 1, 1 << 29,
        1 << 29 + 77, 5 << 29,
    ]

    @Test(arguments: [0, 5, 1_790_000_000_000, 1_790_000_008_191] as [UInt64])
    func nothingComesEarlyOrMuchLate(start: UInt64) throws {
        for distance in distances {
            var queue = DeliveryQueue()
            let due = start + distance
            queue.restore(.init(id(1), due: due), to: "hop", now: start)
            queue.restore(.init(id(2), isHeld: true), to: "hop", now: start)
            // Steps of uneven length, the last one to the millisecond before.
            var now = start
            while now + distance / 5 + 1 < due {
                now += distance / 5 + 1
                queue.advance(to: now)
                #expect(queue.readyCount == (distance == 0 ? 1 : 0), "due in \(distance), at \(now - start)")
            }
            if distance > 0 {
                queue.advance(to: due - 1)
                #expect(queue.readyCount == 0, "due in \(distance)")
            }
            queue.advance(to: due + 32)
            #expect(queue.readyCount == 1, "due in \(distance)")
        }
    }

    /// Random due times at random moments, all three wheels, against a sorted list.
    @Test(arguments: [1, 2, 3] as [UInt64]) func comesInOrder(seed: UInt64) {
        var queue = DeliveryQueue()
        var model: [UInt64] = []
        var state = seed
        func random(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        var now: UInt64 = 1_000_000
        for number in 0..<3000 as Range<UInt64> {
            now += random(3) == 0 ? random(1 << 22) : random(200)
            let due = now + 1 + random(1 << (5 + random(22)))
            queue.restore(.init(id(number), due: due), to: "hop", now: now)
            model.append(due)
            queue.advance(to: now)
            model.removeAll { onTheWheel($0) <= now }
            #expect(queue.deferredCount == model.count, "at \(now)")
        }
    }
}
