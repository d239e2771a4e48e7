import ArgumentParser
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
        abstract: "Bursts messages over many connections at an SMTP host and measures what it acknowledges.",
        discussion: "Exit code 0: every message offered was acknowledged; 1: something was not; 2: usage.")

    @OptionGroup var load: LoadOptions
    @Flag(help: "No progress and no summary; the record has it all.")
    var quiet = false

    func run() async throws {
        ignoreBrokenPipes()
        let configuration = try load.configuration()
        let generator: LoadGenerator
        do {
            generator = try LoadGenerator(configuration)
        } catch let fault as LoadFault {
            throw UsageFault(fault.description)
        }
        let termination = await TerminationSignals()
        try await generator.start()
        let interruption = Task {
            await termination.first()
            generator.stop()
        }
        try await follow(generator)
        interruption.cancel()
        let record = try await generator.finish()
        if !quiet { print(Summary(record).text) }
        let wanted = UInt64(configuration.messageCount ?? 0)
        let isCutShort = record.offered < wanted
        if isCutShort, !quiet { print("cut short: \(grouped(wanted - record.offered)) messages were never offered") }
        if !record.isClean || isCutShort { throw ExitCode(1) }
    }

    /// One line a second until the last connection has ended.
    private func follow(_ generator: LoadGenerator) async throws {
        let progress = ProgressLine()
        while true {
            for _ in 0..<20 {
                try await Task.sleep(nanoseconds: 50_000_000)
                if try await generator.isFinished() { break }
            }
            let status = try await generator.tick()
            if status.isFinished { break }
            if !quiet { progress.show(Summary.liveLine(status)) }
        }
        progress.clear()
    }
}
