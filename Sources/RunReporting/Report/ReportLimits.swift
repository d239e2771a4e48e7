package import Measures
package import RunRecords

/// Limits on the figures of results, for a build that is to fail when they break.
package struct ReportLimits: Sendable {
    /// What one limit came to for one system.
    package struct Finding: Sendable {
        package var system: String
        package var holds: Bool
        /// `p99 < 50ms: 63.2 ms`.
        package var text: String

        /// One line: `broken: mta-segment-fsync: p99 < 50ms: 63.2 ms`.
        package var line: String { "\(holds ? "holds" : "broken"): \(system): \(text)" }
    }

    private let thresholds: [Threshold]

    /// Messages over all runs, which have no median.
    private static let countNames = ["lost", "doubled", "changed", "failed", "acknowledged"]

    /// - Parameters:
    ///   - texts: as they were written.
    ///   - runs: those that they are meant for: only their figures are known.
    /// - Throws: ``UnitFault`` for the first that cannot be read.
    package init(_ texts: [String], for runs: [RunRecord]) throws(UnitFault) {
        let figures = Self.figures(RunGroup.gather(runs))
        thresholds = try texts.map { (text) throws(UnitFault) in try Threshold(parsing: text, figures: figures) }
    }

    /// Every figure of the runs, with short names for those that are asked for most.
    static func figures(_ groups: [RunGroup]) -> [LimitedFigure] {
        let reply = ReportColumns.replyKey(groups)
        var short = ["delivered_mmh": ["mmh"], "delivered_msg_per_s": ["rate"], ReportColumns.cpuKey(groups): ["cpu"]]
        for name in ["p50", "p90", "p99", "p999"] {
            short["\(reply)_ms_\(name)"] = [name]
            short["end_to_end_latency_ms_\(name)"] = ["end_to_end_\(name)"]
        }
        var found: [LimitedFigure] = []
        for figure in groups.flatMap(\.spreads).map(\.figure) where !found.contains(where: { $0.key == figure.key }) {
            found.append(LimitedFigure(figure.key, unit: figure.unit, names: short[figure.key] ?? []))
        }
        return found + countNames.map { LimitedFigure("\($0)_messages", unit: "msg", names: [$0]) }
    }

    /// Values are the medians of the repeats; a change is against the baseline's.
    package func findings(_ runs: [RunRecord], baseline: String? = nil) throws(RecordFault) -> [Finding] {
        let comparison = Comparison(groups: RunGroup.gather(runs))
        let report = try ComparisonReport(comparison, baseline: baseline)
        return thresholds.flatMap { threshold in
            zip(comparison.groups, report.rows).enumerated().compactMap { index, system in
                let isBaseline = index == report.baseline
                guard threshold.change == nil || !isBaseline || report.rows.count == 1 else { return nil }
                let before = isBaseline ? nil : comparison.groups[report.baseline].cell(threshold.figure.key)
                return Self.finding(threshold, system.1.name, system.0, before: before)
            }
        }
    }

    /// The newest commit of each system, and changes from the one before.
    package func findings(_ trend: TrendReport, _ runs: [RunRecord]) throws(RecordFault) -> [Finding] {
        var found: [Finding] = []
        for threshold in thresholds {
            guard !Self.countNames.contains(where: { threshold.figure.key == "\($0)_messages" }) else {
                found += newest(threshold, trend, runs)
                continue
            }
            let own = try TrendReport(runs, figure: threshold.figure.key)
            found += own.series.compactMap { series in
                guard let newest = series.points.last else { return nil }
                let before = series.points.count > 1 ? series.points[series.points.count - 2] : nil
                return Self.finding(
                    threshold, series.name, newest.cell, before: before?.cell, note: newest.note)
            }
        }
        return found
    }

    /// Counts of the newest commit's runs.
    private func newest(_ threshold: Threshold, _ trend: TrendReport, _ runs: [RunRecord]) -> [Finding] {
        trend.series.compactMap { series in
            let own = runs.filter {
                $0.profile.name == series.profile && $0.systemLabel == series.system
                    && $0.machine.commit == series.points.last?.commit
            }
            return own.isEmpty ? nil : Self.finding(threshold, series.name, RunGroup(own), before: nil)
        }
    }

    private static func finding(
        _ threshold: Threshold, _ name: String, _ group: RunGroup, before: ReportCell?
    ) -> Finding {
        let counts = ReportCounts(group.runs)
        let count: UInt64? =
            switch threshold.figure.key {
            case "lost_messages": counts.lost
            case "doubled_messages": counts.doubled
            case "changed_messages": counts.changed
            case "failed_messages": counts.failed
            case "acknowledged_messages": counts.acknowledged
            default: nil
            }
        guard let count else { return finding(threshold, name, group.cell(threshold.figure.key), before: before) }
        let value = threshold.change == nil ? Double(count) : nil
        return Finding(
            system: name, holds: threshold.holds(value),
            text: threshold.finding(value, reason: "counts have no change to limit"))
    }

    private static func finding(
        _ threshold: Threshold, _ name: String, _ cell: ReportCell, before: ReportCell?, note: String? = nil
    ) -> Finding {
        var (value, reason) = (cell.value, cell.withheld.map { "withheld: \($0)" } ?? "not measured")
        if threshold.change != nil, let later = cell.value {
            value = note == nil ? before?.value.flatMap { threshold.change(from: $0, to: later) } : nil
            reason = note ?? "nothing to compare it with"
        }
        return Finding(system: name, holds: threshold.holds(value), text: threshold.finding(value, reason: reason))
    }
}
