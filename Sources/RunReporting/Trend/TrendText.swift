import Foundation
import Measures
import RunRecords

/// A trend as text, Markdown, CSV or JSON.
extension TrendReport {
    package func render(_ format: TableFormat) throws -> String {
        switch format {
        case .text: text
        case .markdown: markdown
        case .csv: csv
        case .json:
            String(decoding: try Self.encoder.encode(self), as: UTF8.self) + "\n"
        }
    }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return encoder
    }

    private static let head = ["commit", "first run (UTC)", "runs", "median", "interval", "against the one before"]

    private func rows(_ series: Series) -> [[String]] {
        series.points.map { point in
            [
                point.commit, Self.time(point.unixSeconds), "\(point.cell.count)", column.text(point.cell),
                column.interval(point.cell), point.change?.text ?? point.note ?? "",
            ]
        }
    }

    private static func time(_ unixSeconds: Double) -> String {
        Date(timeIntervalSince1970: unixSeconds).formatted(.iso8601.dateTimeSeparator(.space)).replacing("Z", with: "")
    }

    private func title(_ series: Series) -> String { "\(series.name): \(column.title), \(column.unit)" }

    private var text: String {
        var lines: [String] = []
        for series in series {
            let rows = [Self.head] + rows(series)
            let widths = Self.head.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
            lines.append(title(series))
            for (index, row) in rows.enumerated() {
                lines.append(Self.line(row, widths))
                if index == 0 { lines.append(Self.line(widths.map { String(repeating: "-", count: $0) }, widths)) }
            }
            lines.append("")
        }
        return (lines + verdicts + ["", Self.note]).joined(separator: "\n") + "\n"
    }

    /// The last column is a sentence: nothing follows it.
    private static func line(_ cells: [String], _ widths: [Int]) -> String {
        let padded = zip(cells, widths).enumerated().map { index, cell in
            let space = String(repeating: " ", count: cell.1 - cell.0.count)
            return index == cells.count - 1 ? cell.0 : index < 2 ? cell.0 + space : space + cell.0
        }
        return String(padded.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
    }

    private var markdown: String {
        var lines: [String] = []
        for series in series {
            lines += [title(series), ""]
            let rows = [Self.head, ["---", "---", "---:", "---:", "---:", "---"]] + rows(series)
            lines += rows.map { "| " + $0.joined(separator: " | ") + " |" } + [""]
        }
        return (lines + verdicts.map { "- " + $0 } + ["", Self.note]).joined(separator: "\n") + "\n"
    }

    private static let note =
        "interval: 95 % of the median by order statistics, of fewer than 6 runs their range; "
        + "p: Mann–Whitney, two-sided"

    /// One line a system: the newest commit against the one before.
    package var verdicts: [String] { series.map { $0.verdict(column) } }

    private var csv: String {
        var lines = [
            "profile,system,commit,unix_s,key,unit,runs,median,low,high,method,ratio,ratio_low,ratio_high,p,difference,note"
        ]
        for series in series {
            for point in series.points {
                let (interval, contrast) = (point.cell.interval, point.change?.contrast)
                let first: [String] = [
                    series.profile, series.system, point.commit, fixed(point.unixSeconds, 3), column.key, column.unit,
                    "\(point.cell.count)",
                ]
                let second: [String] = [
                    number(point.cell.value), number(interval?.low), number(interval?.high),
                    interval?.method.rawValue ?? "", number(contrast?.ratio?.value),
                    number(contrast?.ratio?.interval.low), number(contrast?.ratio?.interval.high), number(contrast?.p),
                    contrast.map { $0.isShown ? "shown" : "not shown" } ?? "", point.note ?? "",
                ]
                lines.append((first + second).map(csvField).joined(separator: ","))
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func number(_ value: Double?) -> String { value.map { csvNumber($0) } ?? "" }
}
