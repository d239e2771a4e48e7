import ArgumentParser
import ProgramSupport
import RunRecords
import RunReporting

/// `bench-report trend`: one figure over the commits that it was measured at.
struct Trend: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trend",
        abstract: "Show a figure by commit, and whether the newest differs from the one before.",
        discussion: """
            Limits are those of 'table': on the newest commit's medians, or with 'drop' and 'rise' on the change from the \
            commit before, such as 'delivered_mmh drop < 5%'.
            Exit code 0: all limits hold; 99: one is broken; 2: usage.
            """)

    @Argument(help: "Result directories, their run.json, or directories of comparisons, of two commits or more.")
    var results: [String]
    @Option(help: "Which figure: a key of 'table --format csv', or p50, p99, cpu, rate, mmh.")
    var figure = "delivered_mmh"
    @Option(help: "text, markdown, csv or json.")
    var format = "text"
    @Option(
        name: .customLong("threshold"), help: "A limit that ends this with exit code 99 when it breaks, repeatable.")
    var thresholds: [String] = []
    @Option(name: .shortAndLong, help: "Also draw it: a name that ends with .svg or .png.")
    var output: String?
    @OptionGroup var reading: ReadingOptions

    func run() async throws {
        let format = try TableFormat(option: format)
        if let output { try OutputName.check(output) }
        let runs = try ResultFiles.read(results, reading)
        let limits = try ReportLimits(thresholds, for: runs)
        do {
            let trend = try TrendReport(runs, figure: figure)
            let findings = try limits.findings(trend, runs)
            print(try trend.render(format), terminator: "")
            if let output { try draw(trend, output) }
            try LimitOutcome.tell(findings)
        } catch let fault as RecordFault {
            throw UsageFault("--\(fault.description)")
        }
    }

    private func draw(_ trend: TrendReport, _ output: String) throws(RunFault) {
        do throws(RecordFault) { try TrendChart(trend).write(to: output) } catch {
            throw RunFault(error.description)
        }
    }
}
