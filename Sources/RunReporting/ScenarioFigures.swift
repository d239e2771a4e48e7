import RunRecords

/// Figures of runs with a course of their own: a crash, a backlog, a search for the highest sustained rate.
enum ScenarioFigures {
    typealias Figure = RunFigures.Figure

    static func figures(_ run: RunRecord) -> [Figure] {
        guard let scenario = run.scenario else { return [] }
        return (scenario.rateSearch.map(search) ?? []) + (scenario.crash.map { crash($0, run) } ?? [])
            + (scenario.backlog.map(backlog) ?? [])
    }

    private static func crash(_ crash: CrashFacts, _ run: RunRecord) -> [Figure] {
        var figures = [
            Figure(
                key: "crash_waiting_messages", label: "waiting when killed", unit: "msg",
                value: Double(crash.waitingAtKill), digits: 0),
            Figure(
                key: "crash_lost_messages", label: "lost after 250", unit: "msg", value: Double(run.missing.lost),
                digits: 0),
            Figure(
                key: "crash_doubled_messages", label: "arrived twice", unit: "msg", value: Double(run.audit.doubled),
                digits: 0),
            Figure(
                key: "crash_in_doubt_messages", label: "without an answer", unit: "msg",
                value: Double(run.generator.inDoubt), digits: 0),
            Figure(
                key: "crash_greeting_s", label: "restart to greeting", unit: "s", value: crash.secondsToGreeting,
                digits: 3),
        ]
        if let seconds = crash.secondsToFirstDelivery {
            figures.append(
                Figure(
                    key: "crash_first_delivery_s", label: "restart to first delivery", unit: "s", value: seconds,
                    digits: 3))
        }
        return figures
    }

    private static func backlog(_ backlog: BacklogFacts) -> [Figure] {
        var figures = [
            Figure(
                key: "backlog_peak_messages", label: "backlog at its peak", unit: "msg", value: Double(backlog.peak),
                digits: 0)
        ]
        if let from = backlog.stoppedUnixSeconds, let to = backlog.resumedUnixSeconds {
            figures.append(
                Figure(
                    key: "backlog_pause_s", label: "longest pause of deliveries", unit: "s", value: to - from, digits: 2
                ))
        }
        if let seconds = backlog.secondsToEmpty {
            figures.append(
                Figure(key: "backlog_to_empty_s", label: "backlog to empty", unit: "s", value: seconds, digits: 2))
        }
        if let rate = backlog.drainPerSecond {
            figures.append(
                Figure(
                    key: "backlog_drain_msg_per_s", label: "deliveries while draining", unit: "msg/s", value: rate,
                    digits: 0))
        }
        return figures
    }

    private static func search(_ search: RateSearchFacts) -> [Figure] {
        var figures: [Figure] = []
        func add(_ key: String, _ label: String, _ unit: String, _ value: Double, _ digits: Int) {
            figures.append(Figure(key: key, label: label, unit: unit, value: value, digits: digits))
        }
        let sustained = search.sustainedPerSecond ?? 0
        add("sustained_msg_per_s", "highest sustained rate", "msg/s", sustained, 0)
        add("sustained_mmh", "highest sustained rate", "MMH", sustained * 0.0036, 3)
        if let failed = search.failedAtPerSecond {
            add("not_sustained_msg_per_s", "lowest rate not sustained", "msg/s", failed, 0)
        }
        add("search_steps", "rates tried", "steps", Double(search.steps.count), 0)
        for share in RateSearchFacts.shownShares {
            guard let step = search.shown(share), step.due > 0 else { continue }
            let key = "at_" + share.filter(\.isNumber) + "_percent"
            func percent(_ count: UInt64) -> Double { Double(count) / Double(step.due) * 100 }
            add("\(key)_replied_in_time", "at \(share): final replies in time", "%", percent(step.repliedInTime), 2)
            add("\(key)_delivered_in_time", "at \(share): delivered in time", "%", percent(step.deliveredInTime), 2)
            add("\(key)_errors", "at \(share): errors", "%", percent(step.errors), 2)
            add("\(key)_reply_ms_p50", "at \(share): due to final reply p50", "ms", Double(step.replyP50) / 1e6, 2)
            add("\(key)_reply_ms_p99", "at \(share): due to final reply p99", "ms", Double(step.replyP99) / 1e6, 2)
            add("\(key)_delivery_ms_p99", "at \(share): due to delivery p99", "ms", Double(step.deliveryP99) / 1e6, 2)
            add("\(key)_backlog_growth", "at \(share): growth of the backlog", "msg", Double(step.backlogGrowth), 0)
        }
        return figures
    }
}
