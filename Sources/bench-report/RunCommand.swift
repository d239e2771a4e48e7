import ArgumentParser
import BenchHarness
import Foundation
import Measures
import ProgramSupport
import RunRecords
import RunReporting
import Synchronization

/// `bench-report run`: one profile, or each of its variants, once or several times.
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Start sink, MTA and generator, wait for the last message, gather, judge and print the table.",
        discussion: """
            Of a profile with variants each repeat runs every one, in an order that alternates; the results and their \
            comparison (text, Markdown, CSV, JSON, SVG) lie in a directory of their own.
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
    @Option(help: "Results go below this directory.")
    var out = "results"
    @Option(help: "Spools lie below this directory while a run lasts: its file system is what is measured.")
    var spoolRoot: String?

    private static let interrupted = Mutex(false)
    private static let interruptedText = "bench-report: interrupted, its programs were ended\n"

    func run() async throws {
        ignoreBrokenPipes()
        let plan = try readPlan()
        guard repeats > 0 else { throw UsageFault("--repeat \(repeats): expected 1 or more") }
        let pause: HumanDuration
        do { pause = try HumanDuration(parsing: rest) } catch { throw UsageFault("--rest \(error)") }
        let programs = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path
        var paths = HarnessPaths(
            programs: programs, results: out, spools: spoolRoot ?? out + "/.spools",
            repository: FileManager.default.currentDirectoryPath)
        if plan.isComparison { paths.results = try paths.comparisonDirectory(plan.systems[0].name) }
        let termination = await TerminationSignals()
        let interruption = Task { [paths] in
            await termination.first()
            Self.interrupted.withLock { $0 = true }
            Children.killAll()
            // The run notices, cleans up and ends with the message below; between runs there is nothing to notice.
            try await Task.sleep(nanoseconds: 2_000_000_000)
            BenchRun.removeSpools(paths)
            writeError(Self.interruptedText)
            Foundation.exit(130)
        }
        defer { interruption.cancel() }
        var sequence = RunSequence(plan: plan, paths: paths, repeats: repeats, rest: pause) {
            Self.interrupted.withLock { $0 }
        }
        do {
            let records = try sequence.perform()
            for line in sequence.notRun { print("NOT RUN: \(line)") }
            guard !records.isEmpty else { throw RunFault("no run could be done") }
            if plan.isComparison { try ComparisonFiles.write(records, notRun: sequence.notRun, to: paths.results) }
            print(
                try ReportTable(records, layout: plan.isComparison ? .comparison : .figures).render(.text),
                terminator: "")
            guard sequence.notRun.isEmpty, records.allSatisfy({ $0.invalid.isEmpty }) else { throw ExitCode(1) }
        } catch is RunInterrupted {
            writeError(Self.interruptedText)
            throw ExitCode(130)
        }
    }

    private func readPlan() throws -> BenchPlan {
        guard let data = FileManager.default.contents(atPath: profile) else {
            throw UsageFault("\(profile): cannot be read")
        }
        let text = String(decoding: data, as: UTF8.self)
        let plan: BenchPlan
        do {
            plan = try BenchPlan(text: text, file: profile, cores: processorCount())
        } catch {
            throw UsageFault("\(error)")
        }
        do { return try plan.only(only) } catch { throw UsageFault("--only \(error)") }
    }
}
