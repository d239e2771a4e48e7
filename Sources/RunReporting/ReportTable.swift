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
    private let comparison: ComparisonTable?
    private static let columnsThatFit = 3

    package init(_ runs: [RunRecord], layout: TableLayout = .figures) {
        groups = RunGroup.gather(runs)
        let compares =
            switch layout {
            case .figures: false
            case .comparison: true
            case .automatic: groups.count > Self.columnsThatFit
            }
        comparison = compares ? ComparisonTable(groups) : nil
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
                guard let spread = group.spreads.first(where: { $0.figure.key == key }) else { return "" }
                let median = fixed(spread.median, figure.digits)
                guard group.runs.count > 1 else { return median }
                return "\(median) (\(fixed(spread.minimum, figure.digits))–\(fixed(spread.maximum, figure.digits)))"
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
        for group in groups {
            let run = group.runs[0]
            let audit = group.runs.map(\.audit)
            lines.append("\(group.title): \(run.profile.question)")
            lines.append(
                "  \(grouped(run.profile.messages)) messages of \(grouped(run.generator.messageSizeBytes)) bytes over "
                    + "\(grouped(run.profile.connections)) connections; \(group.runs.count) run\(group.runs.count == 1 ? "" : "s")"
                    + (group.runs.count > 1 ? ", median (range)" : ""))
            lines.append(
                "  acknowledged \(grouped(audit.map(\.acknowledged).reduce(0, +))), lost \(audit.map(\.lost).reduce(0, +)), "
                    + "doubled \(audit.map(\.doubled).reduce(0, +)), changed \(audit.map(\.changed).reduce(0, +)) (by the ledgers)"
            )
            lines.append(
                "  measured on \(run.machine.cpu), \(run.machine.cores) cores shared by all programs, "
                    + "\(fixed(Double(run.machine.memoryBytes) / 1_073_741_824, 1)) GiB, Linux \(run.machine.kernel), loopback"
            )
            lines.append(
                "  spool \(run.spoolName), durability \(run.promise.rawValue) (\(run.promise.explanation)); "
                    + "\(run.machine.fileSystem), 4 KiB fdatasync p50 \(fixed(Double(run.machine.syncLatency.percentile(50)) / 1e6, 3)) ms; commit \(run.machine.commit)"
            )
            for price in run.profile.prices {
                lines.append(
                    "  \(price.name): USD \(price.usdPerHour) an hour, USD \(price.egressUSDPerGB) a GB out (\(price.source));"
                        + " CPM if that machine delivered at the rate measured here")
            }
        }
        return lines
    }

    // MARK: For programs

    private var csv: String {
        var lines = ["profile,system,runs,valid,key,unit,median,min,max,durability,promise"]
        for group in groups {
            let run = group.runs[0]
            let valid = group.runs.allSatisfy { $0.invalid.isEmpty }
            for spread in group.spreads {
                lines.append(
                    "\(run.profile.name),\(run.systemLabel),\(group.runs.count),\(valid),\(spread.figure.key),"
                        + "\(spread.figure.unit),\(number(spread.median)),\(number(spread.minimum)),\(number(spread.maximum)),"
                        + "\(run.promise.rawValue),\(run.promise.label)"
                )
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func number(_ value: Double) -> String { fixed(value, 9).trimmingTrailingZeros }

    private var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(groups.map(Row.init)), as: UTF8.self) + "\n"
        }
    }

    private struct Row: Encodable {
        struct Value: Encodable { var median, min, max: Double }
        var profile: String
        var system: String
        var variant: String?
        var spool: String
        var promise: String
        var acknowledged, lost, doubled, changed: UInt64
        var runs: Int
        var invalid: [String]
        var machine: String
        var cores: Int
        var commit: String
        var durability: String
        var figures: [String: Value]

        init(_ group: RunGroup) {
            let run = group.runs[0]
            profile = run.profile.name
            system = run.systemLabel
            variant = run.profile.variant
            spool = run.spoolName
            promise = run.promise.label
            let audits = group.runs.map(\.audit)
            acknowledged = audits.map(\.acknowledged).reduce(0, +)
            lost = audits.map(\.lost).reduce(0, +)
            doubled = audits.map(\.doubled).reduce(0, +)
            changed = audits.map(\.changed).reduce(0, +)
            runs = group.runs.count
            invalid = group.runs.flatMap(\.invalid)
            machine = run.machine.cpu
            cores = run.machine.cores
            commit = run.machine.commit
            durability = run.promise.rawValue
            figures = Dictionary(
                uniqueKeysWithValues: group.spreads.map {
                    ($0.figure.key, Value(median: $0.median, min: $0.minimum, max: $0.maximum))
                })
        }
    }
}

extension String {
    fileprivate var trimmingTrailingZeros: String {
        guard contains(".") else { return self }
        var text = self
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return text
    }
}
