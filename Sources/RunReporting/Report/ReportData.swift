import Foundation
import Measures
import RunRecords
import Statistics

/// A report for programs: every figure of every system, with what is withheld left out.
struct ReportData {
    private let groups: [RunGroup]
    private let report: ComparisonReport

    /// - Parameter report: of the same groups, in the same order.
    init(_ groups: [RunGroup], _ report: ComparisonReport) {
        self.groups = groups
        self.report = report
    }

    // MARK: CSV

    /// New columns go to the end: programs may count on the others' places.
    private static let head =
        "profile,system,runs,valid,key,unit,median,min,max,durability,promise,low,high,confidence,method,withheld,"
        + "baseline,ratio,ratio_low,ratio_high,p,difference"

    var csv: String {
        var lines = [Self.head]
        for (index, group) in groups.enumerated() {
            let run = group.runs[0]
            let valid = group.runs.allSatisfy { $0.disqualification == nil }
            for spread in group.spreads {
                let cell = group.cell(spread.figure.key)
                let first: [String] = [
                    run.profile.name, run.systemLabel, String(group.runs.count), String(valid), spread.figure.key,
                    spread.figure.unit, number(cell.value), number(cell.minimum), number(cell.maximum),
                    run.promise.rawValue, run.promise.label,
                ]
                let interval = cell.interval
                let second: [String] = [
                    number(interval?.low), number(interval?.high), number(interval?.confidence),
                    interval?.method.rawValue ?? "", cell.withheld ?? "",
                ]
                let fields = first + second + contrast(index, spread.figure.key)
                lines.append(fields.map(csvField).joined(separator: ","))
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Against the baseline; empty fields of the baseline itself.
    private func contrast(_ index: Int, _ key: String) -> [String] {
        let none = [String](repeating: "", count: 6)
        guard index != report.baseline, let found = groups[index].contrast(key, with: groups[report.baseline]) else {
            return none
        }
        let ratio = found.contrast.ratio
        return [
            report.rows[report.baseline].name, number(ratio?.value), number(ratio?.interval.low),
            number(ratio?.interval.high), number(found.contrast.p), found.contrast.isShown ? "shown" : "not shown",
        ]
    }

    private func number(_ value: Double?) -> String { value.map { csvNumber($0) } ?? "" }

    // MARK: JSON

    var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            let rows = groups.indices.map { Row(groups[$0], report.rows[$0]) }
            return String(decoding: try encoder.encode(rows), as: UTF8.self) + "\n"
        }
    }

    private struct Row: Encodable {
        /// `null` where it is withheld.
        struct Value: Encodable {
            var cell: ReportCell
            enum CodingKeys: String, CodingKey { case median, min, max, interval, withheld }

            func encode(to encoder: any Encoder) throws {
                var box = encoder.container(keyedBy: CodingKeys.self)
                try box.encode(cell.value, forKey: .median)
                try box.encode(cell.minimum, forKey: .min)
                try box.encode(cell.maximum, forKey: .max)
                try box.encodeIfPresent(cell.interval, forKey: .interval)
                try box.encodeIfPresent(cell.withheld, forKey: .withheld)
            }
        }
        var profile, system: String
        var variant: String?
        var spool, promise: String
        var evidence: String
        var acknowledged, lost, doubled, changed, failed: UInt64
        var runs: Int
        var invalid: [String]
        var machine: String
        var cores: Int
        var commit, durability: String
        var figures: [String: Value]
        var contrasts: [String: ReportContrast]
        var limit: LimitSummary

        init(_ group: RunGroup, _ row: ComparisonReport.Row) {
            let run = group.runs[0]
            (profile, system, variant) = (run.profile.name, run.systemLabel, run.profile.variant)
            (spool, promise, evidence) = (run.spoolName, run.promise.label, row.evidence)
            let counts = row.counts
            (acknowledged, lost, doubled) = (counts.acknowledged, counts.lost, counts.doubled)
            (changed, failed) = (counts.changed, counts.failed)
            runs = group.runs.count
            invalid = group.runs.flatMap(\.invalid)
            (machine, cores) = (run.machine.cpu, run.machine.cores)
            (commit, durability) = (run.machine.commit, run.promise.rawValue)
            figures = Dictionary(
                uniqueKeysWithValues: group.spreads.map { ($0.figure.key, Value(cell: group.cell($0.figure.key))) })
            (contrasts, limit) = (row.contrasts, row.limit)
        }
    }
}

/// Up to nine decimals, none that are 0.
func csvNumber(_ value: Double) -> String {
    let text = fixed(value, 9)
    guard text.contains(".") else { return text }
    let bare = text.reversed().drop { $0 == "0" }
    return String((bare.first == "." ? bare.dropFirst() : bare).reversed())
}
