import Measures
import RunRecords

/// What a run with a course of its own claims: it was asked for it, and its headline follows from its steps.
enum ScenarioChecks {
    static func add(_ run: RunRecord, to findings: inout Findings) {
        findings.add(
            "scenario", asked(run) + search(run) + crash(run),
            run.scenario == nil ? "no course of its own" : "as the profile asks for, and the headline follows from it")
    }

    private static func asked(_ run: RunRecord) -> [String] {
        var problems = Problems()
        let (scenario, profile) = (run.scenario, run.profile)
        let courses = [
            ("rate_search", "find_max", scenario?.rateSearch != nil, profile.findMax != nil),
            ("crash", "crash_after_s", scenario?.crash != nil, profile.crashAfterSeconds != nil),
        ]
        for (name, key, has, isAsked) in courses {
            problems.expect(!has || isAsked, "there is a scenario.\(name), and the profile has no \(key)")
            problems.expect(
                has || !isAsked || !run.invalid.isEmpty, "the profile has \(key), there is no scenario.\(name)")
        }
        let isLimited = (run.conditions ?? []).contains { $0.hasPrefix("disk limited to") }
        problems.expect(!isLimited || profile.disk != nil, "a condition limits the disk, and the profile does not")
        return problems.list
    }

    // MARK: The highest rate

    private static func search(_ run: RunRecord) -> [String] {
        guard let search = run.scenario?.rateSearch else { return [] }
        var problems = Problems()
        let tried = search.steps.filter { !RateSearchFacts.shownShares.contains($0.purpose) }
        let sustained = tried.filter(\.violations.isEmpty).map(\.ratePerSecond).max()
        problems.expect(
            search.sustainedPerSecond == nil || isNear(search.sustainedPerSecond, sustained),
            "rate_search.sustained_per_s is \(text(search.sustainedPerSecond)), the steps give \(text(sustained))")
        if let failed = search.failedAtPerSecond {
            problems.expect(
                tried.contains { !$0.violations.isEmpty && isNear($0.ratePerSecond, failed) },
                "rate_search.failed_at_per_s is \(text(failed)), no step failed there")
            problems.expect(
                failed > search.sustainedPerSecond ?? 0,
                "rate_search.failed_at_per_s is \(text(failed)), sustained were \(text(search.sustainedPerSecond))")
        }
        if let rate = search.sustainedPerSecond, let offered = run.generator.load?.ratePerSecond {
            problems.expect(
                isNear(rate, offered),
                "rate_search.sustained_per_s is \(text(rate)), the generator offered \(text(offered)) in the run")
        }
        for step in search.steps {
            problems.expect(
                step.repliedInTime <= step.due && step.deliveredInTime <= step.due,
                "a step at \(text(step.ratePerSecond)) has more in time than the \(step.due) that were due")
        }
        return problems.list
    }

    private static func isNear(_ a: Double?, _ b: Double?) -> Bool {
        guard let a, let b else { return a == nil && b == nil }
        return abs(a - b) <= 0.001 * max(a, b)
    }

    private static func text(_ rate: Double?) -> String { rate.map { fixed($0, 1) + "/s" } ?? "none" }

    // MARK: Kill and restart

    private static func crash(_ run: RunRecord) -> [String] {
        var problems = Problems()
        if let backlog = run.scenario?.backlog {
            problems.expect(
                backlog.peak <= run.generator.accepted,
                "backlog.peak is \(backlog.peak), accepted were \(run.generator.accepted)")
        }
        guard let crash = run.scenario?.crash else { return problems.list }
        problems.expect(
            crash.waitingAtKill <= run.generator.accepted,
            "crash.waiting_at_kill is \(crash.waitingAtKill), accepted were \(run.generator.accepted)")
        let times = [
            run.generator.firstOfferedUnixSeconds, crash.killedUnixSeconds, crash.restartUnixSeconds,
            crash.greetedUnixSeconds, run.sink.header.endedUnixSeconds,
        ]
        problems.expect(
            zip(times, times.dropFirst()).allSatisfy { $0 <= $1 + 0.5 },
            "crash: first message, kill, restart, greeting and the end are not in this order")
        return problems.list
    }
}
