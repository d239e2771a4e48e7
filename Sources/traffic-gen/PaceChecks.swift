import LoadGeneration
import Measures
import ProgramSupport

/// Times and counts that cannot go together: said before anything is sent, since a run that measures nothing looks like one
/// that does.
struct PaceChecks {
    let configuration: LoadConfiguration
    /// `--duration`, or that of the profile.
    let givenSeconds: Double?
    let isSearch: Bool

    init(_ configuration: LoadConfiguration, givenSeconds: Double?, isSearch: Bool) {
        self.configuration = configuration
        self.givenSeconds = givenSeconds
        self.isSearch = isSearch
    }

    func check() throws {
        guard !isSearch else { return try checkSearch() }
        try checkStages()
        let whole = configuration.windowSeconds ?? configuration.duration
        if let whole, configuration.warmUp > 0, configuration.warmUp >= whole {
            throw UsageFault(
                "--warmup \(text(configuration.warmUp)): expected less than the \(text(whole)) in which messages begin; "
                    + "nothing would be measured")
        }
        // The connections of an open load are there before its time begins.
        if configuration.open == nil, let duration = configuration.duration, configuration.rampUp >= duration {
            throw UsageFault(
                "--ramp-up \(text(configuration.rampUp)): expected less than the duration, \(text(duration)); "
                    + "connections would never be opened")
        }
    }

    private func checkSearch() throws {
        guard configuration.messageCount == nil, givenSeconds == nil else {
            throw UsageFault("--messages and --duration do not go with --rate find: see --find-step")
        }
    }

    private func checkStages() throws {
        guard let open = configuration.open else { return }
        let all = open.schedule
        if !open.stages.isEmpty, let givenSeconds, givenSeconds > all.seconds {
            throw UsageFault(
                "--duration \(text(givenSeconds)): the stages are over after \(text(all.seconds)); expected no more")
        }
        // A message is due at the very begin, however low the rate.
        if let count = configuration.messageCount, Double(count) > max(1, all.messages.rounded(.up)) {
            let due = max(1, all.messages.rounded(.up))
            throw UsageFault(
                "--messages \(count): only \(fixed(due, 0)) are due in the \(text(all.seconds)) of the load")
        }
    }

    private func text(_ seconds: Double) -> String { HumanDuration(seconds: seconds).description }
}
