import ArgumentParser
import BenchHarness
import Foundation
import Measures
import ProgramSupport
import SpoolContract

@main
struct SpoolBenchMain {
    static func main() async { await runProgram(SpoolBench.self) }
}

enum OutputFormat: String, CaseIterable, ExpressibleByArgument { case text, csv, json }

struct SpoolBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spool-bench",
        abstract: "Puts and completes messages in every spool, beside the floors of the same disk in the same run.")

    @Option(help: "Where the spools are made, each in a directory of its own that is removed again.")
    var directory = "."
    @Option(help: "Sizes of the content, comma-separated. Default 1kb,10kb,100kb.")
    var sizes: String?
    @Option(help: "Messages that wait for their commit at any time, comma-separated. Default 1,16,256.")
    var waiters: String?
    @Option(help: "Comma-separated: \(Subject.all.map(\.name).joined(separator: ", ")). Default: all.")
    var backends: String?
    @Option(help: "fsync, os or both, comma-separated. Default both.")
    var durability: String?
    @Option(help: "Seconds measured of each spool in each round. Default 2.")
    var seconds: Double?
    @Option(help: "Rounds: each measures every spool once, in rotating order. Default 5.")
    var rounds: Int?
    @Flag(help: "1 and 100 KB, 16 and 256 waiters, fsync, two rounds of half a second.")
    var quick = false
    @Option(help: "RocksDB option by RocksDB's own name, repeatable: name=value.")
    var rocksdbOption: [String] = []
    @Option(help: "text, csv or json.")
    var format = OutputFormat.text

    func run() async throws {
        let plan = try plan()
        let folder = URL(fileURLWithPath: directory).standardizedFileURL.path
        let machine = try MachineProbe.facts(spoolDirectory: folder, repository: ".")
        let work = folder + "/spool-bench-\(getpid())"
        guard mkdir(work, 0o700) == 0 else {
            throw RunFault("cannot make \(work): \(String(cString: strerror(errno)))")
        }
        defer { try? FileManager.default.removeItem(atPath: work) }
        interruptible()
        let results = try Measurement(plan: plan, directory: work).run()
        let report = Report(machine: machine, plan: plan, rows: results)
        switch format {
        case .text: print(report.text)
        case .csv: print(report.csv)
        case .json: print(try report.json())
        }
    }

    private func plan() throws -> Plan {
        var plan = quick ? Plan.quick : Plan()
        plan.sizes = try list(sizes, else: plan.sizes) { try ByteCount(parsing: $0).bytes }
        plan.waiters = try list(waiters, else: plan.waiters) { Int($0) }
        plan.durabilities = try list(durability, else: plan.durabilities) { name in
            [Durability.fsync, .os].first { $0.rawValue == name }
        }
        plan.subjects = try list(backends, else: plan.subjects) { name in Subject.all.first { $0.name == name } }
        plan.seconds = seconds ?? plan.seconds
        plan.rounds = rounds ?? plan.rounds
        for option in rocksdbOption {
            let parts = option.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { throw UsageFault("--rocksdb-option '\(option)': expected name=value") }
            plan.rocksDBOptions[String(parts[0])] = String(parts[1])
        }
        guard plan.waiters.allSatisfy({ $0 > 0 }), plan.rounds > 0, plan.seconds > 0,
            plan.sizes.allSatisfy({ $0 > 0 && $0 <= 32 << 20 })
        else { throw UsageFault("waiters, rounds, seconds and sizes are above zero, a size at most 32 MiB") }
        return plan
    }

    private func list<Value>(_ text: String?, else standard: [Value], _ parse: (String) throws -> Value?) throws
        -> [Value]
    {
        guard let text else { return standard }
        return try text.split(separator: ",").map {
            guard let value = try parse(String($0)) else {
                throw UsageFault("'\($0)' is none of the choices: see --help")
            }
            return value
        }
    }
}
