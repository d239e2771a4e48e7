import LoadGeneration
import LoadPacing
import Measures
import ProgramSupport
import RunRecords

/// `--rate find`: one run after the other, each at the rate that the search wants to know about.
struct RateFinder {
    let configuration: LoadConfiguration
    let options: PaceOptions
    let output: OutputOptions
    /// The caller's: each rate has to keep them to be sustained.
    let limits: Limits
    let interruption: Interruption

    /// - Returns: the record of the run at the rate that was found, or of the last one; of a search that was interrupted
    ///   that of the highest rate that was sustained, or of the run that was cut short.
    func run() async throws -> (FoundRate, GeneratorRecord) {
        var search = try options.search()
        let limit = try options.replyLimitNanoseconds()
        var steps: [FoundRate.Step] = []
        var records: [GeneratorRecord] = []
        var last: GeneratorRecord?
        while let (rate, purpose) = search.next, !interruption.hasCome {
            let record = try await trial(rate, steps.count)
            last = record
            guard !interruption.hasCome else { break }
            search.take(RateTrial(record, rate, limit), broken: limits.broken(by: record))
            records.append(record)
            steps.append(FoundRate.Step(record, rate, purpose, search.steps[search.steps.count - 1].violations))
            if !output.isQuiet { writeError("traffic-gen: " + steps[steps.count - 1].text + "\n") }
        }
        let found = FoundRate(outcome: search.outcome, steps: steps)
        let shown = steps.firstIndex { $0.purpose == "100 %" } ?? steps.lastIndex { $0.violations.isEmpty }
        guard let record = shown.map({ records[$0] }) ?? last else {
            throw RunFault("--rate find: interrupted before anything was sent")
        }
        return (found, record)
    }

    private func trial(_ rate: Double, _ number: Int) async throws -> GeneratorRecord {
        var step = configuration
        step.open = .init(MessageRate(perSecond: rate), configuration.open?.arrivals ?? .constant)
        (step.messageCount, step.recordPath) = (nil, nil)
        step.duration = try options.stepSeconds() + configuration.warmUp
        step.trial = UInt64(number)
        let generator = try LoadGenerator(step)
        interruption.concerns(generator)
        try await generator.start()
        try await generator.follow(step, output)
        let record = try await generator.finish(isInterrupted: interruption.hasCome)
        if let fault = await generator.ledgerFault { throw RunFault("--ledger: \(fault)") }
        return record
    }
}

/// What a search for the highest rate came to.
struct FoundRate: Encodable {
    struct Step: Encodable {
        let askedPerSecond: Double
        let acceptedPerSecond: Double
        let intendedP99Milliseconds: Double
        let dropped: UInt64
        let purpose: String
        /// Empty: the rate was sustained.
        let violations: [String]

        enum CodingKeys: String, CodingKey {
            case dropped, purpose, violations
            case askedPerSecond = "asked_per_s"
            case acceptedPerSecond = "accepted_per_s"
            case intendedP99Milliseconds = "intended_latency_ms_p99"
        }

        init(_ record: GeneratorRecord, _ rate: Double, _ purpose: RateSearch.Purpose, _ violations: [String]) {
            askedPerSecond = rate
            acceptedPerSecond = MeasuredPart(record).perSecond ?? 0
            intendedP99Milliseconds = Double(record.intendedLatency?.percentile(99) ?? 0) / 1e6
            dropped = record.droppedStarts ?? 0
            self.violations = violations
            switch purpose {
            case .doubling: self.purpose = "doubling"
            case .narrowing: self.purpose = "narrowing"
            case .showing(let share): self.purpose = fixed(share * 100, 0) + " %"
            }
        }

        var text: String {
            "\(purpose): asked for \(fixed(askedPerSecond, 1)) msg/s, got \(fixed(acceptedPerSecond, 1)), p99 "
                + "\(fixed(intendedP99Milliseconds, 2)) ms: "
                + (violations.isEmpty ? "sustained" : violations.joined(separator: "; "))
        }
    }

    let schema = "millrace.found-rate/1"
    /// The highest rate that was sustained; nil if none was, or the search was interrupted.
    var sustainedPerSecond: Double?
    /// The lowest rate that was not.
    var failedAtPerSecond: Double?
    let steps: [Step]

    enum CodingKeys: String, CodingKey {
        case schema, steps
        case sustainedPerSecond = "sustained_per_s"
        case failedAtPerSecond = "failed_at_per_s"
    }

    init(outcome: RateSearch.Outcome?, steps: [Step]) {
        self.steps = steps
        switch outcome {
        case .found(let rate, let failed): (sustainedPerSecond, failedAtPerSecond) = (rate, failed)
        case .atLeast(let rate): sustainedPerSecond = rate
        case .below(let rate): failedAtPerSecond = rate
        case nil: break
        }
    }

    var text: String {
        let lines = steps.map(\.text)
        guard let rate = sustainedPerSecond else {
            return (lines + ["no rate was sustained"]).joined(separator: "\n")
        }
        let above = failedAtPerSecond.map { ", not \(fixed($0, 1))" } ?? ", and perhaps more"
        return (lines + ["sustained: \(fixed(rate, 1)) msg/s, \(fixed(rate * 0.0036, 3)) MMH\(above)"])
            .joined(separator: "\n")
    }
}
