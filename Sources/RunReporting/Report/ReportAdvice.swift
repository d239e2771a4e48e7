import Measures
import Statistics

/// What to do so that repeats say more: how many of them, longer ones, a quieter machine.
enum ReportAdvice {
    /// Half an interval's width that is still narrow, as a share of the median, and what repeats are to bring it to.
    private static let wide = 0.1
    private static let wanted = 0.05
    /// Two runs say next to nothing of how much runs vary.
    private static let fewestToGuess = 3

    static func lines(_ rows: [ComparisonReport.Row], _ groups: [RunGroup]) -> [String] {
        zip(rows, groups).flatMap { row, group in
            [width(row, group), drift(row, group)].compactMap { $0 }
        }
    }

    /// Of the delivered rate.
    private static func width(_ row: ComparisonReport.Row, _ group: RunGroup) -> String? {
        let column = ReportColumns.delivered
        let cell = row[column]
        guard let value = cell.value, let interval = cell.interval, value > 0, cell.count >= fewestToGuess,
            let variation = Sample(group.values(column.key)).coefficientOfVariation,
            let half = interval.relativeHalfWidth(around: value), half > wide
        else { return nil }
        let percent = "±\(fixed(half * 100, 0)) %"
        let repeats = RepeatAdvice.repeats(variation: variation, share: wanted)
        let more =
            repeats.map { "about \($0) repeats would bring it to ±\(fixed(wanted * 100, 0)) %, " }
            ?? "more than \(RepeatAdvice.most) repeats would be needed for ±\(fixed(wanted * 100, 0)) %: "
        return "\(row.name): delivered is known to \(percent) only, runs vary by \(fixed(variation * 100, 0)) %: "
            + "\(more)longer runs vary less, and 'bench-report doctor' looks for what disturbs this machine"
    }

    /// Repeats are to be of the same: a disk that fills or a machine that grows warm makes them something else.
    private static func drift(_ row: ComparisonReport.Row, _ group: RunGroup) -> String? {
        let column = ReportColumns.delivered
        guard row[column].value != nil else { return nil }
        let inTime = zip(group.runs, group.values(column.key)).sorted {
            $0.0.startedUnixSeconds < $1.0.startedUnixSeconds
        }
        let values = inTime.map(\.1)
        let drift = Drift(values)
        guard drift.isShown() else { return nil }
        let share = drift.slope / Sample(values).median * 100
        return
            "\(row.name): delivered \(share < 0 ? "falls" : "rises") from run to run by \(fixed(share.magnitude, 1)) %"
            + " (p = \(Contrast.text(drift.p))): these are no repeats of the same; empty the spool's disk, rest longer between"
            + " runs, and look at 'bench-report doctor'"
    }
}
