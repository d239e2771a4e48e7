import RelayService
import Testing

/// When the answer to a message that is safe is held back: `inflow_delay`.
@Suite struct InflowControlTests {
    private static func control() -> InflowControl<String> { InflowControl(delayMilliseconds: 250, limitBytes: 1_000) }

    /// Only while content piles up in memory and deliveries are under way.
    @Test func answersWaitWhileMoreComesThanGoes() {
        let control = Self.control()
        #expect(control.mustWait(residentBytes: 1_001, isMoving: true))
        #expect(!control.mustWait(residentBytes: 1_000, isMoving: true))
        #expect(!control.mustWait(residentBytes: 1_001, isMoving: false), "waiting would lead to nothing")
        let never = InflowControl<String>(delayMilliseconds: 0, limitBytes: 1_000)
        #expect(!never.mustWait(residentBytes: 1_001, isMoving: true))
    }

    @Test func nobodyWaitsLongerThanTheDelay() {
        var control = Self.control()
        control.wait("one", now: 1_000)
        control.wait("two", now: 1_100)
        #expect(control.next(residentBytes: 9_999, isMoving: true, now: 1_249) == nil)
        #expect(control.next(residentBytes: 9_999, isMoving: true, now: 1_250) == "one")
        #expect(control.next(residentBytes: 9_999, isMoving: true, now: 1_250) == nil)
        #expect(control.next(residentBytes: 9_999, isMoving: true, now: 1_350) == "two")
        #expect(control.isEmpty)
    }

    /// In their order, as soon as deliveries have caught up or there are none.
    @Test func allAreAnsweredOnceThereIsRoom() {
        var control = Self.control()
        for name in ["one", "two", "three"] { control.wait(name, now: 0) }
        #expect(control.next(residentBytes: 1_001, isMoving: true, now: 1) == nil)
        #expect(control.next(residentBytes: 1_000, isMoving: true, now: 1) == "one")
        #expect(control.next(residentBytes: 1_001, isMoving: true, now: 2) == nil)
        #expect(control.next(residentBytes: 1_001, isMoving: false, now: 2) == "two")
        #expect(control.next(residentBytes: 0, isMoving: true, now: 2) == "three")
        #expect(control.next(residentBytes: 0, isMoving: true, now: 2) == nil)
    }
}
