import ArgumentParser
import Foundation
import LoadGeneration
import Measures
import ProgramSupport

/// What is said of the run, and where.
struct OutputOptions: ParsableArguments {
    enum Format: String, CaseIterable, ExpressibleByArgument { case text, json, csv, quiet }

    @Option(help: "How the result is written: text, json (the whole record), csv (one row of figures), quiet.")
    var format = Format.text
    @Option(name: .shortAndLong, help: "Write the result here instead of to standard output.")
    var output: String?
    @Flag(help: "The same as --format quiet: the record has it all.")
    var quiet = false
    @Flag(help: "A line a second on standard error, also where it is no terminal.")
    var progress = false
    @Option(help: "Write the run record (JSON) here, too.")
    var record: String?
    @Option(help: "Note each message's fate and times here: ID,accepted|refused|failed|in_doubt,due,begun,ended.")
    var ledger: String?
    @Option(help: "Note this in the record, repeatable: key=value.")
    var label: [String] = []

    @Option(
        help: """
            A limit that fails the run with exit code 99, repeatable: 'p99 < 50ms', 'rate >= 5000/s', 'errors < 0.1%', \
            'lost == 0'. p50 to p99.9 and max are those of the latency from the intended start where there is a rate.
            """)
    var threshold: [String] = []

    var isQuiet: Bool { quiet || format == .quiet }

    func apply(to configuration: inout LoadConfiguration) throws {
        try checkPaths()
        configuration.recordPath = record
        configuration.ledgerPath = ledger
        for text in label {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw UsageFault("--label '\(text)': expected key=value, such as host=c7gd.metal")
            }
            guard configuration.labels.updateValue(parts[1], forKey: parts[0]) == nil else {
                throw UsageFault("--label '\(text)': '\(parts[0])' is there twice")
            }
        }
    }

    /// What cannot be written is said before anything is sent, not at the end of a long run.
    private func checkPaths() throws {
        let wanted = [("--output", output), ("--record", record), ("--ledger", ledger)]
        var taken: [String: String] = [:]
        for case (let flag, let path?) in wanted {
            do throws(OutputFault) { try checkOutput(path) } catch { throw UsageFault("\(flag) \(error)") }
            guard isRegularOutput(path) else { continue }
            let place = URL(fileURLWithPath: path).standardizedFileURL.path
            if let other = taken.updateValue(flag, forKey: place) {
                throw UsageFault("\(flag) \(path): \(other) has the same file")
            }
        }
    }
}
