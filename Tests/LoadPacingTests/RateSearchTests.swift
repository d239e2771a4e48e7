import LoadPacing
import Measures
import Testing

/// The search finds what a simulated system can really do, and says what it saw on the way.
@Suite struct RateSearchTests {
    /// One queue before one server of a known capacity: what is due faster than that waits, and the backlog is carried
    /// into the next trial. Noise slows it down now and then.
    struct QueueModel {
        var capacity: Double
        /// Each trial the capacity is less by up to this share.
        var noise = 0.0
        /// Every so many trials the system stops for a while.
        var hiccupEvery = 0
        var random = SplitMix64(seed: 7)
        var trials = 0

        static let seconds = 20.0
        static let replyLimit = 5.0
        static let deliveryLimit = 60.0

        mutating func run(_ rate: Double) -> RateTrial {
            trials += 1
            var speed = capacity * (1 - noise * Double(random.below(1000)) / 1000)
            if hiccupEvery > 0, trials % hiccupEvery == 0 { speed /= 3 }
            let due = rate * Self.seconds
            // The wait grows evenly through the trial when more is due than is done.
            let growth = max(0, rate / speed - 1)
            let inReplyTime = growth == 0 ? 1 : min(1, Self.replyLimit / growth / Self.seconds)
            let inDeliveryTime = growth == 0 ? 1 : min(1, Self.deliveryLimit / growth / Self.seconds)
            let left = max(0, due - speed * Self.seconds)
            return RateTrial(
                ratePerSecond: rate, due: UInt64(due), repliedInTime: UInt64(due * inReplyTime),
                deliveredInTime: UInt64(due * inDeliveryTime), errors: 0,
                backlog: .init(begin: 0, end: UInt64(left)))
        }
    }

    private func search(
        _ system: inout QueueModel, from lowest: Double = 500, to highest: Double = 100_000, precision: Double = 0.05
    ) -> RateSearch {
        var search = RateSearch(from: lowest, to: highest, precision: precision)
        while let next = search.next {
            search.take(system.run(next.ratePerSecond))
            #expect(search.steps.count < 100)
            guard search.steps.count < 100 else { break }
        }
        return search
    }

    @Test(arguments: [600.0, 999, 1000, 12_345, 64_000, 90_000]) func theCapacityIsFound(capacity: Double) throws {
        var system = QueueModel(capacity: capacity)
        let found = search(&system)
        guard case .found(let rate, let failed)? = found.outcome else {
            Issue.record("\(String(describing: found.outcome))")
            return
        }
        // A rate a little above the capacity keeps the limits for as long as a trial lasts: 5 % of backlog.
        #expect(rate > capacity * 0.95 && rate < capacity * 1.06)
        #expect(failed > rate && failed - rate <= rate * 0.05)
        #expect(found.steps.count <= 24)
    }

    @Test func whatWasFoundIsShownAtThreeLoads() throws {
        var system = QueueModel(capacity: 10_000)
        let found = search(&system)
        guard case .found(let rate, _)? = found.outcome else { throw StepMissing() }
        let shows = try [0.8, 1, 1.2].map { share in
            guard let step = found.shown(share: share) else { throw StepMissing() }
            return step
        }
        #expect(shows.map(\.trial.ratePerSecond) == [rate * 0.8, rate, rate * 1.2])
        #expect(shows.map(\.isSustained) == [true, true, false])
        #expect(found.steps.suffix(3) == [shows[0], shows[2], shows[1]])
    }

    private struct StepMissing: Error {}

    @Test func doublingComesFirstAndStopsAtTheFirstFailure() {
        var system = QueueModel(capacity: 3000)
        let steps = search(&system).steps
        #expect(steps.prefix(4).map(\.trial.ratePerSecond) == [500, 1000, 2000, 4000])
        #expect(steps[3].isSustained == false)
        // What failed is tried once more before it is believed.
        #expect(steps[4].trial.ratePerSecond == 4000)
        #expect(steps[5].trial.ratePerSecond == 3000)
    }

    @Test func oneHiccupDoesNotDecide() {
        var system = QueueModel(capacity: 20_000, hiccupEvery: 3)
        guard case .found(let rate, _)? = search(&system).outcome else {
            Issue.record("nothing was found")
            return
        }
        #expect(rate > 19_000 && rate < 21_200)
    }

    @Test(arguments: 1...20) func noiseCostsNoMoreThanItself(seed: UInt64) {
        var system = QueueModel(capacity: 20_000, noise: 0.1, random: SplitMix64(seed: seed))
        guard case .found(let rate, _)? = search(&system).outcome else {
            Issue.record("nothing was found")
            return
        }
        #expect(rate > 20_000 * 0.85 && rate < 20_000 * 1.06, "\(rate)")
    }

    @Test func theHighestRateAllowedIsNotPassed() {
        var system = QueueModel(capacity: 1e9)
        let found = search(&system, from: 1000, to: 6000)
        #expect(found.outcome == .atLeast(perSecond: 6000))
        #expect(found.steps.prefix(4).map(\.trial.ratePerSecond) == [1000, 2000, 4000, 6000])
        #expect(found.shown(share: 1.2)?.trial.ratePerSecond == 7200)
    }

    @Test func aSystemThatCannotDoTheLowestIsSaidSo() {
        var system = QueueModel(capacity: 100)
        let found = search(&system)
        #expect(found.outcome == .below(perSecond: 500))
        #expect(found.steps.count == 2)
        #expect(found.next == nil)
    }

    @Test func anUnfinishedSearchHasNoOutcome() {
        var search = RateSearch(from: 500, to: 1000)
        #expect(search.outcome == nil)
        #expect(search.next?.ratePerSecond == 500)
        #expect(search.next?.purpose == .doubling)
        var system = QueueModel(capacity: 700)
        search.take(system.run(500))
        #expect(search.outcome == nil)
    }

    // MARK: Limits

    private func violations(_ change: (inout RateTrial) -> Void) -> [String] {
        var trial = RateTrial(
            ratePerSecond: 100, due: 1000, repliedInTime: 1000, deliveredInTime: 1000, errors: 0,
            backlog: .init(begin: 10, end: 10))
        change(&trial)
        return RateLimits().violations(trial)
    }

    @Test func eachLimitHasItsEdge() {
        #expect(violations { _ in } == [])
        #expect(violations { $0.repliedInTime = 950 } == [])
        #expect(violations { $0.repliedInTime = 949 } == ["94.9 % of final replies in time"])
        #expect(violations { $0.deliveredInTime = 949 } == ["94.9 % delivered in time"])
        #expect(violations { $0.errors = 9 } == [])
        #expect(violations { $0.errors = 10 } == ["1.0 % errors"])
        #expect(violations { $0.backlog = .init(begin: 10, end: 60) } == [])
        #expect(violations { $0.backlog = .init(begin: 10, end: 61) } == ["the backlog grew by 51 messages"])
        #expect(violations { $0.backlog = .init(begin: 500, end: 0) } == [])
        #expect(violations { $0.due = 0 } == ["no message was due"])
    }

    @Test func severalFaultsAreAllNamed() {
        #expect(
            violations {
                $0.repliedInTime = 0
                $0.deliveredInTime = 0
                $0.errors = 1000
            }.count == 3)
    }
}
