import CGnuplot
package import RunRecords

/// A figure by commit, in the order of time, with intervals; a line for each system.
package struct TrendChart {
    private let report: TrendReport

    package init(_ report: TrendReport) { self.report = report }

    /// - Parameter path: SVG or PNG by its suffix.
    /// - Throws: ``RecordFault`` with what gnuplot could not do.
    package func write(to path: String) throws(RecordFault) {
        var error = [CChar](repeating: 0, count: 512)
        let memory = LentMemory()
        let commits = commits
        let series = report.series.map { drawn($0, commits, memory) }
        let status = withExtendedLifetime(memory) {
            let names = commits.map { Optional(memory.text($0)) }
            var chart = mr_point_chart(
                title: memory.text("\(report.column.title) by commit: median and interval"), x_label: memory.text(""),
                y_label: memory.text("\(report.column.title), \(report.column.unit)"), x_names: memory.copy(names),
                x_name_count: names.count, series: memory.copy(series), series_count: series.count)
            return mr_plot_points(path, &chart, &error, error.count)
        }
        guard status == 0 else { throw RecordFault(cText: error) }
    }

    /// All that any system was measured at, in the order of time.
    private var commits: [String] {
        var found: [String] = []
        for point in report.series.flatMap(\.points).sorted(by: { $0.unixSeconds < $1.unixSeconds })
        where !found.contains(point.commit) { found.append(point.commit) }
        return found
    }

    private func drawn(_ series: TrendReport.Series, _ commits: [String], _ memory: LentMemory) -> mr_point_series {
        let points = series.points.compactMap { point -> mr_point? in
            guard let value = point.cell.value, let place = commits.firstIndex(of: point.commit) else { return nil }
            return mr_point(
                x: Double(place), y: value, low: point.cell.interval?.low ?? value,
                high: point.cell.interval?.high ?? value, label: memory.text(""))
        }
        return mr_point_series(
            title: memory.text(series.name), is_joined: 1, points: memory.copy(points), count: points.count)
    }
}
