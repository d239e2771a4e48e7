import ArgumentParser
import BenchHarness
import Foundation
import Measures
import ProgramSupport
import RunRecords
import RunReporting
import Synchronization

/// `bench-report run`: one profile, once or several times.
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Start sink, MTA and generator, wait for the last message, gather, judge and print the table.",
        discussion: "Exit code 0: all runs are valid; 1: one is not, or could not be run; 2: usage or profile.")

    @Argument(help: "The profile: profiles/NAME.yaml.")
    var profile: String
    @Option(name: .customLong("repeat"), help: "How many times.")
    var repeats = 1
    @Option(help: "Pause between repeats: 30s, 2m.")
    var rest = "5s"
    @Option(help: "Results go below this directory.")
    var out = "results"
    @Option(help: "Spools lie below this directory while a run lasts: its file system is what is measured.")
    var spoolRoot: String?

    private static let interrupted = Mutex(false)
    private static let interruptedText = "bench-report: interrupted, its programs were ended\n"

    func run() async throws {
        ignoreBrokenPipes()
        let (profile, text) = try readProfile()
        guard repeats > 0 else { throw UsageFault("--repeat \(repeats): expected 1 or more") }
        let pause: HumanDuration
        do { pause = try HumanDuration(parsing: rest) } catch { throw UsageFault("--rest \(error)") }
        let programs = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path
        let paths = HarnessPaths(
            programs: programs, results: out, spools: spoolRoot ?? out + "/.spools",
            repository: FileManager.default.currentDirectoryPath)
        let interruption = Task {
            await terminationSignal()
            Self.interrupted.withLock { $0 = true }
            Children.killAll()
            // The run notices, cleans up and ends with the message below; between runs there is nothing to notice.
            try await Task.sleep(nanoseconds: 2_000_000_000)
            BenchRun.removeSpools(paths)
            writeError(Self.interruptedText)
            Foundation.exit(130)
        }
        defer { interruption.cancel() }
        let records = try repeated(profile, text, paths, pause)
        print(try ReportTable(records).render(.text), terminator: "")
        if records.contains(where: { !$0.invalid.isEmpty }) { throw ExitCode(1) }
    }

    private func readProfile() throws -> (RunProfile, String) {
        guard let data = FileManager.default.contents(atPath: profile) else {
            throw UsageFault("\(profile): cannot be read")
        }
        let text = String(decoding: data, as: UTF8.self)
        do {
            return (try RunProfile(text: text, file: profile, cores: processorCount()), text)
        } catch {
            throw UsageFault("\(error)")
        }
    }

    private func repeated(
        _ profile: RunProfile, _ text: String, _ paths: HarnessPaths, _ pause: HumanDuration
    ) throws -> [RunRecord] {
        let line = ProgressLine()
        var records: [RunRecord] = []
        for index in 1...repeats {
            if index > 1 { Thread.sleep(forTimeInterval: pause.seconds) }
            do {
                let run = BenchRun(profile: profile, profileText: text, paths: paths) { line.show($0) }
                let (record, directory) = try run.perform(repeatIndex: index, repeats: repeats)
                records.append(record)
                line.clear()
                let report = try ReportTable([record]).render(.markdown)
                try report.write(toFile: directory + "/report.md", atomically: true, encoding: .utf8)
                writeError("\(directory)\n")
            } catch let fault as RecordFault {
                Children.killAll()
                guard !Self.interrupted.withLock({ $0 }) else {
                    line.clear()
                    writeError(Self.interruptedText)
                    throw ExitCode(130)
                }
                throw RunFault(fault.description)
            }
        }
        return records
    }
}
