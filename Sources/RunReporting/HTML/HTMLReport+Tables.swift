import Foundation
import Measures
import RunRecords

extension HTMLReport {
    // MARK: At a glance

    /// A card for each system: what it came to, what its 250 means, and whether anything is missing.
    var cards: Markup {
        let best = ReportHeadline(report, groups).subject
        return element(
            "ul", ["class": "cards"],
            report.rows.enumerated().map { index, row in
                let isBest = report.rows.count > 1 && index == best
                return element(
                    "li", ["class": isBest ? "card best" : "card"],
                    [element("h3", [:], marked(row))] + rate(row) + [promise(row), account(row)]
                        + [
                            latency(row), against(index),
                            limited(row),
                        ])
            })
    }

    private func rate(_ row: ComparisonReport.Row) -> [Markup] {
        let (column, cell) = (ReportColumns.delivered, row[ReportColumns.delivered])
        guard cell.value != nil else {
            return [
                element("p", ["class": "figure"], "withheld"),
                element("p", ["class": "bad"], "No rate: \(row.withheld ?? "nothing was delivered")"),
            ]
        }
        let runs =
            row.runs < row.wanted ? "\(row.runs) of \(row.wanted) runs" : row.runs == 1 ? "one run" : "\(row.runs) runs"
        let second =
            report.columns.first { $0.key == "delivered_msg_per_s" }.map { "\($0.text(row[$0])) a second, " } ?? ""
        return [
            element(
                "p", ["class": "figure"], cell.value.map { figure(column, row, $0) } ?? "", " ",
                element("small", [:], "MMH \(column.interval(cell))")
            ),
            element("p", ["class": "muted"], "\(second)\(runs)"),
        ]
    }

    private func promise(_ row: ComparisonReport.Row) -> Markup {
        element("p", [:], element("strong", [:], "\(row.promise.label.firstUpper)"), ": \(row.evidence)")
    }

    private func account(_ row: ComparisonReport.Row) -> Markup {
        let counts = row.counts
        let missing = counts.lost + counts.doubled + counts.changed
        let text = "of \(grouped(counts.acknowledged)) acknowledged "
        return missing == 0
            ? element("p", ["class": "good"], "✓ \(text)none lost, doubled or changed")
            : element(
                "p", ["class": "bad"],
                "✗ \(text)\(grouped(counts.lost)) lost, \(grouped(counts.doubled)) doubled, "
                    + "\(grouped(counts.changed)) changed"
            )
    }

    private func limited(_ row: ComparisonReport.Row) -> Markup {
        let limit = row.limit.verdict.limit
        return element(
            "p", [:], limit == .unclear ? "What limited it is not clear" : "Limited by: \(limit.rawValue)")
    }

    private func latency(_ row: ComparisonReport.Row) -> Markup {
        let columns = report.columns.filter {
            $0.section == .reply && ($0.key.hasSuffix("p50") || $0.key.hasSuffix("p99"))
        }
        let texts = columns.compactMap { column in
            row[column].value == nil
                ? nil
                : "\(column.title.split(separator: " ").last ?? "") \(column.text(row[column]))\u{A0}\(column.unit)"
        }
        return texts.isEmpty ? "" : element("p", [:], "Final reply \(texts.joined(separator: ", "))")
    }

    private func against(_ index: Int) -> Markup {
        guard report.rows.count > 1 else { return "" }
        let base = report.rows[report.baseline].name
        guard index != report.baseline else { return element("p", [:], "The others are compared with this one") }
        guard let contrast = report.rows[index].contrasts[ReportColumns.delivered.key] else {
            return element("p", [:], "Not compared with \(base)")
        }
        return element("p", [:], "Against \(base): \(contrast.text)")
    }

    // MARK: Every figure

    /// A table for each kind of figure, a line for each system; of one system all figures below each other.
    var figureTables: [Markup] {
        guard report.rows.count > 1 else { return [singleTable] }
        return ReportColumn.Section.allCases.compactMap { section in
            let columns = report.columns.filter { $0.section == section }
            return columns.isEmpty ? nil : table(section, columns)
        } + [contrastTable]
    }

    private func table(_ section: ReportColumn.Section, _ columns: [ReportColumn]) -> Markup {
        let isFirst = section == .throughput
        let head =
            ["System"] + (isFirst ? ["Runs"] : []) + columns.map { "\($0.title.firstUpper), \($0.unit)" }
            + (isFirst ? ["Lost / doubled / changed, messages", "Failed, messages"] : [])
        let rows = report.rows.map { row in
            let counts = row.counts
            let faults = [counts.lost, counts.doubled, counts.changed].map { grouped($0) }.joined(separator: " / ")
            let runs = row.runs < row.wanted ? "\(row.runs) of \(row.wanted)" : "\(row.runs)"
            let before = isFirst ? [DataTable.Cell("\(runs)", value: Double(row.runs))] : []
            let after =
                isFirst
                ? [
                    DataTable.Cell("\(faults)", value: Double(counts.lost + counts.doubled + counts.changed)),
                    DataTable.Cell("\(grouped(counts.failed))", value: Double(counts.failed)),
                ] : []
            return [DataTable.Cell(marked(row) + element("small", [:], "\(row.promise.label)"))] + before
                + columns.map { cell($0, row) } + after
        }
        return DataTable(
            caption: section.title, head: head, rows: rows, isSortable: true, showsCaption: true
        ).markup
    }

    private func cell(_ column: ReportColumn, _ row: ComparisonReport.Row) -> DataTable.Cell {
        let cell = row[column]
        guard cell.withheld == nil else { return DataTable.Cell(element("span", ["class": "bad"], "withheld")) }
        guard let value = cell.value else { return DataTable.Cell(element("span", ["class": "muted"], "not measured")) }
        let interval = column.interval(cell)
        return DataTable.Cell(
            figure(column, row, value) + (interval.isEmpty ? "" : element("small", [:], "\(interval)")), value: value)
    }

    /// A figure that 'bench-report check' can hold against those that the page carries for programs.
    private func figure(_ column: ReportColumn, _ row: ComparisonReport.Row, _ value: Double) -> Markup {
        let text = column.text(value)
        guard report.rows.count(where: { $0.system == row.system }) == 1 else { return "\(text)" }
        return element(
            "span",
            [
                "data-figure": column.key, "data-system": row.system, "data-value": csvNumber(value), "data-text": text,
            ], "\(text)")
    }

    private var singleTable: Markup {
        let row = report.rows[0]
        let rows = report.columns.map { column in
            [
                DataTable.Cell("\(column.title.firstUpper)"), DataTable.Cell("\(column.unit)"), cell(column, row),
                DataTable.Cell("\(column.moreIsBetter.map { $0 ? "more" : "less" } ?? "it depends")"),
            ]
        }
        return DataTable(
            caption: "\(row.name), median of \(RunSum.repeats(row.runs))",
            head: ["Figure", "Unit", row.name, "Better is"], rows: rows, words: [1, 3], showsCaption: true
        ).markup
    }

    /// What is compared with the baseline: not all that there is.
    private var contrastTable: Markup {
        let base = report.rows[report.baseline]
        let columns = comparedColumns
        let rows = report.rows.enumerated().filter { $0.offset != report.baseline }.map { _, row in
            [DataTable.Cell(marked(row))]
                + columns.map { column in
                    DataTable.Cell(row.contrasts[column.key].map(contrast) ?? "\(ReportColumn.withheldText)")
                }
        }
        return DataTable(
            caption: "Against \(base.name)", head: ["System"] + columns.map { "\($0.title.firstUpper), \($0.unit)" },
            rows: rows, words: Set(1...max(1, columns.count)), showsCaption: true
        ).markup
    }

    /// The ratio, and below it whether that is a difference.
    private func contrast(_ found: ReportContrast) -> Markup {
        let verdict = found.contrast.verdict.replacingOccurrences(of: " = ", with: "\u{A0}=\u{A0}")
        guard let ratio = found.contrast.ratio else { return "\(verdict)" }
        return "\(ReportContrast.times(ratio))" + element("small", [:], "\(verdict)")
    }

    /// The figures by which a system is chosen: rate, CPU, bytes written, p99 of the reply.
    var comparedColumns: [ReportColumn] {
        func first(_ fits: (ReportColumn) -> Bool) -> ReportColumn? { report.columns.first(where: fits) }
        return [
            first { $0.key == ReportColumns.delivered.key }, first { $0.key.hasSuffix("cpu_us_per_message_total") },
            first { $0.key == "device_write_bytes_per_message" }
                ?? first { $0.key.hasSuffix("disk_write_bytes_per_message") },
            first { $0.section == .reply && $0.key.hasSuffix("p99") },
            first { $0.section == .delivery && $0.key.hasSuffix("p99") },
        ].compactMap { $0 }
    }
}

extension ReportColumn.Section {
    var title: String {
        switch self {
        case .throughput: "Throughput"
        case .reply: "Final reply: how long a client waits for its 250"
        case .delivery: "Delivery: until the next hop has the message"
        case .message: "What a message costs the system"
        }
    }
}

extension String {
    /// As the begin of a line; `mta` is no word that only its first letter would be large of.
    var firstUpper: String {
        hasPrefix("mta ") || hasPrefix("mta'") ? "MTA" + dropFirst(3) : prefix(1).uppercased() + dropFirst()
    }
}
