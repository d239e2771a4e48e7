/// What a run with a course of its own showed, besides what every run does. Times are of the ledgers.
package struct ScenarioRecord: Codable, Hashable, Sendable {
    /// The system was killed and started again.
    package var crash: CrashFacts?
    /// How mail waited and went out.
    package var backlog: BacklogFacts?
    /// The search for the highest sustained rate; the run's own figures are those at 100 % of it.
    package var rateSearch: RateSearchFacts?

    enum CodingKeys: String, CodingKey {
        case crash, backlog
        case rateSearch = "rate_search"
    }

    package init(crash: CrashFacts? = nil, backlog: BacklogFacts? = nil, rateSearch: RateSearchFacts? = nil) {
        self.crash = crash
        self.backlog = backlog
        self.rateSearch = rateSearch
    }

    package var isEmpty: Bool { crash == nil && backlog == nil && rateSearch == nil }
}

/// SIGKILL to all of the system under load, and its start on the same spool.
package struct CrashFacts: Codable, Hashable, Sendable {
    package var killedUnixSeconds: Double
    /// The start command was run again.
    package var restartUnixSeconds: Double
    /// It greeted.
    package var greetedUnixSeconds: Double
    /// Nil: nothing came after the restart.
    package var firstDeliveryUnixSeconds: Double?
    /// Acknowledged before the kill, and not yet at the sink then.
    package var waitingAtKill: UInt64

    enum CodingKeys: String, CodingKey {
        case killedUnixSeconds = "killed_unix_s"
        case restartUnixSeconds = "restart_unix_s"
        case greetedUnixSeconds = "greeted_unix_s"
        case firstDeliveryUnixSeconds = "first_delivery_unix_s"
        case waitingAtKill = "waiting_at_kill"
    }

    package init(killedUnixSeconds: Double, restartUnixSeconds: Double, greetedUnixSeconds: Double) {
        self.killedUnixSeconds = killedUnixSeconds
        self.restartUnixSeconds = restartUnixSeconds
        self.greetedUnixSeconds = greetedUnixSeconds
        waitingAtKill = 0
    }

    package var secondsToGreeting: Double { greetedUnixSeconds - restartUnixSeconds }
    package var secondsToFirstDelivery: Double? { firstDeliveryUnixSeconds.map { $0 - restartUnixSeconds } }
}

/// Messages acknowledged and not yet at the sink, over the time of a run.
package struct BacklogFacts: Codable, Hashable, Sendable {
    package var peak: UInt64
    package var peakUnixSeconds: Double
    /// The longest time without a delivery, where it was a second or more.
    package var stoppedUnixSeconds: Double?
    package var resumedUnixSeconds: Double?
    /// No message waited any more; nil: that never came.
    package var emptyUnixSeconds: Double?
    /// Deliveries a second from the resumption, or else the peak, until it was empty.
    package var drainPerSecond: Double?

    enum CodingKeys: String, CodingKey {
        case peak
        case peakUnixSeconds = "peak_unix_s"
        case stoppedUnixSeconds = "stopped_unix_s"
        case resumedUnixSeconds = "resumed_unix_s"
        case emptyUnixSeconds = "empty_unix_s"
        case drainPerSecond = "drain_per_s"
    }

    package init(peak: UInt64, peakUnixSeconds: Double) {
        self.peak = peak
        self.peakUnixSeconds = peakUnixSeconds
    }

    /// From the resumption, or else the peak.
    package var secondsToEmpty: Double? { emptyUnixSeconds.map { $0 - (resumedUnixSeconds ?? peakUnixSeconds) } }
}

/// How the highest sustained rate was looked for.
package struct RateSearchFacts: Codable, Hashable, Sendable {
    /// One rate that was tried.
    package struct Step: Codable, Hashable, Sendable {
        /// `doubling`, `narrowing`, `80 %`, `100 %`, `120 %`.
        package var purpose: String
        package var ratePerSecond: Double
        package var due: UInt64
        package var repliedInTime: UInt64
        package var deliveredInTime: UInt64
        package var errors: UInt64
        package var backlogGrowth: UInt64
        /// From when a message was due; nanoseconds.
        package var replyP50: UInt64
        package var replyP99: UInt64
        package var deliveryP50: UInt64
        package var deliveryP99: UInt64
        /// Why it is not sustained; empty if it is.
        package var violations: [String]

        enum CodingKeys: String, CodingKey {
            case purpose, due, errors, violations
            case ratePerSecond = "rate_per_s"
            case repliedInTime = "replied_in_time"
            case deliveredInTime = "delivered_in_time"
            case backlogGrowth = "backlog_growth"
            case replyP50 = "reply_p50_ns"
            case replyP99 = "reply_p99_ns"
            case deliveryP50 = "delivery_p50_ns"
            case deliveryP99 = "delivery_p99_ns"
        }

        package init(purpose: String, ratePerSecond: Double) {
            self.purpose = purpose
            self.ratePerSecond = ratePerSecond
            (due, repliedInTime, deliveredInTime, errors, backlogGrowth) = (0, 0, 0, 0, 0)
            (replyP50, replyP99, deliveryP50, deliveryP99) = (0, 0, 0, 0)
            violations = []
        }
    }

    /// The highest that was sustained; nil: not even the lowest was.
    package var sustainedPerSecond: Double?
    /// The lowest that was not; nil: even the highest allowed was.
    package var failedAtPerSecond: Double?
    /// In order.
    package var steps: [Step]

    enum CodingKeys: String, CodingKey {
        case steps
        case sustainedPerSecond = "sustained_per_s"
        case failedAtPerSecond = "failed_at_per_s"
    }

    package init(sustainedPerSecond: Double?, failedAtPerSecond: Double?, steps: [Step]) {
        self.sustainedPerSecond = sustainedPerSecond
        self.failedAtPerSecond = failedAtPerSecond
        self.steps = steps
    }

    package static let shownShares = ["80 %", "100 %", "120 %"]

    package func shown(_ share: String) -> Step? { steps.last { $0.purpose == share } }
}

extension LoadPlan {
    /// An open load of one rate, evenly spaced.
    package init(perSecond: Double, seconds: Double) {
        self.init(
            rate: "\(perSecond)/s", arrivals: .constant, seconds: seconds, warmUpSeconds: 0, rampUpSeconds: 0)
    }
}

extension FindMaxPlan {
    /// Rates as texts, all else in seconds.
    package init(from: String, to: String, step: Double, replyLimit: Double, deliveryLimit: Double) {
        self.init(
            from: from, to: to, stepSeconds: step, replyLimitSeconds: replyLimit, deliveryLimitSeconds: deliveryLimit)
    }
}
