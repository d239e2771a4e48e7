import ArgumentParser
import Foundation
import LoadGeneration
import Measures
import ProgramSupport
import RunRecords

@main
struct TrafficGenMain {
    static func main() async { await runProgram(TrafficGen.self) }
}

struct TrafficGen: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "traffic-gen",
        abstract: "Sends messages to a mail host, as fast as it takes them or at a rate, and measures what it does.",
        discussion: """
            Exit code 0: every message was acknowledged, or all limits hold; 1: something was not acknowledged (without \
            --threshold), or the run was cut short; 2: usage; 99: a --threshold is broken.
            """)

    @OptionGroup var load: LoadOptions

    func run() async throws {
        ignoreBrokenPipes()
        let configuration = try load.configuration()
        let limits = try Limits(load.output.threshold, isOpen: configuration.open != nil)
        let termination = await TerminationSignals()
        let generator: LoadGenerator
        do {
            generator = try LoadGenerator(configuration)
        } catch let fault as LoadFault {
            throw UsageFault(fault.description)
        }
        let interruption = Task {
            await termination.first()
            generator.stop()
        }
        try await generator.start()
        try await follow(generator, configuration)
        interruption.cancel()
        let record = try await generator.finish()
        try report(record, configuration, limits)
    }

    /// A look a second until the last connection has ended.
    private func follow(_ generator: LoadGenerator, _ configuration: LoadConfiguration) async throws {
        var view = LiveView(configuration, plainLines: load.output.progress)
        while true {
            for _ in 0..<20 {
                try await Task.sleep(nanoseconds: 50_000_000)
                if try await generator.isFinished() { break }
            }
            let status = try await generator.tick()
            if status.isFinished { break }
            if !load.output.isQuiet { view.show(status) }
        }
        view.clear()
    }

    private func report(_ record: GeneratorRecord, _ configuration: LoadConfiguration, _ limits: Limits) throws {
        let missing = UInt64(configuration.messageCount ?? 0)
        let cutShort = configuration.open == nil && record.offered < missing ? missing - record.offered : 0
        try load.output.write(record)
        if cutShort > 0, !load.output.isQuiet {
            writeError("traffic-gen: cut short: \(grouped(cutShort)) messages were never offered\n")
        }
        let broken = limits.broken(by: record)
        for line in broken { writeError("traffic-gen: \(line)\n") }
        if !broken.isEmpty { throw ExitCode(Threshold.exitCode) }
        // Limits say what is to be borne: refusals that they allow are no failure. A run that was cut short is.
        if cutShort > 0 || (limits.isEmpty && !record.isClean) { throw ExitCode(1) }
    }
}

extension OutputOptions {
    /// The result in the format that was asked for.
    func write(_ record: GeneratorRecord) throws {
        let text: String
        switch isQuiet ? .quiet : format {
        case .quiet: return
        case .text: text = Summary(record).text + "\n"
        case .csv: text = Summary(record).csv + "\n"
        case .json: text = try RecordFile.text(record)
        }
        guard let output else { return print(text, terminator: "") }
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: output), options: .atomic)
        } catch {
            throw RunFault("--output \(output): cannot be written")
        }
    }
}
