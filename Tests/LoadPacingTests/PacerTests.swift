import Measures
import Testing

import LoadPacing

/// The pacer on a clock that only the test moves.
@Suite struct PacerTests {
    private func all(_ pacer: Pacer) -> [UInt64] {
        var pacer = pacer
        var found: [UInt64] = []
        while let due = pacer.take(now: .max) { found.append(due) }
        return found
    }

    @Test func constantArrivalsAreEven() {
        let due = all(Pacer(RateSchedule(MessageRate(perSecond: 1000), seconds: 10), .constant))
        #expect(due.count == 10_000)
        #expect(due.first == 0)
        let gaps = zip(due.dropFirst(), due).map { $0 - $1 }
        #expect(gaps.allSatisfy { (999_999...1_000_001).contains($0) })
    }

    /// However many lanes there are, together they are one even load.
    @Test(arguments: [1, 2, 7]) func lanesAddUp(lanes: Int) {
        let schedule = RateSchedule(MessageRate(perSecond: 1000), seconds: 10)
        let due = (0..<lanes).flatMap { all(Pacer(schedule, .constant, lane: $0, of: lanes)) }.sorted()
        #expect(due == all(Pacer(schedule, .constant)))
    }

    /// Gaps of a Poisson process have the mean 1/rate and as much standard deviation, and their counts in windows vary as
    /// much as their mean. 5 per cent are more than seven standard deviations of either.
    @Test(arguments: [1, 3]) func poissonArrivalsAreIndependent(lanes: Int) {
        let schedule = RateSchedule(MessageRate(perSecond: 1000), seconds: 100)
        let due = (0..<lanes).flatMap { all(Pacer(schedule, .poisson, lane: $0, of: lanes, seed: 42)) }.sorted()
        #expect((98_000...102_000).contains(due.count))
        let gaps = zip(due.dropFirst(), due).map { Double($0 - $1) / 1e6 }
        let mean = gaps.reduce(0, +) / Double(gaps.count)
        let variance = gaps.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(gaps.count)
        #expect(abs(mean - 1) < 0.05)
        #expect(abs(variance.squareRoot() - 1) < 0.05)
        var windows = [Double](repeating: 0, count: 10_000)
        for instant in due { windows[min(9999, Int(instant / 10_000_000))] += 1 }
        let average = windows.reduce(0, +) / 10_000
        let spread = windows.map { ($0 - average) * ($0 - average) }.reduce(0, +) / 10_000
        #expect(abs(spread / average - 1) < 0.1)
    }

    @Test func theSeedDecides() {
        let schedule = RateSchedule(MessageRate(perSecond: 100), seconds: 10)
        #expect(all(Pacer(schedule, .poisson, seed: 1)) == all(Pacer(schedule, .poisson, seed: 1)))
        #expect(all(Pacer(schedule, .poisson, seed: 1)) != all(Pacer(schedule, .poisson, seed: 2)))
    }

    @Test func stagesHaveTheirRates() {
        let schedule = RateSchedule([
            RateStage(seconds: 10, fromPerSecond: 0, toPerSecond: 1000),
            RateStage(seconds: 5, fromPerSecond: 0, toPerSecond: 0),
            RateStage(seconds: 1, fromPerSecond: 5000, toPerSecond: 5000),
        ])
        for arrivals in Arrivals.allCases {
            let due = all(Pacer(schedule, arrivals, seed: 9))
            func count(_ from: UInt64, _ to: UInt64) -> Int {
                due.count { $0 >= from * 1_000_000_000 && $0 < to * 1_000_000_000 }
            }
            #expect(abs(count(0, 5) - 1250) < 180, "\(arrivals): a quarter of the ramp in its first half")
            #expect(abs(count(5, 10) - 3750) < 310)
            #expect(count(10, 15) == 0)
            #expect(abs(count(15, 16) - 5000) < 360)
        }
    }

    @Test func nothingIsDueBeforeItsTime() {
        var pacer = Pacer(RateSchedule(MessageRate(perSecond: 10)), .constant)
        #expect(pacer.take(now: 0) == 0)
        #expect(pacer.take(now: 99_999_999) == nil)
        #expect(pacer.nextDue == 100_000_000)
        #expect(pacer.take(now: 100_000_000) == 100_000_000)
    }

    /// What could not be taken in time is taken later, with the time it was due, and none is forgotten.
    @Test func delaysAreCaughtUp() {
        var pacer = Pacer(RateSchedule(MessageRate(perSecond: 1000), seconds: 10), .constant)
        #expect(pacer.untaken(until: 3_000_000_000) == 3001)
        var taken: [UInt64] = []
        while let due = pacer.take(now: 3_000_000_000) { taken.append(due) }
        #expect(taken.count == 3001 && taken[0] == 0 && taken[3000] == 3_000_000_000)
        #expect(pacer.taken == 3001)
        #expect(pacer.untaken(until: .max) == 6999)
    }

    /// One connection to a sink that takes half a millisecond a message and stalls for 2 s in 20: from the intended start
    /// a tenth of the load waits up to two seconds; from the real start only one message in 10,000 does, and a closed loop,
    /// which sends the next when the last was answered, sees no more.
    @Test func aStallIsSeenFromTheIntendedStart() {
        var pacer = Pacer(RateSchedule(MessageRate(perSecond: 1000), seconds: 20), .constant)
        var (intended, real, closed) = (LatencyHistogram(), LatencyHistogram(), LatencyHistogram())
        let stall: Range<UInt64> = 10_000_000_000..<12_000_000_000
        var now: UInt64 = 0
        func answered(_ begun: UInt64) -> UInt64 {
            stall.contains(begun + 500_000) ? stall.upperBound + 500_000 : begun + 500_000
        }
        while let next = pacer.nextDue {
            now = max(now, next)
            guard let due = pacer.take(now: now) else { break }
            let begun = now
            now = answered(begun)
            intended.record(nanoseconds: now - due)
            real.record(nanoseconds: now - begun)
        }
        now = 0
        while now < 20_000_000_000 {
            let begun = now
            now = answered(begun)
            closed.record(nanoseconds: now - begun)
        }
        #expect(closed.count == 35_999 && closed.percentile(99.9) < 1_000_000 && closed.max_ns >= 2_000_000_000)
        #expect(intended.count == 20_000)
        #expect(intended.percentile(99.9) > 1_500_000_000)
        #expect(real.percentile(99.9) < 1_000_000)
        #expect(intended.max_ns >= 2_000_000_000)
    }
}
