package import LoadPacing
package import RunRecords

/// What the ledgers of one step of a search say.
package struct RateTrials: Sendable {
    /// Nanoseconds.
    package var replyLimit: UInt64
    package var deliveryLimit: UInt64

    package init(_ plan: FindMaxPlan) {
        replyLimit = UInt64(plan.replyLimitSeconds * 1e9)
        deliveryLimit = UInt64(plan.deliveryLimitSeconds * 1e9)
    }

    /// - Parameters:
    ///   - dropped: messages that were due and could not be begun in time, which no ledger knows.
    package func judge(
        _ times: LedgerTimes, ratePerSecond: Double, dropped: UInt64, purpose: RateSearch.Purpose
    ) -> (trial: RateTrial, step: RateSearchFacts.Step) {
        let accepted = times.messages.filter(\.isAccepted)
        func wait(_ from: UInt64, _ to: UInt64) -> UInt64 { to > from ? to - from : 0 }
        let replies = accepted.map { wait($0.due, $0.ended) }.sorted()
        let deliveries = accepted.compactMap { message in message.received.map { wait(message.due, $0) } }.sorted()
        let due = UInt64(times.messages.count) + dropped
        // By the time the last one was due.
        let end = times.messages.map(\.due).max() ?? 0
        let waiting = accepted.count { $0.ended <= end && ($0.received.map { $0 > end } ?? true) }
        let trial = RateTrial(
            ratePerSecond: ratePerSecond, due: due, repliedInTime: UInt64(replies.count { $0 <= replyLimit }),
            deliveredInTime: UInt64(deliveries.count { $0 <= deliveryLimit }), errors: due - UInt64(accepted.count),
            backlog: .init(begin: 0, end: UInt64(waiting)))
        var step = RateSearchFacts.Step(purpose: Self.name(purpose), ratePerSecond: ratePerSecond)
        (step.due, step.errors) = (due, trial.errors)
        (step.repliedInTime, step.deliveredInTime) = (trial.repliedInTime, trial.deliveredInTime)
        step.backlogGrowth = UInt64(waiting)
        (step.replyP50, step.replyP99) = (Self.percentile(replies, 50), Self.percentile(replies, 99))
        (step.deliveryP50, step.deliveryP99) = (Self.percentile(deliveries, 50), Self.percentile(deliveries, 99))
        return (trial, step)
    }

    /// 0 of nothing.
    private static func percentile(_ sorted: [UInt64], _ percent: Int) -> UInt64 {
        sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, sorted.count * percent / 100)]
    }

    private static func name(_ purpose: RateSearch.Purpose) -> String {
        switch purpose {
        case .doubling: "doubling"
        case .narrowing: "narrowing"
        case .showing(let share): "\(Int((share * 100).rounded())) %"
        }
    }
}
