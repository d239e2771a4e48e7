import ArgumentParser
import Foundation
import Measures
import ProgramSupport
import RunRecords
import RunReporting

@main
struct BenchReportMain {
    static func main() async { await runProgram(BenchReport.self) }
}

struct BenchReport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-report",
        abstract: "Runs a profile over the MTA and makes tables and plots of the results.",
        subcommands: [Run.self, Table.self, Plot.self])
}

/// `bench-report table`: what the results say, side by side.
struct Table: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "table", abstract: "Print the figures of results; repeats as median and range.")

    @Argument(help: "Result directories, or their run.json.")
    var results: [String]
    @Option(help: "text, markdown, csv or json.")
    var format = "text"

    func run() async throws {
        guard let format = TableFormat(rawValue: format) else {
            throw UsageFault("--format '\(format)': expected text, markdown, csv or json")
        }
        print(try ReportTable(try ResultFiles.read(results)).render(format), terminator: "")
    }
}

/// `bench-report plot`: throughput over time and the latency curve.
struct Plot: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plot", abstract: "Draw throughput over time and the latency curve (gnuplot).")

    @Argument(help: "Result directories, or their run.json.")
    var results: [String]
    @Option(name: .shortAndLong, help: "File to write: .svg or .png.")
    var output = "chart.svg"

    func run() async throws {
        guard output.hasSuffix(".svg") || output.hasSuffix(".png") else {
            throw UsageFault("--output '\(output)': expected a name that ends with .svg or .png")
        }
        do {
            try RunChart(try ResultFiles.read(results)).write(to: output)
        } catch let fault as RecordFault {
            throw RunFault(fault.description)
        }
        print(output)
    }
}

enum ResultFiles {
    static func read(_ paths: [String]) throws -> [RunRecord] {
        try paths.map { path in
            let file = path.hasSuffix(".json") ? path : path + "/run.json"
            do {
                let record = try RecordFile.read(RunRecord.self, from: file)
                guard record.schema == RunRecord.schema else {
                    throw RecordFault("\(file): schema '\(record.schema)', expected '\(RunRecord.schema)'")
                }
                return record
            } catch let fault as RecordFault {
                throw UsageFault(fault.description)
            }
        }
    }
}
