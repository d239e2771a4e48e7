import ArgumentParser
import BenchHarness
import Foundation
import Measures
import ProgramSupport
import RunRecords
import Synchronization

/// Where everything is, for the commands that start systems.
struct HarnessOptions: ParsableArguments {
    @Option(help: "Results go below this directory.")
    var out = "results"
    @Option(help: "Spools lie below this directory while a run lasts: its file system is what is measured.")
    var spoolRoot: String?
    @Option(help: "Directory of the systems' definitions. Default: profiles/systems.")
    var definitions: String?

    var paths: HarnessPaths {
        HarnessPaths(
            programs: Self.programs, results: out, spools: spoolRoot ?? out + "/.spools",
            repository: FileManager.default.currentDirectoryPath)
    }

    static let programs = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().path

    /// - Throws: ``UsageFault`` with file, line and key of what is wrong.
    func library() throws -> SystemLibrary {
        let directory = definitions ?? SystemLibrary.standardDirectory(programs: Self.programs)
        do { return try SystemLibrary(directory: directory) } catch { throw UsageFault(error.description) }
    }

    /// The profile.
    static func plan(_ file: String) throws -> BenchPlan {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw UsageFault("\(file): cannot be read")
        }
        let text = String(decoding: data, as: UTF8.self)
        do { return try BenchPlan(text: text, file: file, cores: processorCount()) } catch {
            throw UsageFault("\(error)")
        }
    }

    static func duration(_ text: String, _ flag: String) throws -> HumanDuration {
        do { return try HumanDuration(parsing: text) } catch { throw UsageFault("\(flag) \(error)") }
    }
}

/// Ctrl-C and SIGTERM while systems run: all of them are ended, and nothing is left behind.
struct Interruption {
    private static let interrupted = Mutex(false)
    static let text = "bench-report: interrupted, its programs were ended\n"
    static var isRequested: Bool { interrupted.withLock { $0 } }

    private let task: Task<Void, any Error>

    init(_ paths: HarnessPaths) async {
        let termination = await TerminationSignals()
        task = Task {
            await termination.first()
            Self.interrupted.withLock { $0 = true }
            Children.killAll()
            // The run notices, cleans up and ends with the message above; between runs there is nothing to notice.
            try await Task.sleep(nanoseconds: 2_000_000_000)
            Children.killAll()
            BenchRun.removeSpools(paths)
            writeError(Self.text)
            Foundation.exit(130)
        }
    }

    func end() { task.cancel() }
}
