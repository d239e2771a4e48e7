import RunRecords
import RunReporting
import Testing

/// Figures of runs with a course of their own; others have none of them.
@Suite struct ScenarioFiguresTests {
    private func values(_ scenario: ScenarioRecord?) throws -> [String: Double] {
        var run = try RunFixture.run { _, audit in audit.doubled = 4 }
        run.scenario = scenario
        return Dictionary(uniqueKeysWithValues: RunFigures(run).figures.map { ($0.key, $0.value) })
    }

    @Test func anOrdinaryRunHasNone() throws {
        let keys = try values(nil).keys
        for prefix in ["crash_", "backlog_", "at_", "sustained_"] {
            #expect(!keys.contains { $0.hasPrefix(prefix) })
        }
    }

    @Test func aCrashHasItsCountsAndTimes() throws {
        var crash = CrashFacts(killedUnixSeconds: 1000.5, restartUnixSeconds: 1000.75, greetedUnixSeconds: 1001)
        crash.firstDeliveryUnixSeconds = 1001.25
        crash.waitingAtKill = 30
        let values = try values(ScenarioRecord(crash: crash))
        #expect(values["crash_waiting_messages"] == 30)
        #expect(values["crash_doubled_messages"] == 4)
        #expect(values["crash_lost_messages"] == 0)
        #expect(values["crash_greeting_s"] == 0.25)
        #expect(values["crash_first_delivery_s"] == 0.5)
    }

    @Test func aBacklogHasItsPeakAndDrain() throws {
        var backlog = BacklogFacts(peak: 500, peakUnixSeconds: 1003)
        (backlog.stoppedUnixSeconds, backlog.resumedUnixSeconds) = (1001, 1004)
        (backlog.emptyUnixSeconds, backlog.drainPerSecond) = (1006.5, 200)
        let values = try values(ScenarioRecord(backlog: backlog))
        #expect(values["backlog_peak_messages"] == 500)
        #expect(values["backlog_pause_s"] == 3)
        #expect(values["backlog_to_empty_s"] == 2.5)
        #expect(values["backlog_drain_msg_per_s"] == 200)
    }

    @Test func aSearchHasItsRateAndThreeLoads() throws {
        func step(_ purpose: String, _ rate: Double) -> RateSearchFacts.Step {
            var step = RateSearchFacts.Step(purpose: purpose, ratePerSecond: rate)
            (step.due, step.repliedInTime, step.deliveredInTime, step.errors) = (1000, 990, 980, 5)
            (step.replyP50, step.replyP99, step.backlogGrowth) = (1_000_000, 9_000_000, 12)
            return step
        }
        let search = RateSearchFacts(
            sustainedPerSecond: 5000, failedAtPerSecond: 5200,
            steps: [step("doubling", 2500), step("80 %", 4000), step("120 %", 6000), step("100 %", 5000)])
        let values = try values(ScenarioRecord(rateSearch: search))
        #expect(values["sustained_msg_per_s"] == 5000)
        #expect(values["sustained_mmh"] == 18)
        #expect(values["not_sustained_msg_per_s"] == 5200)
        #expect(values["search_steps"] == 4)
        for share in ["80", "100", "120"] {
            #expect(values["at_\(share)_percent_replied_in_time"] == 99)
            #expect(values["at_\(share)_percent_delivered_in_time"] == 98)
            #expect(values["at_\(share)_percent_errors"] == 0.5)
            #expect(values["at_\(share)_percent_reply_ms_p99"] == 9)
            #expect(values["at_\(share)_percent_backlog_growth"] == 12)
        }
    }
}
