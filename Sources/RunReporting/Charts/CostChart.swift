import CGnuplot
import Measures
package import RunRecords

/// Throughput against cost: a point for each system and each price of its profile, with the rate's interval.
package struct CostChart {
    private let report: ComparisonReport
    private let groups: [RunGroup]

    /// - Parameter runs: at least one.
    package init(_ runs: [RunRecord]) throws(RecordFault) {
        groups = RunGroup.gather(runs)
        report = try ComparisonReport(Comparison(groups: groups), baseline: nil)
    }

    private struct Point {
        var price: RunProfile.Price
        var name: String
        /// Compute alone.
        var usdPerMillion: Double
        var mmh: ReportCell
    }

    /// - Parameter path: SVG or PNG by its suffix.
    /// - Throws: ``RecordFault`` with what gnuplot could not do, or that there is nothing to pay.
    package func write(to path: String) throws(RecordFault) {
        let points = points
        guard !points.isEmpty else {
            throw RecordFault(
                "no profile here has 'prices' and a valid rate: nothing to set against the throughput")
        }
        var error = [CChar](repeating: 0, count: 512)
        let memory = LentMemory()
        let series = series(points, memory)
        let status = withExtendedLifetime(memory) {
            var chart = mr_point_chart(
                title: memory.text(
                    "Delivered against its price, if the machine named delivered at the rate measured here"),
                x_label: memory.text("US dollars a million messages, compute"),
                y_label: memory.text("million messages an hour"), x_names: nil, x_name_count: 0,
                series: memory.copy(series), series_count: series.count)
            return mr_plot_points(path, &chart, &error, error.count)
        }
        guard status == 0 else { throw RecordFault(cText: error) }
    }

    private var points: [Point] {
        zip(groups, report.rows).flatMap { group, row -> [Point] in
            let cell = row[ReportColumns.delivered]
            guard let mmh = cell.value, mmh > 0 else { return [] }
            return group.runs[0].profile.prices.map {
                Point(price: $0, name: row.name, usdPerMillion: $0.usdPerHour / mmh, mmh: cell)
            }
        }
    }

    private func series(_ points: [Point], _ memory: LentMemory) -> [mr_point_series] {
        var prices: [RunProfile.Price] = []
        for point in points where !prices.contains(point.price) { prices.append(point.price) }
        return prices.map { price in
            let own = points.filter { $0.price == price }.map { point in
                let value = point.mmh.value ?? 0
                return mr_point(
                    x: point.usdPerMillion, y: value, low: point.mmh.interval?.low ?? value,
                    high: point.mmh.interval?.high ?? value, label: memory.text(point.name))
            }
            return mr_point_series(
                title: memory.text(
                    "\(price.name), USD \(significant(price.usdPerHour, 4)) an hour (\(price.source))"),
                is_joined: 0, points: memory.copy(own), count: own.count)
        }
    }
}
