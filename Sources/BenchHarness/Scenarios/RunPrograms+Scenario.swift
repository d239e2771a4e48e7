import Foundation
import Glibc
import LoadPacing
import Measures
import RunRecords

/// Runs with a course of their own.
extension RunPrograms {
    /// A search that has come to the rate which is measured in full.
    struct FoundRate {
        var search: RateSearch
        var trials: RateTrials
        var steps: [RateSearchFacts.Step]
        /// At 100 % of what was found; at the lowest rate if not even that was sustained.
        var load: LoadPlan
    }

    // MARK: The highest sustained rate

    /// One rate after the other through the running system, each with a sink and ledgers of its own; the queue is empty
    /// before each.
    /// - Parameter sink: stopped, and another one started for what is measured then.
    func findMax(
        _ plan: FindMaxPlan, _ system: RunningSystem, _ sink: inout ChildProgram, _ port: Int
    ) throws -> FoundRate {
        let (lowest, highest) = (try Self.rate(plan.from), try Self.rate(plan.to))
        guard highest >= lowest else { throw RecordFault("find_max: 'to' is below 'from'") }
        var search = RateSearch(from: lowest, to: highest)
        let trials = RateTrials(plan)
        var steps: [RateSearchFacts.Step] = []
        sink.stop()
        while let next = search.next, next.purpose != .showing(share: 1) {
            let number = steps.count + 1
            progress("\(profile.name) \(setup.choice.label): step \(number), \(fixed(next.ratePerSecond, 0)) msg/s")
            let tried = try tryRate(
                next.ratePerSecond, plan.stepSeconds, next.purpose, trials, system, port, number)
            search.take(tried.trial)
            var step = tried.step
            step.violations = search.steps.last?.violations ?? []
            steps.append(step)
        }
        sink = try startSink(port, name: "sink")
        let rate = search.next?.ratePerSecond ?? lowest
        return FoundRate(
            search: search, trials: trials, steps: steps,
            load: LoadPlan(perSecond: rate, seconds: plan.stepSeconds))
    }

    private static func rate(_ text: String) throws(RecordFault) -> Double {
        do throws(UnitFault) { return try MessageRate(parsing: text).perSecond } catch {
            throw RecordFault("find_max: \(error.description)")
        }
    }

    private func tryRate(
        _ rate: Double, _ seconds: Double, _ purpose: RateSearch.Purpose, _ trials: RateTrials,
        _ system: RunningSystem, _ port: Int, _ number: Int
    ) throws -> (trial: RateTrial, step: RateSearchFacts.Step) {
        let names = (generator: "step-\(number)-generator", sink: "step-\(number)-sink")
        let sink = try startSink(port, name: names.sink)
        let generator = try startGenerator(
            names.generator, messages: 0, target: target(system), load: LoadPlan(perSecond: rate, seconds: seconds))
        let counting = "\(directory)/\(names.sink).json"
        // A step has its length, and then what is under way.
        guard try wait(counting: counting, until: { _ in !generator.isRunning }) else {
            throw RecordFault("traffic-gen: no message more at \(fixed(rate, 0)) msg/s")
        }
        let record = try RecordFile.read(GeneratorRecord.self, from: "\(directory)/\(names.generator).json")
        outcome.before += record.accepted
        let expected = record.accepted * UInt64(profile.recipients ?? 1)
        let ownExpected = outcome.before * UInt64(profile.recipients ?? 1) + UInt64(setup.warmUpMessages)
        let drained = try wait(counting: counting) { received in
            try expectRunning(sink, system)
            return received >= min(expected, record.accepted) && own >= ownExpected && (system.queued() ?? 0) == 0
        }
        guard drained else { throw RecordFault("the queue did not empty after a step at \(fixed(rate, 0)) msg/s") }
        sink.stop()
        let times = try LedgerTimes(
            generatorFile: "\(directory)/\(names.generator).ledger", sinkFile: "\(directory)/\(names.sink).ledger")
        for name in [names.generator, names.sink] {
            for suffix in [".json", ".json.live", ".ledger"] { unlink("\(directory)/\(name)\(suffix)") }
        }
        return trials.judge(times, ratePerSecond: rate, dropped: record.droppedStarts ?? 0, purpose: purpose)
    }

    // MARK: What it came to

    /// Reads the ledgers once more, for the times in them.
    func takeScenario(_ search: FoundRate?, _ crash: CrashCourse?) throws {
        guard search != nil || crash != nil || profile.sink != nil else { return }
        let times = try LedgerTimes(
            generatorFile: directory + "/generator.ledger", sinkFile: directory + "/sink.ledger")
        var scenario = ScenarioRecord(backlog: times.backlog)
        if var facts = crash?.facts {
            times.complete(&facts)
            scenario.crash = facts
        } else if crash != nil {
            throw RecordFault("the load was over before the system was to be killed: more messages, or a longer load")
        }
        scenario.rateSearch = try search.map { try finish($0, times) }
        outcome.scenario = scenario
        outcome.phases = Self.phases(scenario, crash?.phases ?? [])
    }

    private func finish(_ found: FoundRate, _ times: LedgerTimes) throws -> RateSearchFacts {
        var (search, steps) = (found.search, found.steps)
        if let next = search.next {
            let record = try RecordFile.read(GeneratorRecord.self, from: directory + "/generator.json")
            let judged = found.trials.judge(
                times, ratePerSecond: next.ratePerSecond, dropped: record.droppedStarts ?? 0, purpose: next.purpose)
            search.take(judged.trial)
            var step = judged.step
            step.violations = search.steps.last?.violations ?? []
            steps.append(step)
            if case .showing = next.purpose, !step.violations.isEmpty {
                outcome.warnings.append(
                    "\(fixed(next.ratePerSecond, 0)) msg/s had been sustained in the search and was not when it was "
                        + "measured in full: \(step.violations.joined(separator: ", "))")
            }
        }
        return switch search.outcome {
        case .found(let rate, let failed): .init(sustainedPerSecond: rate, failedAtPerSecond: failed, steps: steps)
        case .atLeast(let rate): .init(sustainedPerSecond: rate, failedAtPerSecond: nil, steps: steps)
        case .below(let rate): .init(sustainedPerSecond: nil, failedAtPerSecond: rate, steps: steps)
        case nil: .init(sustainedPerSecond: nil, failedAtPerSecond: nil, steps: steps)
        }
    }

    private static func phases(_ scenario: ScenarioRecord, _ crash: [RunPhase]) -> [RunPhase] {
        let backlog = scenario.backlog
        let seen: [(String, Double?)] = [
            ("first delivery", scenario.crash?.firstDeliveryUnixSeconds),
            ("deliveries stopped", backlog?.stoppedUnixSeconds), ("deliveries again", backlog?.resumedUnixSeconds),
            ("backlog at its peak", backlog?.peakUnixSeconds), ("drained", backlog?.emptyUnixSeconds),
        ]
        let phases = crash + seen.compactMap { name, time in time.map { RunPhase(name, unixSeconds: $0) } }
        return phases.sorted { $0.unixSeconds < $1.unixSeconds }
    }
}
