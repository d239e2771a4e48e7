import NIOCore
import NIOPosix
import RelayService
import Testing

@Suite struct LoopAlarmTests {
    /// Moments come earlier and earlier, as where each message of a burst asks for the next one's turn.
    @Test func manyMomentsAreOneTimer() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let rings = try await loop.flatSubmit {
            let done = loop.makePromise(of: Int.self)
            let alarm = LoopAlarm(loop)
            var rings = 0
            for time in (1_010...1_030).reversed() { alarm.set(at: UInt64(time), now: 1_000) { rings += 1 } }
            // Later ones are not needed: whoever is woken asks again.
            alarm.set(at: 1_040, now: 1_000) { rings += 100 }
            loop.assumeIsolated().scheduleTask(in: .milliseconds(60)) { done.succeed(rings) }
            return done.futureResult
        }.get()
        #expect(rings == 1)
    }

    /// It can be set again by what it calls, also for a moment that has passed.
    @Test func itGoesOffAgain() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let rings = try await loop.flatSubmit {
            let done = loop.makePromise(of: Int.self)
            let alarm = LoopAlarm(loop)
            var rings = 0
            func ring() {
                rings += 1
                if rings < 5 { alarm.set(at: 1, now: 1_000, ring) } else { done.succeed(rings) }
            }
            alarm.set(at: 1_001, now: 1_000, ring)
            return done.futureResult
        }.get()
        #expect(rings == 5)
    }
}
