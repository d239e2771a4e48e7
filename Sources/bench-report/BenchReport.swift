import ArgumentParser
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
        abstract: "Runs a profile over MTAs and makes tables and plots of the results.",
        subcommands: [
            Run.self,
            Compare.self,
            Systems.self,
            Measure.self,
            Table.self,
            Plot.self,
            Trend.self,
            HTML.self,
            Serve.self,
            Histograms.self,
            Check.self,
            Doctor.self,
            Cost.self,
            Project.self,
            Published.self,
        ])
}
