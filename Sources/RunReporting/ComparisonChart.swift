import CGnuplot
import Measures
package import RunRecords

/// Bars of the figures by which systems are compared, drawn by gnuplot: a line for each system, medians, with the range
/// of its repeats as whiskers. What is not durable is hatched and says so below its name.
package struct ComparisonChart {
    private let comparison: Comparison

    package init(_ runs: [RunRecord]) { comparison = Comparison(groups: RunGroup.gather(runs)) }

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
        let runs = comparison.groups.flatMap(\.runs)
        let loads = comparison.loads
        let machines = comparison.unique { "\($0.machine.cpu), \($0.machine.cores) cores" }
        let repeats = comparison.groups.map(\.runs.count).max() ?? 1
        return (runs.contains { !$0.invalid.isEmpty } ? "INVALID: " : "")
            + (loads.count == 1 ? loads[0] : "different loads") + ", "
            + (machines.count == 1 ? machines[0] : "on different machines")
            + (repeats > 1 ? ", median and range of \(repeats) runs" : "")
    }

    private func rows(_ memory: LentMemory) -> [mr_bar_row] {
        zip(comparison.groups, comparison.names).map { group, name in
            let promise = group.runs[0].promise
            let isValid = group.runs.allSatisfy { $0.invalid.isEmpty }
            return mr_bar_row(
                name: memory.text(name), note: memory.text((isValid ? "" : "INVALID, ") + promise.label),
                fill: promise.fill)
        }
    }

    private func panels(_ memory: LentMemory) -> [mr_bar_panel] {
        let figures = [
            ("Delivered", "million messages an hour", Comparison.rate),
            ("CPU of the mta", "µs a message", Comparison.cpu),
            (
                comparison.hasDeviceWrites ? "Written to the device" : "Written by the mta", "bytes a message",
                comparison.writes
            ),
            ("Final reply, p99", "ms from MAIL to the final reply", Comparison.reply),
        ]
        return figures.map { title, label, column in
            let bars = comparison.groups.map { group in
                guard let spread = group.spread(column.key) else {
                    return mr_bar(value: -1, low: -1, high: -1, text: memory.text(""))
                }
                return mr_bar(
                    value: spread.median, low: spread.minimum, high: spread.maximum,
                    text: memory.text(column.text(spread.median)))
            }
            return mr_bar_panel(title: memory.text(title), x_label: memory.text(label), bars: memory.copy(bars))
        }
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
