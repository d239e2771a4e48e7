/// What a load at one rate did, as far as it matters for whether the rate is sustained.
package struct RateTrial: Hashable, Sendable {
    /// Asked for, messages a second.
    package var ratePerSecond: Double
    /// Messages that were due, whether they could be sent or not.
    package var due: UInt64
    /// Of those due: got their final reply within the reply limit, counted from when they were due.
    package var repliedInTime: UInt64
    /// Of those due: reached the receiver within the delivery limit.
    package var deliveredInTime: UInt64
    /// Of those due: refused, failed or without an answer.
    package var errors: UInt64
    /// Nil where nobody counted.
    package var backlog: Backlog?

    /// Messages accepted and not delivered.
    package struct Backlog: Hashable, Sendable {
        package var begin: UInt64
        package var end: UInt64

        package init(begin: UInt64, end: UInt64) {
            self.begin = begin
            self.end = end
        }
    }

    package init(
        ratePerSecond: Double, due: UInt64, repliedInTime: UInt64, deliveredInTime: UInt64, errors: UInt64,
        backlog: Backlog? = nil
    ) {
        self.ratePerSecond = ratePerSecond
        self.due = due
        self.repliedInTime = repliedInTime
        self.deliveredInTime = deliveredInTime
        self.errors = errors
        self.backlog = backlog
    }
}

/// What a sustained rate has to keep (the rules of SPECmail2001, and a queue that does not grow).
package struct RateLimits: Hashable, Sendable {
    /// Smallest share of final replies in time, 0 to 1.
    package var repliedShare = 0.95
    /// Smallest share delivered in time, 0 to 1; 0 where nobody sees deliveries.
    package var deliveredShare = 0.95
    /// Errors have to be a smaller share, 0 to 1.
    package var errorShare = 0.01
    /// The backlog may grow in a trial by at most this share of the messages due in it, 0 to 1.
    package var backlogShare = 0.05

    package init() {}

    /// Why the rate is not sustained, a line each; empty if it is.
    package func violations(_ trial: RateTrial) -> [String] {
        guard trial.due > 0 else { return ["no message was due"] }
        func share(_ count: UInt64) -> Double { Double(count) / Double(trial.due) }
        var found: [String] = []
        if share(trial.repliedInTime) < repliedShare {
            found.append("\(percent(share(trial.repliedInTime))) of final replies in time")
        }
        if share(trial.deliveredInTime) < deliveredShare {
            found.append("\(percent(share(trial.deliveredInTime))) delivered in time")
        }
        if share(trial.errors) >= errorShare { found.append("\(percent(share(trial.errors))) errors") }
        if let backlog = trial.backlog, backlog.end > backlog.begin,
            share(backlog.end - backlog.begin) > backlogShare
        {
            found.append("the backlog grew by \(backlog.end - backlog.begin) messages")
        }
        return found
    }

    /// Rounded down: 94.99 % is not 95 %.
    private func percent(_ share: Double) -> String {
        let tenths = Int(share * 1000)
        return "\(tenths / 10).\(tenths % 10) %"
    }
}

/// Looks for the highest rate that is sustained: doubles it until one is not, halves the gap between the two, and then
/// shows 80, 100 and 120 % of what it found. A value: it says which rate to try next and is told what came of it.
///
/// Noise can spoil a trial that would have passed, never the other way round for long: what fails is tried once more before
/// it is believed.
package struct RateSearch: Sendable {
    /// The part of the search a trial belongs to.
    package enum Purpose: Hashable, Sendable {
        /// Doubling from the lowest rate.
        case doubling
        /// Halving the gap.
        case narrowing
        /// Shows this share of the rate that was found: 0.8, 1 or 1.2.
        case showing(share: Double)
    }

    /// A trial that is over.
    package struct Step: Hashable, Sendable {
        package var purpose: Purpose
        package var trial: RateTrial
        /// Empty: the rate was sustained.
        package var violations: [String]
        package var isSustained: Bool { violations.isEmpty }
    }

    /// How it ended.
    package enum Outcome: Hashable, Sendable {
        /// The highest rate that was sustained, and the lowest that was not.
        case found(perSecond: Double, failedAtPerSecond: Double)
        /// Even the highest rate allowed was sustained.
        case atLeast(perSecond: Double)
        /// Not even the lowest was.
        case below(perSecond: Double)
    }

    private let lowest: Double
    private let highest: Double
    /// The search ends when the gap is no more than this share of the rate.
    private let precision: Double
    private let limits: RateLimits
    /// The rate itself comes last: whoever measures it in full has nothing behind it.
    private static let shares = [0.8, 1.2, 1]

    private var sustained: Double?
    private var failed: Double?
    private var isRepeating = false
    private var shown = 0
    /// In order.
    package private(set) var steps: [Step] = []

    /// - Parameters:
    ///   - lowest: messages a second to begin with.
    ///   - highest: nothing above it is tried, but 120 % of what was found.
    ///   - precision: share of the rate, 0 to 1.
    package init(from lowest: Double, to highest: Double, limits: RateLimits = RateLimits(), precision: Double = 0.05) {
        precondition(lowest > 0 && highest >= lowest && precision > 0)
        self.lowest = lowest
        self.highest = highest
        self.limits = limits
        self.precision = precision
    }

    /// What to try next, and what for; nil: all is known.
    package var next: (ratePerSecond: Double, purpose: Purpose)? {
        if let rate = searching { return (rate, failed == nil ? .doubling : .narrowing) }
        guard let rate = sustained, shown < Self.shares.count else { return nil }
        return (rate * Self.shares[shown], .showing(share: Self.shares[shown]))
    }

    /// Nil when the search for the rate is over.
    private var searching: Double? {
        guard let failed else {
            guard let sustained else { return lowest }
            return sustained < highest ? min(sustained * 2, highest) : nil
        }
        if isRepeating { return failed }
        guard let sustained else { return nil }
        return failed - sustained > precision * sustained ? (sustained + failed) / 2 : nil
    }

    /// Takes what the trial at ``next`` did.
    /// - Parameter broken: further limits of the caller's that did not hold, a line each.
    package mutating func take(_ trial: RateTrial, broken: [String] = []) {
        guard let (rate, purpose) = next else { preconditionFailure("the search is over") }
        let violations = limits.violations(trial) + broken
        steps.append(Step(purpose: purpose, trial: trial, violations: violations))
        if case .showing = purpose {
            shown += 1
        } else if violations.isEmpty {
            (sustained, isRepeating) = (rate, false)
            if failed == rate { failed = failedBefore }
        } else if isRepeating {
            isRepeating = false
        } else {
            (failedBefore, failed, isRepeating) = (failed, rate, true)
        }
    }

    /// The rate that had failed before the one that is being repeated did.
    private var failedBefore: Double?

    /// Nil while the search goes on; the three shows may still be missing.
    package var outcome: Outcome? {
        guard searching == nil else { return nil }
        guard let sustained else { return .below(perSecond: lowest) }
        return failed.map { .found(perSecond: sustained, failedAtPerSecond: $0) } ?? .atLeast(perSecond: sustained)
    }

    /// What was shown at a share of the rate that was found; nil if it was not.
    package func shown(share: Double) -> Step? { steps.last { $0.purpose == .showing(share: share) } }
}
