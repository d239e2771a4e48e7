import Measures
import RunRecords

/// A report as text or Markdown: what is wrong, a block of figures after the other with a line for each system, how they
/// stand to the first, what limited each, and what all of it means.
struct ReportText {
    private let report: ComparisonReport

    init(_ report: ComparisonReport) { self.report = report }

    /// Two lines for each system in a block: its medians, and their intervals below.
    var text: String {
        var lines = verdicts
        for block in blocks {
            lines += block.text
            lines.append("")
        }
        return (lines + contrastLines + limitLines + adviceLines + footnotes).joined(separator: "\n") + "\n"
    }

    var markdown: String {
        var lines = verdicts
        for block in blocks { lines += block.markdown + [""] }
        let below = contrastLines + limitLines + adviceLines + footnotes
        return (lines + below.map { $0.hasPrefix("  ") ? "-" + $0.dropFirst() : $0.isEmpty ? "" : $0 + "\n" })
            .joined(separator: "\n") + "\n"
    }

    private var verdicts: [String] {
        let lines = report.invalid.map { "INVALID: \($0)" } + report.warnings.map { "warning: \($0)" }
        return lines.isEmpty ? [] : lines + [""]
    }

    // MARK: Figures

    private var blocks: [TextBlock] {
        ReportColumn.Section.allCases.compactMap { section in
            let columns = report.columns.filter { $0.section == section }
            guard !columns.isEmpty else { return nil }
            return section == .throughput ? first(columns) : block(columns)
        }
    }

    private func block(_ columns: [ReportColumn]) -> TextBlock {
        var block = TextBlock(head: ["system"] + columns.map(\.title), units: [""] + columns.map(\.unit))
        for row in report.rows {
            block.add(
                [row.markedName] + columns.map { $0.text(row[$0]) }, below: [""] + columns.map { $0.interval(row[$0]) })
        }
        return block
    }

    /// The first block also says what a 250 means, and that no message is missing.
    private func first(_ columns: [ReportColumn]) -> TextBlock {
        var block = TextBlock(
            head: ["system", "runs"] + columns.map(\.title) + ["lost/doubled", "failed"],
            units: ["  mail answered 250", ""] + columns.map(\.unit) + ["/changed", "msg"])
        for row in report.rows {
            let counts = row.counts
            let faults = [counts.lost, counts.doubled, counts.changed].map { grouped($0) }.joined(separator: "/")
            let runs = row.runs < row.wanted ? "\(row.runs) of \(row.wanted)" : "\(row.runs)"
            // The other rates are the same in other units, and so are their intervals.
            let intervals = columns.map { $0.unit == "MMH" ? $0.interval(row[$0]) : "" }
            block.add(
                [row.markedName, runs] + columns.map { $0.text(row[$0]) } + [faults, grouped(counts.failed)],
                below: ["  " + row.promise.label, ""] + intervals + ["", ""])
        }
        return block
    }

    // MARK: Lines

    /// What is compared with the baseline: not all that there is.
    private var comparedKeys: [String] {
        let keys = report.columns.map(\.key)
        let cpu = keys.first { $0.hasSuffix("cpu_us_per_message_total") }
        let reply = report.columns.first { $0.section == .reply && $0.key.hasSuffix("p99") }?.key
        return [ReportColumns.delivered.key, reply, cpu, "device_write_bytes_per_message"].compactMap { $0 }
            .filter { keys.contains($0) }
    }

    private var contrastLines: [String] {
        guard report.rows.count > 1 else { return [] }
        var lines = ["against \(report.rows[report.baseline].name):"]
        let columns = comparedKeys.compactMap { key in report.columns.first { $0.key == key } }
        for (index, row) in report.rows.enumerated() where index != report.baseline {
            lines +=
                tooFew(row, columns).map { [$0] }
                ?? columns.map { column in
                    let what = row.contrasts[column.key]?.text ?? ReportColumn.withheldText
                    return "  \(row.name), \(column.title): \(what)"
                }
        }
        return lines + [""]
    }

    /// One line for all figures where no difference could be shown in any; nil where one could.
    private func tooFew(_ row: ComparisonReport.Row, _ columns: [ReportColumn]) -> String? {
        let found = columns.compactMap { column in row.contrasts[column.key].map { (column.title, $0.contrast) } }
        guard let first = found.first?.1, found.allSatisfy({ !$0.1.couldShow }) else { return nil }
        let ratios = found.compactMap { title, contrast in
            contrast.ratio.map { "\(title) \(ReportContrast.times($0, saysRange: false))" }
        }
        return "  \(row.name): \(first.verdict); ranges only: \(ratios.joined(separator: ", "))"
    }

    private var limitLines: [String] {
        ["what limited it:"] + report.rows.map { "  \($0.name): \($0.limit.text)" } + [""]
    }

    private var adviceLines: [String] {
        report.advice.isEmpty ? [] : ["to know more:"] + report.advice.map { "  " + $0 } + [""]
    }

    private var footnotes: [String] {
        var lines = report.questions
        lines += report.loads.map { "  " + $0 }
        lines += intervals.map { "  " + $0 }
        lines += report.rows.map { "  \($0.name): \($0.promise.rawValue), \($0.evidence)" }
        return lines + report.notes.map { "  " + $0 }
    }

    /// What stands in brackets.
    private var intervals: [String] {
        let methods = Set(report.rows.flatMap(\.cells.values).compactMap(\.interval))
        guard let least = methods.map(\.confidence).min() else { return [] }
        let ranges = methods.filter { !$0.isConfident }
        var lines: [String] = []
        if ranges.count < methods.count {
            lines.append("median (its 95 % interval, by order statistics)")
        }
        if !ranges.isEmpty {
            lines.append(
                "median (range; of so few runs it holds the true median with \(fixed(least * 100, 0)) % only)")
        }
        if report.rows.count > 1 {
            lines.append(
                "×: ratio of the medians (95 % interval); p: Mann–Whitney, two-sided; a difference is shown where p is at most"
                    + " 0.05 and the interval does not hold 1" + (report.isInterleaved ? "; repeats in pairs" : ""))
        }
        return lines
    }
}

extension ComparisonReport.Row {
    fileprivate var markedName: String { withheld == nil ? name : "INVALID " + name }
}

/// Lines and columns: two lines a row, the second below the first.
private struct TextBlock {
    let head: [String]
    let units: [String]
    private var rows: [(first: [String], second: [String])] = []

    init(head: [String], units: [String]) { (self.head, self.units) = (head, units) }

    mutating func add(_ first: [String], below second: [String]) { rows.append((first, second)) }

    var text: [String] {
        let cells =
            [head, units]
            + rows.flatMap { row in row.second.allSatisfy(\.isEmpty) ? [row.first] : [row.first, row.second] }
        let widths = head.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
        let rule = widths.map { String(repeating: "-", count: $0) }
        return (Array(cells[..<2]) + [rule] + cells[2...]).map { line in
            let padded = zip(line, widths).enumerated().map { index, cell in
                let space = String(repeating: " ", count: cell.1 - cell.0.count)
                return index < 1 ? cell.0 + space : space + cell.0
            }
            return String(padded.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
        }
    }

    var markdown: [String] {
        let titles = zip(head, units).map { title, unit in
            let unit = unit.trimmingPrefix { $0 == " " }
            return unit.isEmpty ? title : unit.hasPrefix("/") ? title + unit : "\(title), \(unit)"
        }
        let rule = head.indices.map { $0 < 1 ? "---" : "---:" }
        let lines = rows.map { row in
            zip(row.first, row.second).map { first, second in
                let second = second.trimmingPrefix { $0 == " " }
                return second.isEmpty ? first : second.hasPrefix("(") ? "\(first) \(second)" : "\(first), \(second)"
            }
        }
        return ([titles, rule] + lines).map { "| " + $0.joined(separator: " | ") + " |" }
    }
}
