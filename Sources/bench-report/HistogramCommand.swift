import ArgumentParser
import Foundation
import Measures
import ProgramSupport
import ResultStore
import RunRecords

/// `bench-report histogram`: a latency of results whole, each alone or the repeats of a system together.
struct Histograms: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "histogram",
        abstract: "Print a latency's whole distribution, of each result or of a system's repeats merged.",
        discussion: """
            'hgrm' is the percentile distribution that HdrHistogram's tools plot, in milliseconds; it is of one \
            histogram alone. Percentiles of merged repeats are of all their messages together, which no mean of the \
            repeats' percentiles is.
            """)

    @Argument(help: "Result directories, their run.json, or directories of a comparison.")
    var results: [String]
    @Option(help: "transaction, end-to-end, delivery, intended, wait, connect, ready, commit, sync, stage-final, …")
    var which = "transaction"
    @Flag(help: "The repeats of each system together.")
    var merged = false
    @Option(help: "text, hgrm, csv or json.")
    var format = "text"
    @OptionGroup var reading: ReadingOptions

    private struct Row: Encodable {
        var result: String
        var which: String
        var runs: Int
        var histogram: LatencyHistogram
    }

    func run() async throws {
        guard ["text", "hgrm", "csv", "json"].contains(format) else {
            throw UsageFault("--format '\(format)': expected text, hgrm, csv or json")
        }
        let rows = try rows(ResultFiles.read(results, reading))
        switch format {
        case "hgrm":
            guard rows.count == 1 else {
                throw UsageFault(
                    "--format hgrm: \(rows.count) histograms, expected one: name one result, or the repeats of one "
                        + "system with --merged")
            }
            print(try HistogramText.render(rows[0].histogram, .hgrm), terminator: "")
        case "csv": print(Self.csv(rows), terminator: "")
        case "json":
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(rows), as: UTF8.self))
        default: print(Self.text(rows), terminator: "")
        }
    }

    private func rows(_ records: [RunRecord]) throws -> [Row] {
        var rows: [Row] = []
        for record in records {
            guard let named = RecordHistograms.find(which, in: record) else {
                let known = RecordHistograms.all(record).map { $0.name.replacingOccurrences(of: "_", with: "-") }
                throw UsageFault("--which '\(which)': the result has \(known.joined(separator: ", "))")
            }
            let name = "\(record.profile.name) \(record.systemLabel)"
            if merged, let index = rows.firstIndex(where: { $0.result == name }) {
                rows[index].histogram.merge(named.histogram)
                rows[index].runs += 1
            } else {
                let place = merged || record.repeats == 1 ? "" : " run \(record.repeatIndex)"
                rows.append(Row(result: name + place, which: named.name, runs: 1, histogram: named.histogram))
            }
        }
        return rows
    }

    private static func text(_ rows: [Row]) -> String {
        let percentiles: [(String, Double)] = [
            ("p50", 50), ("p90", 90), ("p99", 99), ("p99.9", 99.9), ("p99.99", 99.99),
        ]
        var lines = [["result", "latency", "runs", "values", "min ms"] + percentiles.map { $0.0 + " ms" } + ["max ms"]]
        func milliseconds(_ value: UInt64) -> String { fixed(Double(value) / 1e6, 3) }
        for row in rows {
            let histogram = row.histogram
            lines.append(
                [row.result, row.which, "\(row.runs)", grouped(histogram.count), milliseconds(histogram.min_ns)]
                    + percentiles.map { milliseconds(histogram.percentile($0.1)) } + [milliseconds(histogram.max_ns)])
        }
        let widths = lines[0].indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { cells in
            zip(cells, widths).enumerated().map { index, cell in
                let space = String(repeating: " ", count: cell.1 - cell.0.count)
                return index < 2 ? cell.0 + space : space + cell.0
            }.joined(separator: "  ") + "\n"
        }.joined()
    }

    private static func csv(_ rows: [Row]) -> String {
        var text = "result,which,runs,value_ns,count,cumulative,percentile\n"
        for row in rows {
            let lines = HistogramText.csv(row.histogram).split(separator: "\n").dropFirst()
            for line in lines { text += "\(csvField(row.result)),\(row.which),\(row.runs),\(line)\n" }
        }
        return text
    }
}
