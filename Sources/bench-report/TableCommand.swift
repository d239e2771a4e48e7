import ArgumentParser
import Measures
import ProgramSupport
import RunRecords
import RunReporting

/// `bench-report table`: what the results say, side by side.
struct Table: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "table", abstract: "Print the figures of results; repeats as median and interval.",
        discussion: """
            Limits are written as NAME [drop|rise] COMPARISON VALUE, such as 'p99 < 50ms', 'lost == 0' or, against the \
            baseline, 'delivered_mmh drop < 5%'; of repeats the median counts.
            Exit code 0: all limits hold; 99: one is broken; 2: usage.
            """)

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
    @Option(help: "The system with which the others are compared. Default: the first.")
    var baseline: String?
    @Option(
        name: .customLong("threshold"), help: "A limit that ends this with exit code 99 when it breaks, repeatable.")
    var thresholds: [String] = []
    @OptionGroup var reading: ReadingOptions

    func run() async throws {
        let format = try TableFormat(option: format)
        let layout: TableLayout = comparison.map { $0 ? .comparison : .figures } ?? .automatic
        let runs = try ResultFiles.read(results, reading)
        let limits = try ReportLimits(thresholds, for: runs)
        do {
            let table = try ReportTable(runs, layout: layout, baseline: baseline)
            let findings = try limits.findings(runs, baseline: baseline)
            print(try table.render(format), terminator: "")
            try LimitOutcome.tell(findings)
        } catch let fault as RecordFault {
            throw UsageFault("--\(fault.description)")
        }
    }
}

extension TableFormat {
    /// - Throws: ``UsageFault`` that lists the names there are.
    init(option text: String) throws(UsageFault) {
        guard let format = TableFormat(rawValue: text) else {
            throw UsageFault("--format '\(text)': expected text, markdown, csv or json")
        }
        self = format
    }
}

/// What becomes of limits once they are judged.
enum LimitOutcome {
    /// Each on standard error, so that a table in CSV or JSON stays one.
    /// - Throws: exit code 99 if one is broken.
    static func tell(_ findings: [ReportLimits.Finding]) throws(ExitCode) {
        for finding in findings { writeError("bench-report: \(finding.line)\n") }
        guard findings.allSatisfy(\.holds) else {
            flushStandardOutput()
            throw ExitCode(Threshold.exitCode)
        }
    }
}
