import ArgumentParser
import BenchHarness
import Foundation
import Measures
import ProgramSupport
import RunRecords

/// `bench-report measure`: the harness's account of any command.
struct Measure: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure",
        abstract: "Run a command and print what it and all that it starts use, counted as systems are.",
        discussion: """
            For whoever doubts the resources in a result: CPU (processes included that have ended, that nobody waited for \
            and that went into the background), memory, bytes, syncs. What still runs when the command has ended is killed.
            Exit code: the command's.
            """)

    @Flag(help: "Print JSON.")
    var json = false
    @Argument(parsing: .captureForPassthrough, help: "The command and its arguments.")
    var command: [String]

    func run() async throws {
        ignoreBrokenPipes()
        let words = command.first == "--" ? Array(command.dropFirst()) : command
        guard !words.isEmpty else { throw UsageFault("expected a command") }
        let termination = await TerminationSignals()
        let interruption = Task {
            await termination.first()
            Children.killAll()
        }
        defer { interruption.cancel() }
        let result: (status: Int32, output: String, errors: String, resources: ResourceRecord)
        do throws(RecordFault) { result = try MeasuredCommand(words).run() } catch { throw RunFault(error.description) }
        writeError(result.errors)
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(result.resources), as: UTF8.self))
        } else {
            print(result.output, terminator: "")
            print(Self.text(result.resources), terminator: "")
        }
        guard result.status == 0 else { throw ExitCode(result.status) }
    }

    private static func text(_ resources: ResourceRecord) -> String {
        guard let usage = resources[.system] else { return "" }
        let syncs = usage.syncs.map { "\($0.total)" } ?? "not counted"
        let rows = [
            ("CPU, user", fixed(usage.cpuUserSeconds, 3) + " s"),
            ("CPU, system", fixed(usage.cpuSystemSeconds, 3) + " s"),
            ("peak memory", ByteCount(bytes: Int(clamping: usage.memoryPeakBytes)).description),
            ("written", ByteCount(bytes: Int(clamping: usage.diskWriteBytes)).description),
            ("read", ByteCount(bytes: Int(clamping: usage.diskReadBytes)).description), ("syncs", syncs),
            ("context switches", grouped(usage.contextSwitchesVoluntary + usage.contextSwitchesInvoluntary)),
            ("processes, most at once", "\(usage.processesPeak)"), ("counted by", resources.method),
        ]
        return rows.map { "\($0.padding(toLength: 24, withPad: " ", startingAt: 0))\($1)\n" }.joined()
    }
}
