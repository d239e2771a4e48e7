package import RunRecords
import Statistics

/// What repeated runs say of one or more systems, as values: text, Markdown, CSV, JSON and the HTML page are renderings
/// of it.
package struct ComparisonReport: Codable, Sendable {
    /// One system.
    package struct Row: Codable, Sendable {
        /// Tells it apart from the others of the report.
        package var name: String
        package var profile: String
        /// `mta-segment-fsync`.
        package var system: String
        package var commit: String
        package var promise: SpoolPromise
        /// What was seen of the promise: `1.00 syncs a message seen one at a time (strace); 0.03 in the run`.
        package var evidence: String
        /// Runs there are, and runs that were to be.
        package var runs: Int
        package var wanted: Int
        /// Over all runs.
        package var counts: ReportCounts
        /// By ``ReportColumn/key``.
        package var cells: [String: ReportCell]
        /// Against ``ComparisonReport/baseline``, by key; empty of the baseline itself.
        package var contrasts: [String: ReportContrast]
        package var limit: LimitSummary
        /// Why rates are withheld; nil of a valid result.
        package var withheld: String?

        package subscript(column: ReportColumn) -> ReportCell { cells[column.key] ?? .empty }
    }

    /// `NAME: QUESTION` of each profile.
    package var questions: [String]
    /// `120,000 messages of 10 KB over 100 connections`, each once.
    package var loads: [String]
    package var columns: [ReportColumn]
    package var rows: [Row]
    /// Index of the row with which the others are compared.
    package var baseline: Int
    /// Whether the systems took turns within each repeat.
    package var isInterleaved: Bool
    /// Lines without their `INVALID:` and `warning:`.
    package var invalid: [String]
    package var warnings: [String]
    /// What to do so that more can be said.
    package var advice: [String]
    /// What the figures were measured on, and what they mean.
    package var notes: [String]

    /// - Parameters:
    ///   - runs: at least one.
    ///   - baseline: the name of a row, or the system's label; nil: the first.
    /// - Throws: ``RecordFault`` if no row is called that.
    package init(_ runs: [RunRecord], baseline: String? = nil) throws(RecordFault) {
        let comparison = Comparison(groups: RunGroup.gather(runs))
        try self.init(comparison, baseline: baseline)
    }

    init(_ comparison: Comparison, baseline wanted: String?) throws(RecordFault) {
        let (groups, names) = (comparison.groups, comparison.names)
        guard !groups.isEmpty else { throw RecordFault("there is no run to report") }
        let baseline = try Self.index(of: wanted, names, groups)
        columns = ReportColumns.of(groups)
        self.baseline = baseline
        let reference = groups[baseline]
        rows = zip(groups, names).enumerated().map { [columns] index, group in
            Row(group.0, name: group.1, columns, against: index == baseline ? nil : reference)
        }
        questions = comparison.unique { "\($0.profile.name): \($0.profile.question)" }
        loads = comparison.loads
        isInterleaved = groups.contains { $0.runs.contains { $0.order != nil && $0.repeats > 1 } }
        invalid = groups.invalidLines
        let systems = zip(names, groups).map { (name: $0, group: $1) }
        warnings = groups.warningLines + ReportWarnings.unequal(systems) + ReportWarnings.lines(systems)
        advice = ReportAdvice.lines(rows, groups)
        notes = comparison.notes
    }

    private static func index(of name: String?, _ names: [String], _ groups: [RunGroup]) throws(RecordFault) -> Int {
        guard let name else { return 0 }
        if let index = names.firstIndex(of: name) ?? groups.firstIndex(where: { $0.runs[0].systemLabel == name }) {
            return index
        }
        throw RecordFault(
            "baseline '\(name)': no such system\(StrictMapping.suggestion(name, names)); there is \(names.joined(separator: ", "))"
        )
    }
}

/// Messages of all runs of a system together.
package struct ReportCounts: Codable, Hashable, Sendable {
    package var acknowledged: UInt64 = 0
    package var lost: UInt64 = 0
    package var doubled: UInt64 = 0
    package var changed: UInt64 = 0
    /// Refused, failed or in doubt at the generator.
    package var failed: UInt64 = 0

    init(_ runs: [RunRecord]) {
        for run in runs {
            acknowledged += run.audit.acknowledged
            lost += run.audit.lost
            doubled += run.audit.doubled
            changed += run.audit.changed
            failed += run.generator.refused + run.generator.failed + run.generator.inDoubt
        }
    }
}

extension ComparisonReport.Row {
    init(_ group: RunGroup, name: String, _ columns: [ReportColumn], against reference: RunGroup?) {
        let run = group.runs[0]
        self.name = name
        profile = run.profile.name
        system = run.systemLabel
        commit = run.machine.commit
        promise = run.promise
        evidence = EvidenceText.of(group.runs)
        runs = group.runs.count
        wanted = group.runs.map(\.repeats).max() ?? runs
        counts = ReportCounts(group.runs)
        cells = Dictionary(uniqueKeysWithValues: columns.map { ($0.key, group.cell($0.key)) })
        contrasts = [:]
        limit = LimitSummary(group.runs)
        withheld = group.withheld
        if withheld != nil { limit.verdict.reasons = [] }
        guard let reference else { return }
        for column in columns { contrasts[column.key] = group.contrast(column.key, with: reference) }
    }
}

extension RunGroup {
    /// Nil where one of the two lacks the figure, or is no valid result: a ratio to it would be none either.
    func contrast(_ key: String, with other: RunGroup) -> ReportContrast? {
        let (mine, others) = (values(key), other.values(key))
        guard !mine.isEmpty, !others.isEmpty, withheld == nil, other.withheld == nil else { return nil }
        let pairs = pairs(key, with: other)
        return ReportContrast(contrast: Contrast(mine, others, pairs: pairs), isPaired: pairs != nil)
    }

    /// Values of the same repeat of both, if the systems took turns and every repeat has both.
    private func pairs(_ key: String, with other: RunGroup) -> [(Double, Double)]? {
        guard runs.count == other.runs.count, runs[0].profileText == other.runs[0].profileText,
            (runs + other.runs).allSatisfy({ $0.order != nil })
        else { return nil }
        let found = zip(runs, values(key)).compactMap { run, value in
            zip(other.runs, other.values(key)).first { $0.0.repeatIndex == run.repeatIndex }.map { (value, $0.1) }
        }
        return found.count == runs.count ? found : nil
    }
}
