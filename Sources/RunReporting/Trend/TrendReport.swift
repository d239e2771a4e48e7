import Foundation
import Measures
package import RunRecords
import Statistics

/// One figure of each system over the commits that it was measured at, in the order of time.
package struct TrendReport: Codable, Sendable {
    /// All runs of one commit.
    package struct Point: Codable, Sendable {
        package var commit: String
        /// Begin of the first of its runs.
        package var unixSeconds: Double
        package var cell: ReportCell
        /// Against the commit before; nil of the first, and where the two cannot be compared.
        package var change: ReportContrast?
        /// Why there is none, or what else a reader has to know.
        package var note: String?
    }

    /// One system in one profile.
    package struct Series: Codable, Sendable {
        package var profile: String
        package var system: String
        package var points: [Point]
        package var name: String { "\(profile) \(system)" }
    }

    package var column: ReportColumn
    package var series: [Series]

    /// - Parameters:
    ///   - runs: at least one.
    ///   - figure: a key of ``RunFigures``, or one of ``ReportLimits``' short names.
    /// - Throws: ``RecordFault`` if no run has it, with the nearest name.
    package init(_ runs: [RunRecord], figure name: String) throws(RecordFault) {
        let groups = RunGroup.gather(runs)
        let known = ReportLimits.figures(groups)
        guard let limited = known.first(where: { $0.key == name || $0.names.contains(name) }),
            let figure = groups.lazy.compactMap({ $0.spread(limited.key)?.figure }).first
        else {
            let names = known.flatMap { $0.names + [$0.key] }
            throw RecordFault(
                "figure '\(name)': unknown\(StrictMapping.suggestion(name, names)); known: \(names.sorted().joined(separator: ", "))"
            )
        }
        column = ReportColumn(
            figure.key, figure.label, unit: figure.unit, digits: figure.digits, in: .throughput,
            moreIsBetter: figure.isRate && figure.unit != "USD")
        series = Self.series(runs, figure.key)
    }

    private static func series(_ runs: [RunRecord], _ key: String) -> [Series] {
        var found: [(name: String, runs: [RunRecord])] = []
        for run in runs {
            let name = "\(run.profile.name) \(run.systemLabel)"
            if let index = found.firstIndex(where: { $0.name == name }) {
                found[index].runs.append(run)
            } else {
                found.append((name, [run]))
            }
        }
        return found.map { _, runs in
            Series(profile: runs[0].profile.name, system: runs[0].systemLabel, points: points(runs, key))
        }
    }

    /// A commit whose profile was written otherwise in some of its runs has a point for each.
    private static func points(_ runs: [RunRecord], _ key: String) -> [Point] {
        let groups = RunGroup.gather(runs).map { (group: $0, start: $0.runs.map(\.startedUnixSeconds).min() ?? 0) }
            .sorted { $0.start < $1.start }
        var points: [Point] = []
        for (index, entry) in groups.enumerated() {
            var point = Point(
                commit: entry.group.runs[0].machine.commit, unixSeconds: entry.start, cell: entry.group.cell(key))
            if index > 0 {
                let before = groups[index - 1].group
                point.note = difference(entry.group, before) ?? entry.group.cell(key).withheld
                if point.note == nil { point.change = entry.group.contrast(key, with: before) }
            } else {
                point.note = entry.group.cell(key).withheld
            }
            points.append(point)
        }
        return points
    }

    /// Why two commits cannot be compared; nil if they can.
    private static func difference(_ group: RunGroup, _ before: RunGroup) -> String? {
        let (run, other) = (group.runs[0], before.runs[0])
        if run.profileText != other.profileText { return "the profile was changed" }
        if run.machine.cpu != other.machine.cpu || run.machine.cores != other.machine.cores {
            return "measured on another machine: \(run.machine.cpu), \(run.machine.cores) cores"
        }
        if run.machine.fileSystem != other.machine.fileSystem {
            return "measured on another file system: \(run.machine.fileSystem)"
        }
        return nil
    }
}

extension TrendReport.Series {
    /// What the newest commit is against the one before it, in a sentence.
    package func verdict(_ column: ReportColumn) -> String {
        guard points.count > 1 else { return "\(name): one commit only, nothing to compare it with" }
        let (newest, before) = (points[points.count - 1], points[points.count - 2])
        let head = "\(name): \(newest.commit) against \(before.commit): "
        guard let change = newest.change else { return head + "not comparable, \(newest.note ?? "a value is missing")" }
        guard change.contrast.isShown, let ratio = change.contrast.ratio else { return head + change.text }
        let isMore = ratio.value > 1
        let word = column.moreIsBetter.map { $0 == isMore ? "better" : "worse" } ?? (isMore ? "more" : "less")
        return head + "\(word), \(change.text)"
    }
}
