import Foundation
import Measures
package import RunRecords

/// How a table comes out.
package enum TableFormat: String, CaseIterable, Sendable { case text, markdown, csv, json }

/// How a table for people stands; for programs there is one form.
package enum TableLayout: Sendable {
    /// A column for each system, with every figure.
    case figures
    /// A line for each system, with the figures by which spools are chosen.
    case comparison
    /// Figures as long as the columns fit side by side.
    case automatic
}

/// The table of one or more groups of runs.
package struct ReportTable {
    private let groups: [RunGroup]
    private let report: ComparisonReport
    private let comparison: ReportText?
    private static let columnsThatFit = 3

    /// - Parameters:
    ///   - runs: at least one.
    ///   - baseline: the system with which the others are compared; nil: the first.
    /// - Throws: ``RecordFault`` if no system is called that.
    package init(_ runs: [RunRecord], layout: TableLayout = .figures, baseline: String? = nil) throws(RecordFault) {
        groups = RunGroup.gather(runs)
        report = try ComparisonReport(Comparison(groups: groups), baseline: baseline)
        let compares =
            switch layout {
            case .figures: false
            case .comparison: true
            case .automatic: groups.count > Self.columnsThatFit
            }
        comparison = compares ? ReportText(report) : nil
    }

    package func render(_ format: TableFormat) throws -> String {
        switch format {
        case .text: comparison?.text ?? text(markdown: false)
        case .markdown: comparison?.markdown ?? text(markdown: true)
        case .csv: csv
        case .json: try json
        }
    }

    // MARK: For people

    private func text(markdown: Bool) -> String {
        var out = groups.verdicts
        let header = ["figure", "unit"] + groups.map(\.title)
        let promises = ["mail answered 250", ""] + groups.map(\.runs[0].promise.label)
        let rows = [promises] + keys.map { key in row(key) }
        let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        out.append(line(header, widths, markdown))
        out.append(line(widths.map { String(repeating: "-", count: $0) }, widths, markdown))
        out += rows.map { line($0, widths, markdown) }
        out.append("")
        out += footnotes
        return out.joined(separator: "\n") + "\n"
    }

    private var keys: [String] {
        var found: [String] = []
        for group in groups {
            for spread in group.spreads where !found.contains(spread.figure.key) { found.append(spread.figure.key) }
        }
        return found
    }

    private func row(_ key: String) -> [String] {
        let figure = groups.lazy.compactMap { $0.spreads.first { $0.figure.key == key }?.figure }.first!
        return [figure.label, figure.unit]
            + groups.map { group in
                let cell = group.cell(key)
                guard cell.withheld == nil else { return ReportColumn.withheldText }
                guard let value = cell.value else { return "" }
                guard let low = cell.minimum, let high = cell.maximum, group.runs.count > 1 else {
                    return fixed(value, figure.digits)
                }
                return "\(fixed(value, figure.digits)) (\(fixed(low, figure.digits))–\(fixed(high, figure.digits)))"
            }
    }

    private func line(_ cells: [String], _ widths: [Int], _ markdown: Bool) -> String {
        let padded = zip(cells, widths).enumerated().map { index, cell in
            let space = String(repeating: " ", count: cell.1 - cell.0.count)
            return index < 2 ? cell.0 + space : space + cell.0
        }
        return markdown ? "| " + padded.joined(separator: " | ") + " |" : padded.joined(separator: "  ")
    }

    private var footnotes: [String] {
        var lines: [String] = []
        for (group, row) in zip(groups, report.rows) {
            let run = group.runs[0]
            let audit = group.runs.map(\.audit)
            lines.append("\(group.title): \(run.profile.question)")
            lines.append(
                "  \(LoadText.of(run.profile, size: "\(grouped(run.generator.messageSizeBytes)) bytes"));"
                    + " \(group.runs.count) run\(group.runs.count == 1 ? "" : "s")"
                    + (group.runs.count > 1 ? ", median (range)" : ""))
            let isMissing = group.runs.contains { $0.ledgers?.kept == false }
            let source = isMissing ? "ledgers that were not kept" : "the ledgers"
            lines.append(
                "  acknowledged \(grouped(audit.map(\.acknowledged).reduce(0, +))), lost \(audit.map(\.lost).reduce(0, +)), "
                    + "doubled \(audit.map(\.doubled).reduce(0, +)), changed \(audit.map(\.changed).reduce(0, +)) (by \(source))"
            )
            lines.append(
                "  measured on \(run.machine.cpu), \(run.machine.cores) cores shared by all programs, "
                    + "\(fixed(Double(run.machine.memoryBytes) / 1_073_741_824, 1)) GiB, Linux \(run.machine.kernel), loopback"
            )
            lines.append(
                "  spool \(run.spoolName), durability \(run.promise.rawValue) (\(run.promise.explanation)); "
                    + "\(run.machine.fileSystem), 4 KiB fdatasync p50 \(fixed(Double(run.machine.syncLatency.percentile(50)) / 1e6, 3)) ms; commit \(run.machine.commit)"
            )
            lines.append("  what limited it: \(row.limit.text)")
            for price in run.profile.prices {
                lines.append(
                    "  \(price.name): USD \(price.usdPerHour) an hour, USD \(price.egressUSDPerGB) a GB out (\(price.source));"
                        + " CPM if that machine delivered at the rate measured here")
            }
        }
        return lines
    }

    // MARK: For programs

    private var csv: String { ReportData(groups, report).csv }

    private var json: String { get throws { try ReportData(groups, report).json } }
}
