import ArgumentParser
import Foundation
import Measures
import ProgramSupport
import RunRecords

@main
struct BenchReportMain {
    static func main() async { await runProgram(BenchReport.self) }
}

struct BenchReport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-report",
        abstract: "Runs a profile over the MTA and makes tables and plots of the results.",
        subcommands: [Run.self, Table.self, Plot.self, Trend.self])
}

enum ResultFiles {
    /// The records of results, and those in the directory of a comparison, oldest first.
    static func read(_ paths: [String]) throws -> [RunRecord] {
        try paths.flatMap { path in
            try files(path).map(record).sorted { $0.startedUnixSeconds < $1.startedUnixSeconds }
        }
    }

    private static func record(_ file: String) throws -> RunRecord {
        do {
            let record = try RecordFile.read(RunRecord.self, from: file)
            guard RunRecord.readableSchemas.contains(record.schema) else {
                throw RecordFault(
                    "\(file): schema '\(record.schema)', expected \(RunRecord.readableSchemas.joined(separator: " or "))"
                )
            }
            return record
        } catch let fault as RecordFault {
            throw UsageFault(fault.description)
        }
    }

    private static func files(_ path: String) -> [String] {
        guard !path.hasSuffix(".json") else { return [path] }
        let own = path + "/run.json"
        guard !FileManager.default.fileExists(atPath: own) else { return [own] }
        let inner = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [])
            .map { "\(path)/\($0)/run.json" }.filter { FileManager.default.fileExists(atPath: $0) }
        return inner.isEmpty ? [own] : inner
    }
}
