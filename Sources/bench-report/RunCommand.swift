import ArgumentParser
import BenchHarness
import Foundation
import Measures
import ProgramSupport
import RunRecords
import RunReporting

/// `bench-report run`: one profile, or each of its variants, once or several times.
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Start sink, MTA and generator, wait for the last message, gather, judge and print the table.",
        discussion: """
            Of a profile with variants each repeat runs every one, in an order that alternates; the results and their \
            comparison (text, Markdown, CSV, JSON, SVG) lie in a directory of their own. Other systems than this \
            project's MTA: bench-report compare.
            Exit code 0: all runs are valid; 1: one is not, or could not be run; 2: usage or profile.
            """)

    @Argument(help: "The profile: profiles/NAME.yaml.")
    var profile: String
    @Option(name: .customLong("repeat"), help: "How many times.")
    var repeats = 1
    @Option(help: "Of the profile's variants this one alone, repeatable.")
    var only: [String] = []
    @Option(help: "Pause between runs: 30s, 2m.")
    var rest = "5s"
    @OptionGroup var harness: HarnessOptions

    func run() async throws {
        ignoreBrokenPipes()
        let plan = try readPlan()
        guard repeats > 0 else { throw UsageFault("--repeat \(repeats): expected 1 or more") }
        let pause = try HarnessOptions.duration(rest, "--rest")
        let library = try harness.library()
        var paths = harness.paths
        let setups: [RunSetup]
        do {
            setups = try plan.systems.map { profile in
                let choice = try SystemChoice.own(library, profile)
                let version = SystemInspection(choice.definition, systems: paths.systems, programs: paths.programs)
                    .version
                return RunSetup(profile: profile, profileText: plan.text, choice: choice, version: version)
            }
        } catch let fault as RecordFault { throw UsageFault(fault.description) }
        if plan.isComparison { paths.results = try paths.comparisonDirectory(plan.systems[0].name) }
        let interruption = await Interruption(paths)
        defer { interruption.end() }
        let sequence = RunSequence(
            setups: setups, isComparison: plan.isComparison, paths: paths, repeats: repeats, rest: pause,
            isInterrupted: { Interruption.isRequested })
        try SequenceReport.perform(sequence)
    }

    private func readPlan() throws -> BenchPlan {
        let plan = try HarnessOptions.plan(profile)
        do { return try plan.only(only) } catch { throw UsageFault("--only \(error)") }
    }
}

/// Runs a sequence and prints what came of it.
enum SequenceReport {
    /// - Throws: ``ExitCode`` 1 if a run is no result, 130 if it was interrupted.
    static func perform(_ sequence: RunSequence) throws {
        var sequence = sequence
        do {
            let records = try sequence.perform()
            for line in sequence.notRun { print("NOT RUN: \(line)") }
            guard !records.isEmpty else { throw RunFault("no run could be done") }
            if sequence.isComparison {
                try ComparisonFiles.write(records, notRun: sequence.notRun, to: sequence.paths.results)
            }
            print(
                try ReportTable(records, layout: sequence.isComparison ? .comparison : .figures).render(.text),
                terminator: "")
            guard sequence.notRun.isEmpty, records.allSatisfy({ $0.invalid.isEmpty }) else { throw ExitCode(1) }
        } catch is RunInterrupted {
            writeError(Interruption.text)
            throw ExitCode(130)
        }
    }
}
