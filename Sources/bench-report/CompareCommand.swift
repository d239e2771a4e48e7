import ArgumentParser
import BenchHarness
import Foundation
import Measures
import ProgramSupport
import RunRecords
import RunReporting

/// `bench-report compare`: the same work for several systems, on the same machine, in turns.
struct Compare: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Give several systems the same work in turns, and print what tells them apart.",
        discussion: """
            Systems are NAME[:VARIANT], as bench-report systems lists them; of a variant its beginning will do (mta:segment \
            is mta:segment-fsync). Generator and sink are the same for all; the order alternates; before each run the \
            queue is empty and, as root, the page cache is dropped. Each system is first watched while it takes 50 \
            messages: where it answers without the syncs that it promises, its runs are no results.
            Exit code 0: all runs are valid; 1: one is not, or could not be run; 2: usage, profile or definition.
            """)

    @Option(help: "Systems to compare, with commas between: mta:segment,mta:rocksdb,postfix:tuned.")
    var systems: String
    @Option(help: "The profile: profiles/NAME.yaml, or NAME.")
    var profile: String
    @Option(name: .customLong("repeat"), help: "How many times.")
    var repeats = 5
    @Option(help: "Pause between runs: 30s, 2m.")
    var rest = "5s"
    @Option(help: "Messages through each system before each run that are not counted.")
    var warmUp = 0
    @Option(help: "Messages a run, instead of the profile's.")
    var messages: Int?
    @Option(help: "Give each system as many messages as take it about so long (60s), at most the profile's.")
    var budget: String?
    @Flag(inversion: .prefixedNo, help: "Count each system's syncs first.")
    var evidence = true
    @Flag(inversion: .prefixedNo, help: "Count syncs in the measured runs (perf), where that can be done.")
    var countSyncs = true
    @Flag(inversion: .prefixedNo, help: "Drop the machine's page cache before each run.")
    var dropCache = true
    @OptionGroup var harness: HarnessOptions

    func run() async throws {
        ignoreBrokenPipes()
        let plan = try HarnessOptions.plan(profileFile)
        let settings = try settings()
        let pause = try HarnessOptions.duration(rest, "--rest")
        let choices = try choices(try harness.library())
        var paths = harness.paths
        paths.results = try paths.comparisonDirectory(plan.systems[0].name)
        let interruption = await Interruption(paths)
        defer { interruption.end() }
        var sequence = RunSequence(
            setups: [], isComparison: true, paths: paths, repeats: repeats, rest: pause,
            isInterrupted: { Interruption.isRequested })
        let line = ProgressLine()
        let schedule = BenchSchedule(settings, paths: paths) { line.show($0) }
        for choice in choices {
            do {
                let base = plan.systems[0]
                sequence.setups.append(try schedule.setup(choice, profile: base, profileText: plan.text))
                line.clear()
            } catch {
                line.clear()
                guard !Interruption.isRequested else {
                    writeError(Interruption.text)
                    throw ExitCode(130)
                }
                sequence.note("\(plan.systems[0].name) \(choice.label): \(error.description)")
            }
        }
        try SequenceReport.perform(sequence)
    }

    private var profileFile: String {
        profile.hasSuffix(".yaml") || profile.contains("/") ? profile : "profiles/\(profile).yaml"
    }

    private func settings() throws -> CompareSettings {
        guard repeats > 0 else { throw UsageFault("--repeat \(repeats): expected 1 or more") }
        guard warmUp >= 0 else { throw UsageFault("--warm-up \(warmUp): expected 0 or more messages") }
        if let messages, messages < 1 { throw UsageFault("--messages \(messages): expected 1 or more") }
        var settings = CompareSettings()
        settings.warmUpMessages = warmUp
        settings.messages = messages
        settings.budgetSeconds = try budget.map { try HarnessOptions.duration($0, "--budget").seconds }
        if let seconds = settings.budgetSeconds, seconds < 1 {
            throw UsageFault("--budget \(budget!): expected 1s or more")
        }
        (settings.gathersEvidence, settings.dropsPageCache, settings.countsSyncs) = (evidence, dropCache, countSyncs)
        return settings
    }

    private func choices(_ library: SystemLibrary) throws -> [SystemChoice] {
        var found: [SystemChoice] = []
        for name in systems.split(separator: ",", omittingEmptySubsequences: false) {
            let choice: SystemChoice
            do { choice = try library.choose(String(name)) } catch {
                throw UsageFault("--systems \(error.description)")
            }
            guard !found.contains(where: { $0.label == choice.label }) else {
                throw UsageFault("--systems '\(name)': \(choice.label) is in the list already")
            }
            found.append(choice)
        }
        return found
    }
}
