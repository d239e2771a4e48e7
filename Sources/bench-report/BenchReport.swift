import ArgumentParser
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
        subcommands: [
            Run.self,
            Table.self,
            Plot.self,
            Histograms.self,
            Check.self,
            Doctor.self,
        ])
}

/// `bench-report table`: what the results say, side by side.
struct Table: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "table", abstract: "Print the figures of results; repeats as median and range.")

    @Argument(help: "Result directories, their run.json, or directories of a comparison.")
    var results: [String]
    @Flag(
        inversion: .prefixedNo,
        help:
            "A line for each system, with few figures. Default: with more than three systems; CSV and JSON: no difference."
    )
    var comparison: Bool?
    @Option(help: "text, markdown, csv or json.")
    var format = "text"
    @OptionGroup var reading: ReadingOptions

    func run() async throws {
        guard let format = TableFormat(rawValue: format) else {
            throw UsageFault("--format '\(format)': expected text, markdown, csv or json")
        }
        let layout: TableLayout = comparison.map { $0 ? .comparison : .figures } ?? .automatic
        print(try ReportTable(try ResultFiles.read(results, reading), layout: layout).render(format), terminator: "")
    }
}

/// `bench-report plot`: of one system throughput over time and the latency curve, of several the comparison.
struct Plot: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plot",
        abstract: "Draw throughput over time and the latency curve, or a comparison of systems (gnuplot).")

    @Argument(help: "Result directories, their run.json, or directories of a comparison.")
    var results: [String]
    @Flag(
        inversion: .prefixedNo,
        help: "Bars of throughput, CPU, bytes written and p99 of the final reply. Default: with more than one system.")
    var comparison: Bool?
    @Option(name: .shortAndLong, help: "File to write: .svg or .png.")
    var output = "chart.svg"
    @OptionGroup var reading: ReadingOptions

    func run() async throws {
        guard output.hasSuffix(".svg") || output.hasSuffix(".png") else {
            throw UsageFault("--output '\(output)': expected a name that ends with .svg or .png")
        }
        do {
            let runs = try ResultFiles.read(results, reading)
            if comparison ?? ComparisonChart.suits(runs) {
                try ComparisonChart(runs).write(to: output)
            } else {
                try RunChart(runs).write(to: output)
            }
        } catch let fault as RecordFault {
            throw RunFault(fault.description)
        }
        print(output)
    }
}
