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

    /// - Parameter runs: at least one, all of the same profile and system.
    package init(_ runs: [RunRecord]) {
        self.runs = runs
        let all = runs.map { RunFigures($0).figures }
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

    /// What one run of the group is called in a verdict.
    func label(_ run: RunRecord) -> String { runs.count > 1 ? "\(title), run \(run.repeatIndex)" : title }
}

extension [RunGroup] {
    /// What is wrong comes first: the lines above a table.
    var verdicts: [String] {
        var lines: [String] = []
        for group in self {
            for run in group.runs {
                for reason in run.invalid { lines.append("INVALID: \(group.label(run)): \(reason)") }
            }
        }
        for group in self {
            for run in group.runs {
                for warning in run.warnings { lines.append("warning: \(group.label(run)): \(warning)") }
            }
        }
        return lines.isEmpty ? [] : lines + [""]
    }
}
