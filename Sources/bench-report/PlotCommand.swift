import ArgumentParser
import ProgramSupport
import RunRecords
import RunReporting

/// `bench-report plot`: of one system throughput over time and the latency curve, of several the comparison.
struct Plot: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plot",
        abstract: "Draw results with gnuplot: bars by system, throughput over time, latency, CPU, or cost.")

    /// What is drawn.
    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case bars, time, percentiles, cpu, cost
    }

    @Argument(help: "Result directories, their run.json, or directories of a comparison.")
    var results: [String]
    @Flag(
        inversion: .prefixedNo,
        help: "The same as --kind bars; --no-comparison: time and percentiles. Default: bars with more than one system."
    )
    var comparison: Bool?
    @Option(
        help: """
            bars: medians by system with intervals; time: throughput over time; percentiles: latency by nines; cpu: user and \
            kernel time of generator, system and sink; cost: delivered against the price of a million messages.
            """)
    var kind: Kind?
    @Option(name: .shortAndLong, help: "File to write: .svg or .png.")
    var output = "chart.svg"
    @OptionGroup var reading: ReadingOptions

    func validate() throws {
        guard kind == nil || comparison == nil else {
            throw ValidationError("--kind and --comparison: expected one of them")
        }
    }

    func run() async throws {
        try OutputName.check(output)
        do {
            try draw(try ResultFiles.read(results, reading))
        } catch let fault as RecordFault {
            throw RunFault(fault.description)
        }
        print(output)
    }

    private func draw(_ runs: [RunRecord]) throws {
        switch kind {
        case .bars: try ComparisonChart(runs).write(to: output)
        case .time: try RunChart(runs, [.time]).write(to: output)
        case .percentiles: try RunChart(runs, [.percentiles]).write(to: output)
        case .cpu: try CPUChart(runs).write(to: output)
        case .cost: try CostChart(runs).write(to: output)
        case nil where comparison ?? ComparisonChart.suits(runs): try ComparisonChart(runs).write(to: output)
        case nil: try RunChart(runs).write(to: output)
        }
    }
}

/// The file that a chart goes to.
enum OutputName {
    /// - Throws: ``UsageFault`` if it has no suffix that gnuplot is asked for.
    static func check(_ output: String) throws(UsageFault) {
        guard output.hasSuffix(".svg") || output.hasSuffix(".png") else {
            throw UsageFault("--output '\(output)': expected a name that ends with .svg or .png")
        }
    }
}
