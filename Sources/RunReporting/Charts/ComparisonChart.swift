import CGnuplot
import Measures
package import RunRecords

/// Bars of the figures by which systems are compared, drawn by gnuplot: a line for each system, medians, with their
/// intervals as whiskers (the range of few repeats). What is not durable is hatched and says so below its name.
package struct ComparisonChart {
    private let report: ComparisonReport
    private let comparison: Comparison

    /// - Parameter runs: at least one.
    package init(_ runs: [RunRecord]) throws(RecordFault) {
        comparison = Comparison(groups: RunGroup.gather(runs))
        report = try ComparisonReport(comparison, baseline: nil)
    }

    /// Whether runs are of several systems, so that bars say more than lines over each other.
    package static func suits(_ runs: [RunRecord]) -> Bool { RunGroup.gather(runs).count > 1 }

    /// - Parameter path: SVG or PNG by its suffix.
    /// - Throws: ``RecordFault`` with what gnuplot could not do.
    package func write(to path: String) throws(RecordFault) {
        var error = [CChar](repeating: 0, count: 512)
        let memory = LentMemory()
        let (rows, panels) = (rows(memory), panels(memory))
        let status = withExtendedLifetime(memory) {
            mr_plot_bars(path, title, rows, rows.count, panels, panels.count, &error, error.count)
        }
        guard status == 0 else { throw RecordFault(cText: error) }
    }

    /// What all systems have in common.
    private var title: String {
        let machines = comparison.unique { "\($0.machine.cpu), \($0.machine.cores) cores" }
        let repeats = report.rows.map(\.runs).max() ?? 1
        let isSure = report.rows.allSatisfy { $0.cells.values.allSatisfy { $0.interval?.isConfident ?? true } }
        return (report.invalid.isEmpty ? "" : "INVALID: ")
            + (report.loads.count == 1 ? report.loads[0] : "different loads") + ", "
            + (machines.count == 1 ? machines[0] : "on different machines")
            + (repeats > 1 ? ", median and \(isSure ? "95 % interval" : "range") of \(repeats) runs" : "")
    }

    private func rows(_ memory: LentMemory) -> [mr_bar_row] {
        report.rows.map { row in
            mr_bar_row(
                name: memory.text(row.name),
                note: memory.text((row.withheld == nil ? "" : "INVALID, ") + row.promise.label), fill: row.promise.fill)
        }
    }

    private func panels(_ memory: LentMemory) -> [mr_bar_panel] {
        figures.map { title, label, column in
            let bars = report.rows.map { row in
                let cell = row[column]
                guard let value = cell.value else {
                    return mr_bar(value: -1, low: -1, high: -1, text: memory.text(column.text(cell)))
                }
                return mr_bar(
                    value: value, low: cell.interval?.low ?? value, high: cell.interval?.high ?? value,
                    text: memory.text(column.text(cell)))
            }
            return mr_bar_panel(title: memory.text(title), x_label: memory.text(label), bars: memory.copy(bars))
        }
    }

    private var figures: [(title: String, label: String, column: ReportColumn)] {
        func column(_ matches: (String) -> Bool) -> ReportColumn? { report.columns.first { matches($0.key) } }
        let isWatched = column { $0.hasPrefix("system_cpu") } != nil
        let system = isWatched ? "the system" : "the mta"
        // Written to the device where it could be counted in every system's runs.
        let device = column { $0.hasPrefix("device_write") }.flatMap { column in
            report.rows.allSatisfy { $0[column].count > 0 } ? column : nil
        }
        return [
            ("Delivered", "million messages an hour", column { $0 == ReportColumns.delivered.key }),
            ("CPU of \(system)", "µs a message", column { $0.hasSuffix("cpu_us_per_message_total") }),
            (
                device == nil ? "Written by \(system)" : "Written to the device", "bytes a message",
                device ?? column { $0.hasSuffix("disk_write_bytes_per_message") }
            ),
            ("Final reply, p99", replyLabel, column { $0.hasSuffix("latency_ms_p99") }),
        ].compactMap { title, label, column in column.map { (title, label, $0) } }
    }

    private var replyLabel: String {
        ReportColumns.replyKey(comparison.groups) == "intended_latency"
            ? "ms from due to the final reply" : "ms from MAIL to the final reply"
    }
}

extension SpoolPromise {
    fileprivate var fill: mr_fill {
        switch self {
        case .fsync: mr_fill_dark
        case .os: mr_fill_light
        case .deferred: mr_fill_hatched
        case .none: mr_fill_grey_hatched
        }
    }
}

extension RecordFault {
    /// - Parameter text: ends with 0.
    init(cText text: [CChar]) {
        self.init(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
}
