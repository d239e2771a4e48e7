import DeliveryQueue
import RelayService
import Testing

@Suite struct InjectionRatesTests {
    @Test func eachCallerHasItsRate() {
        var rates = InjectionRates(all: nil, perCaller: DeliveryRate(messages: 10, milliseconds: 1_000, burst: 20))
        #expect(rates.take(15, caller: "a", now: 0) == nil)
        #expect(rates.take(6, caller: "a", now: 0) == 100, "one is missing")
        #expect(rates.take(20, caller: "b", now: 0) == nil)
        #expect(rates.take(6, caller: "a", now: 99) != nil && rates.take(6, caller: "a", now: 100) == nil)
    }

    /// A request that is larger than the burst is taken by who has rested, and paid for afterwards.
    @Test func largeRequestsAreOverdrawn() {
        var rates = InjectionRates(all: nil, perCaller: DeliveryRate(messages: 10, milliseconds: 1_000, burst: 20))
        #expect(rates.take(1_020, caller: "a", now: 0) == nil)
        #expect(rates.take(1, caller: "a", now: 0) == 100_100)
        #expect(rates.take(1, caller: "a", now: 100_099) != nil && rates.take(1, caller: "a", now: 100_100) == nil)
    }

    /// All of a request or none, of both buckets.
    @Test func bothHold() {
        let rate = DeliveryRate(messages: 10, milliseconds: 1_000, burst: 10)
        var rates = InjectionRates(all: rate, perCaller: DeliveryRate(messages: 1, milliseconds: 1_000, burst: 5))
        #expect(rates.take(5, caller: "a", now: 0) == nil)
        #expect(rates.take(5, caller: "a", now: 0) == 5_000)
        #expect(rates.take(5, caller: "b", now: 0) == nil, "the refused ones were not counted")
        #expect(rates.take(1, caller: "c", now: 0) == 100)
        #expect(rates.take(1, caller: "c", now: 100) == nil)
    }

    /// In no span more than rate × T + burst, over a thousand random requests.
    @Test func ratesHoldOverTime() {
        var rates = InjectionRates(all: DeliveryRate(messages: 7, milliseconds: 100, burst: 30), perCaller: nil)
        var dice: UInt64 = 5
        var (now, taken) = (UInt64(0), [(at: UInt64, count: Int)]())
        for _ in 0..<2_000 {
            dice = dice &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            now += dice >> 33 & 63
            let count = 1 + Int(dice >> 40 & 15)
            if rates.take(count, caller: "a", now: now) == nil { taken.append((now, count)) }
        }
        #expect(taken.count > 100)
        for first in taken.indices {
            let count = taken[first...].prefix(200).reduce(0) { $0 + $1.count }
            let last = taken[min(first + 199, taken.count - 1)].at
            #expect(Double(count) <= Double(last - taken[first].at) * 0.07 + 30.001)
        }
    }
}
