package import RunRecords

/// Runs of one profile on one system, and the median and range of each figure.
package struct RunGroup: Sendable {
    package struct Spread: Sendable {
        package var figure: RunFigures.Figure
        package var median: Double
        package var minimum: Double
        package var maximum: Double
    }

    package let runs: [RunRecord]
    package let spreads: [Spread]
    /// Why rates of these runs are no result: what the first bad one of them lacks; nil if all are valid.
    package let withheld: String?
    private let figures: [[RunFigures.Figure]]

    /// - Parameter runs: at least one, all of the same profile and system.
    package init(_ runs: [RunRecord]) {
        self.runs = runs
        let all = runs.map { RunFigures($0).figures }
        figures = all
        withheld = runs.lazy.compactMap(\.disqualification).first
        spreads = all[0].map { figure in
            let values = all.compactMap { $0.first { $0.key == figure.key }?.value }.sorted()
            let middle = values.count / 2
            let median = values.count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2
            return Spread(figure: figure, median: median, minimum: values[0], maximum: values[values.count - 1])
        }
    }

    package var title: String { "\(runs[0].profile.name) \(runs[0].systemLabel)" }

    /// Runs of the same profile (as written), system and commit belong together.
    package static func gather(_ runs: [RunRecord]) -> [RunGroup] {
        var groups: [(key: String, runs: [RunRecord])] = []
        for run in runs {
            let key = run.profile.name + run.systemLabel + run.profileText + run.machine.commit
            if let index = groups.firstIndex(where: { $0.key == key }) {
                groups[index].runs.append(run)
            } else {
                groups.append((key, [run]))
            }
        }
        return groups.map { RunGroup($0.runs) }
    }

    func spread(_ key: String) -> Spread? { spreads.first { $0.figure.key == key } }

    /// One a run, in the order of ``runs``; runs without the figure are left out.
    func values(_ key: String) -> [Double] { figures.compactMap { $0.first { $0.key == key }?.value } }

    /// With its interval; rates of what is no result are withheld.
    package func cell(_ key: String) -> ReportCell {
        let isRate = spread(key)?.figure.isRate ?? false
        return ReportCell(values: values(key), withheld: isRate ? withheld : nil)
    }

    /// What one run of the group is called in a verdict.
    func label(_ run: RunRecord) -> String { runs.count > 1 ? "\(title), run \(run.repeatIndex)" : title }
}

extension RunRecord {
    /// Why no rate may be told of this run; nil of a valid one. Mail that comes twice after a kill is no fault.
    var disqualification: String? {
        if let reason = invalid.first { return reason }
        if audit.lost > 0 { return "\(audit.lost) acknowledged messages were lost" }
        if audit.changed > 0 { return "\(audit.changed) messages were changed on the way" }
        let wasKilled = phases?.contains { $0.name == "killed" } ?? false
        return audit.doubled > 0 && !wasKilled ? "\(audit.doubled) messages arrived more than once" : nil
    }
}

extension [RunGroup] {
    /// What is wrong with single runs, without the word.
    var invalidLines: [String] { lines { $0.invalid.isEmpty ? [$0.disqualification].compactMap(\.self) : $0.invalid } }

    /// What single runs warn of, without the word.
    var warningLines: [String] { lines(\.warnings) }

    private func lines(_ texts: (RunRecord) -> [String]) -> [String] {
        flatMap { group in group.runs.flatMap { run in texts(run).map { "\(group.label(run)): \($0)" } } }
    }

    /// What is wrong comes first: the lines above a table.
    var verdicts: [String] {
        let systems = map { (name: $0.title, group: $0) }
        let own = ReportWarnings.unequal(systems) + ReportWarnings.lines(systems)
        let lines = invalidLines.map { "INVALID: \($0)" } + (warningLines + own).map { "warning: \($0)" }
        return lines.isEmpty ? [] : lines + [""]
    }
}
