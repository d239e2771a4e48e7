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
        let interruption = Interruption()
        let termination = await TerminationSignals()
        let listening = termination.forEach { interruption.come($0) }
        defer { listening.cancel() }
        do {
            if case .find? = try load.pace.rateRequest() { return try await find(configuration, limits, interruption) }
            try await once(configuration, limits, interruption)
        } catch let fault as LoadFault {
            throw UsageFault(fault.description)
        }
    }

    private func once(
        _ configuration: LoadConfiguration, _ limits: Limits, _ interruption: Interruption
    ) async throws {
        let generator = try LoadGenerator(configuration)
        interruption.concerns(generator)
        try await generator.start()
        try await generator.follow(configuration, load.output)
        let record = try await generator.finish(isInterrupted: interruption.hasCome)
        let fault = await generator.ledgerFault
        try report(record, configuration, limits, isCutShort: interruption.hasCome || fault != nil)
    }

    private func find(
        _ configuration: LoadConfiguration, _ limits: Limits, _ interruption: Interruption
    ) async throws {
        let finder = RateFinder(
            configuration: configuration, options: load.pace, output: load.output, limits: limits,
            interruption: interruption)
        let (found, record) = try await finder.run()
        if let path = configuration.recordPath { try writeOutput(try RecordFile.text(record), to: path) }
        if load.output.format == .json {
            try load.output.write(text: try RecordFile.text(found))
        } else {
            let isText = load.output.format == .text
            try load.output.write(
                text: isText ? Summary(record).text + "\n" + found.text + "\n" : Summary(record).csv + "\n")
        }
        try judge(record, limits)
        if found.sustainedPerSecond == nil || interruption.hasCome { throw ExitCode(1) }
    }

    private func report(
        _ record: GeneratorRecord, _ configuration: LoadConfiguration, _ limits: Limits, isCutShort: Bool
    ) throws {
        let wanted = UInt64(configuration.messageCount ?? 0)
        // Starts that an open load had to drop are for its limits to judge, if it has any.
        let mayDrop = configuration.open != nil && !limits.isEmpty
        let isShort = isCutShort || record.offered == 0 || (record.offered < wanted && !mayDrop)
        try load.output.write(record)
        if record.offered < wanted, !load.output.isQuiet {
            writeError("traffic-gen: cut short: \(grouped(wanted - record.offered)) messages were never offered\n")
        }
        try judge(record, limits)
        // Limits say what is to be borne: refusals that they allow are no failure. A run that was cut short is.
        if isShort || (limits.isEmpty && !record.isClean) { throw ExitCode(1) }
    }

    private func judge(_ record: GeneratorRecord, _ limits: Limits) throws {
        let broken = limits.broken(by: record)
        for line in broken { writeError("traffic-gen: \(line)\n") }
        if !broken.isEmpty { throw ExitCode(Threshold.exitCode) }
    }
}

extension LoadGenerator {
    /// A look a second until the last connection has ended, or nobody waits for it any more.
    func follow(_ configuration: LoadConfiguration, _ output: OutputOptions) async throws {
        var view = LiveView(configuration, plainLines: output.progress)
        while true {
            for _ in 0..<20 {
                try await Task.sleep(nanoseconds: 50_000_000)
                if try await isFinished() { break }
            }
            let status = try await tick()
            if status.isFinished { break }
            if !output.isQuiet { view.show(status) }
        }
        view.clear()
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
        try write(text: text)
    }

    /// To `--output`, or to standard output.
    func write(text: String) throws {
        guard !isQuiet else { return }
        guard let output else { return print(text, terminator: "") }
        do throws(OutputFault) { try writeOutput(text, to: output) } catch { throw RunFault("--output \(error)") }
    }
}
