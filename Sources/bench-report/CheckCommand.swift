import ArgumentParser
import Foundation
import Measures
import ProgramSupport
import ResultChecks

/// `bench-report check`: whether results are what they say.
struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check results: that files belong together, and that every figure follows from the counts.",
        discussion: """
            Digests, schema and ranges, the balance and the reasons against a result by the rules, seconds against \
            totals, histograms against counts, times against each other, the ledgers message by message, the profile, \
            the system's files, what no machine can do, and tables, comparisons and pages made again. \
            docs/RESULTS.md says what this proves, and what it cannot.
            Exit code 0: all passes; 1: a result is refused; 2: usage, or there is no result.
            """)

    @Argument(help: "Result directories, their run.json, directories of a comparison, or a directory of many.")
    var results: [String]
    @Option(help: "text, csv or json.")
    var format = "text"
    @Flag(help: "Only what fails, and what could not be checked.")
    var brief = false

    private enum Format: String { case text, csv, json }

    func run() async throws {
        guard let format = Format(rawValue: format) else {
            throw UsageFault("--format '\(format)': expected text, csv or json")
        }
        let line = ProgressLine()
        var findings: [CheckFinding] = []
        for path in results.flatMap(ResultFiles.results) {
            line.show("checking \(path)")
            let check = try ResultFiles.check(path)
            if check.records.isEmpty, check.findings.allSatisfy({ $0.check == "schema" }), !path.hasSuffix(".json"),
                !FileManager.default.fileExists(atPath: path + "/run.json")
            {
                throw UsageFault("\(path): \(check.failures.first?.detail ?? "no result")")
            }
            findings += check.findings
        }
        line.clear()
        let shown = brief ? findings.filter { $0.outcome != .pass } : findings
        switch format {
        case .text: print(Self.text(shown, all: findings), terminator: "")
        case .csv: print(Self.csv(shown), terminator: "")
        case .json: print(try Self.json(shown))
        }
        if findings.contains(where: { $0.outcome == .fail }) { throw ExitCode(1) }
    }

    private static func text(_ findings: [CheckFinding], all: [CheckFinding]) -> String {
        var lines: [String] = []
        var names: [String] = []
        for finding in all where !names.contains(finding.result) { names.append(finding.result) }
        for name in names {
            let own = all.filter { $0.result == name }
            let failed = Set(own.filter { $0.outcome == .fail }.map(\.check)).count
            let skipped = own.filter { $0.outcome == .skipped }.count
            let checks = Set(own.map(\.check)).count
            let verdict = failed == 0 ? "passes \(checks - skipped) checks" : "REFUSED by \(failed) of \(checks) checks"
            let rest = skipped > 0 ? ", \(skipped) could not be made" : ""
            lines.append("\(name): \(verdict)\(rest)\(invalid(name, all))")
            for finding in findings where finding.result == name {
                let outcome = finding.outcome == .fail ? "FAIL" : finding.outcome.rawValue
                lines.append("  " + padded(outcome, 8) + padded(finding.check, 16) + finding.detail)
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Who passes has not been edited; a result it need not be.
    private static func invalid(_ name: String, _ all: [CheckFinding]) -> String {
        if all.contains(where: { $0.result == name && $0.isOfInvalidRun }) {
            return "; INVALID: it says that it is no result"
        }
        let runs = all.count { $0.result.hasPrefix(name + "/") && $0.isOfInvalidRun }
        return runs > 0 ? "; INVALID: \(runs) of its runs say that they are no results" : ""
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    private static func csv(_ findings: [CheckFinding]) -> String {
        let lines = findings.map {
            [$0.result, $0.check, $0.outcome.rawValue, $0.detail].map(csvField).joined(separator: ",")
        }
        return (["result,check,outcome,detail"] + lines).joined(separator: "\n") + "\n"
    }

    private static func json(_ findings: [CheckFinding]) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(findings), as: UTF8.self)
    }
}
