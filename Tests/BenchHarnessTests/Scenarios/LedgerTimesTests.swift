import BenchHarness
import LoadPacing
import RunRecords
import Testing

/// What the times in the two ledgers show: a backlog, a crash, a rate that is or is not sustained.
@Suite struct LedgerTimesTests {
    /// Seconds of one message; `received` nil: it never came.
    struct Line {
        var due: Double
        var ended: Double
        var received: Double?
        var fate = "accepted"
        var arrivals = 1
    }

    private func id(_ number: Int) -> String {
        String(repeating: "0", count: 32 - String(number, radix: 16).count) + String(number, radix: 16)
    }

    private func time(_ seconds: Double) -> String { "\(UInt64((seconds * 1e9).rounded()))" }

    private func times(_ lines: [Line]) -> LedgerTimes {
        var (generator, sink) = ("", "")
        for (number, line) in lines.enumerated() {
            generator += "\(id(number + 1)),\(line.fate),\(time(line.due)),\(time(line.due)),\(time(line.ended))\n"
            guard let received = line.received else { continue }
            // The later one comes first in the file: the earliest counts.
            for copy in (0..<line.arrivals).reversed() {
                sink += "\(id(number + 1)),ok,1000,\(time(received + Double(copy))),-,127.0.0.1,a.test,250\n"
            }
        }
        return LedgerTimes(generator: Array(generator.utf8), sink: Array((sink + "-,ok,5,1,-,-,-,250\n").utf8))
    }

    // MARK: Latency

    /// In the file stands what was due last first; one of the warm-up came late, one of the rest never.
    @Test func theWarmUpIsNotInTheLatencyOfTheRest() {
        let times = times([
            Line(due: 4, ended: 4.1, received: 4.2, arrivals: 2), Line(due: 3, ended: 3.1, received: nil),
            Line(due: 2, ended: 2.1, received: 2.1), Line(due: 1, ended: 1.1, received: 9),
            Line(due: 0.5, ended: 1, received: nil, fate: "refused"),
        ])
        let rest = times.endToEnd(afterFirst: 2)
        #expect(rest.count == 2)
        #expect(abs(Double(rest.max_ns) / 1e9 - 0.2) < 0.001)
        #expect(times.endToEnd(afterFirst: 0).count == 3)
        #expect(times.endToEnd(afterFirst: .max).count == 0)
    }

    // MARK: Backlog

    /// Ten messages a second for 10 s; the receiver is away from 2 s to 8 s and then takes 50 a second.
    private var outage: LedgerTimes {
        var lines: [Line] = []
        var free = 8.0
        for number in 0..<100 {
            let at = Double(number) / 10
            if at < 2 {
                lines.append(Line(due: at, ended: at, received: at + 0.001))
            } else {
                free = max(free, at)
                lines.append(Line(due: at, ended: at, received: free))
                free += 0.02
            }
        }
        return times(lines)
    }

    @Test func anOutageMakesABacklogThatDrains() throws {
        let backlog = try #require(outage.backlog)
        #expect(backlog.stoppedUnixSeconds == 1.901)
        #expect(backlog.resumedUnixSeconds == 8)
        // Sixty were waiting when the receiver came back, and the one that was due then.
        #expect(backlog.peak == 61)
        #expect(backlog.peakUnixSeconds == 8)
        let empty = try #require(backlog.emptyUnixSeconds)
        // 60 waiting, 10 a second more, 50 a second out: 1.5 s.
        #expect(empty > 9.4 && empty < 9.6)
        #expect(backlog.secondsToEmpty == empty - 8)
        let rate = try #require(backlog.drainPerSecond)
        #expect(rate > 48 && rate < 53)
    }

    @Test func withoutAPauseThereIsNone() throws {
        let backlog = try #require(
            times((0..<50).map { Line(due: Double($0) / 10, ended: Double($0) / 10, received: Double($0) / 10 + 0.05) })
                .backlog)
        #expect(backlog.peak == 1)
        #expect(backlog.stoppedUnixSeconds == nil && backlog.resumedUnixSeconds == nil)
        #expect(backlog.secondsToEmpty.map { $0 < 0.1 } == true)
    }

    @Test func whatNeverComesIsNeverDrained() throws {
        let backlog = try #require(
            times([Line(due: 1, ended: 1, received: 1.1), Line(due: 2, ended: 2, received: nil)]).backlog)
        #expect(backlog.emptyUnixSeconds == nil && backlog.drainPerSecond == nil)
        #expect(times([]).backlog == nil)
        #expect(times([Line(due: 1, ended: 1, received: nil)]).backlog == nil)
    }

    @Test func aDeliveryBeforeItsReplyIsNoNegativeBacklog() throws {
        let backlog = try #require(times([Line(due: 1, ended: 2, received: 1.5)]).backlog)
        #expect(backlog.peak == 1)
    }

    // MARK: Crash

    @Test func aCrashIsSeenInTheLedgers() {
        let ledgers = times([
            Line(due: 1, ended: 1, received: 1.5), Line(due: 2, ended: 2, received: 13, arrivals: 2),
            Line(due: 3, ended: 3, received: nil), Line(due: 4, ended: 9.9, received: 12.5),
            Line(due: 5, ended: 10.5, received: nil, fate: "in_doubt"), Line(due: 14, ended: 14, received: 15),
        ])
        var crash = CrashFacts(killedUnixSeconds: 10, restartUnixSeconds: 11, greetedUnixSeconds: 11.25)
        ledgers.complete(&crash)
        #expect(crash.waitingAtKill == 3)
        #expect(crash.firstDeliveryUnixSeconds == 12.5)
        #expect(crash.secondsToFirstDelivery == 1.5)
        #expect(crash.secondsToGreeting == 0.25)
    }

    // MARK: Rates

    private let trials = RateTrials(
        FindMaxPlan(from: "1/s", to: "2/s", step: 10, replyLimit: 1, deliveryLimit: 5))

    @Test func aStepIsJudgedByWhatWasDue() {
        let ledgers = times([
            Line(due: 0, ended: 0.5, received: 1), Line(due: 1, ended: 2.5, received: 3),
            Line(due: 2, ended: 2.5, received: 8), Line(due: 3, ended: 3, received: nil, fate: "refused"),
            Line(due: 4, ended: 4, received: 4),
        ])
        let (trial, step) = trials.judge(ledgers, ratePerSecond: 1, dropped: 5, purpose: .showing(share: 0.8))
        #expect(trial.due == 10)
        // Refused, and never begun.
        #expect(trial.errors == 6)
        #expect(trial.repliedInTime == 3)
        #expect(trial.deliveredInTime == 3)
        #expect(trial.backlog?.end == 1)
        #expect(step.purpose == "80 %")
        #expect(step.replyP99 == 1_500_000_000)
        #expect(step.deliveryP99 == 6_000_000_000)
    }

    @Test func aStepWithoutAnythingIsNoStep() {
        let (trial, step) = trials.judge(times([]), ratePerSecond: 1, dropped: 0, purpose: .doubling)
        #expect(trial.due == 0)
        #expect(RateLimits().violations(trial) == ["no message was due"])
        #expect((step.replyP50, step.deliveryP99) == (0, 0))
    }
}
