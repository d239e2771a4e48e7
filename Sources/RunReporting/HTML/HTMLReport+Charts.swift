import Measures
import RunRecords

extension HTMLReport {
    private static let seriesCount = 8
    private static let pointsOfACurve = 160

    private func style(_ index: Int) -> String { "s\(index % Self.seriesCount + 1)" }

    // MARK: Bars

    /// Of several systems: the figures by which one is chosen.
    var bars: [Markup] {
        guard report.rows.count > 1 else { return [] }
        let charts = comparedColumns.map { bars($0).markup(.third) }
        return [
            element(
                "p", [:],
                "Bars are medians, whiskers what stands in brackets in the tables. Filled bars are of systems whose "
                    + "acknowledged mail survives a power cut, pale ones survive a crash of the MTA alone, hatched "
                    + "ones are not durable."
            ),
            element("div", ["class": "charts"], charts),
        ]
    }

    private func bars(_ column: ReportColumn) -> Chart {
        let bars = report.rows.map { row in
            let cell = row[column]
            let text =
                cell.withheld != nil
                ? "withheld: not a valid result"
                : cell.value == nil
                    ? "not measured"
                    : [column.text(cell), column.interval(cell)].filter { !$0.isEmpty }.joined(separator: " ")
            return BarChart.Bar(
                name: row.name, promise: row.promise, value: cell.value,
                interval: cell.interval.map { ($0.low, $0.high) }, text: text)
        }
        let better = column.moreIsBetter.map { $0 ? "More is better." : "Less is better." } ?? ""
        let words = zip(report.rows, bars).map { "\($0.name): \($1.text)" }.joined(separator: "; ")
        return Chart(
            id: "bars-\(column.key.replacingOccurrences(of: "_", with: "-"))",
            title: "\(column.title.firstUpper), \(column.unit)", explanation: better,
            description: "Bars in \(column.unit). \(words).",
            table: [["System", "Median, \(column.unit)", "In brackets"]]
                + report.rows.map { [$0.name, column.text($0[column]), column.interval($0[column])] },
            draw: { BarChart(bars: bars).draw($0, $1) })
    }

    // MARK: Over time

    /// Of each valid system a chart: its repeat in the middle, and the others faintly behind it.
    var throughputCharts: [Markup] {
        let valid = zip(report.rows, groups).filter { $0.0.withheld == nil }
        let drawn = valid.map { row, group in (row: row, runs: Self.middleFirst(group).map(Curves.init)) }
        let all = drawn.flatMap(\.runs)
        guard let longest = all.map(\.seconds).max(), all.contains(where: { $0.received.count > 1 }) else { return [] }
        let highest = all.flatMap { $0.accepted + $0.received }.map(\.y).max() ?? 0
        let charts = drawn.enumerated().map { index, system in
            throughput(index, system.row.name, system.runs, longest, highest)
        }
        return [
            element(
                "p", [:],
                "Messages a second from the first message on: what the generator got acknowledged, and what had "
                    + "arrived at the "
                    + "sink. Where the first line is above the second, the queue grows. Of repeats the one in the "
                    + "middle by its rate is drawn strongly, the others faintly. All charts have the same axes."),
            Chart.legend(Self.keysOfThroughput(hasRepeats: all.count > drawn.count)), multiples(charts),
        ]
    }

    private static func keysOfThroughput(hasRepeats: Bool) -> [Chart.Key] {
        let keys = [
            Chart.Key(name: "acknowledged to the generator", style: "s2 dashed"),
            Chart.Key(name: "received by the sink", style: "s1 solid"),
        ]
        return hasRepeats ? keys + [Chart.Key(name: "the other repeats", style: "s1 solid faint")] : keys
    }

    /// Charts of the same kind beside each other.
    func multiples(_ charts: [Chart]) -> Markup {
        let size: Chart.Size = charts.count == 1 ? .whole : charts.count < 5 ? .half : .third
        let style = size == .whole ? "" : size == .half ? "pair" : "charts"
        return element("div", ["class": style], charts.map { $0.markup(size) })
    }

    /// What of a run is drawn over time.
    private struct Curves {
        var seconds: Double
        var accepted: [RunSeries.Point]
        var received: [RunSeries.Point]
        var marks: [CurveChart.Mark]

        init(_ run: RunRecord) {
            let (generator, sink) = (run.generator, run.sink)
            let first = generator.firstOfferedUnixSeconds
            seconds = max(generator.lastAcceptedUnixSeconds, sink.lastReceivedUnixSeconds) - first
            accepted = RunSeries.averaged(
                RunSeries.rates(generator.series, first, generator.lastAcceptedUnixSeconds), to: pointsOfACurve)
            received = RunSeries.averaged(
                RunSeries.rates(sink.series, first, sink.lastReceivedUnixSeconds), to: pointsOfACurve)
            marks = (run.phases ?? []).map { .init(x: $0.unixSeconds - first, text: $0.name) }
                .filter { $0.x >= 0 }
            if let warmUp = generator.warmUp { marks.insert(.init(x: warmUp.seconds, text: "warm-up ends"), at: 0) }
        }
    }

    private func throughput(
        _ index: Int, _ name: String, _ runs: [Curves], _ longest: Double, _ highest: Double
    ) -> Chart {
        var curves: [CurveChart.Curve] = []
        for run in runs.dropFirst() {
            curves.append(.init(style: "s2 solid faint", points: run.accepted))
            curves.append(.init(style: "s1 solid faint", points: run.received))
        }
        curves.append(.init(style: "s2 dashed", points: runs[0].accepted))
        curves.append(.init(style: "s1 solid", points: runs[0].received))
        let chart = CurveChart(
            curves: curves, xAxis: { .time(upTo: longest, count: $0) }, yAxis: .linear(upTo: highest),
            xLabel: "seconds since the first message", yLabel: "messages a second", marks: runs[0].marks)
        let mean = { (points: [RunSeries.Point]) in
            points.isEmpty ? "n/a" : significant(points.map(\.y).reduce(0, +) / Double(points.count), 3)
        }
        return Chart(
            id: "time-\(index)", title: name,
            explanation: "",
            description:
                "Lines over \(fixed(runs[0].seconds, 1)) seconds: acknowledged on average \(mean(runs[0].accepted)), "
                + "received \(mean(runs[0].received)) messages a second.",
            table: [["Second", "Acknowledged, msg/s", "Received, msg/s"]]
                + Self.table(runs[0].accepted, runs[0].received),
            draw: { chart.draw($0, $1) })
    }

    /// Points of two curves that lie at nearly the same times beside each other.
    private static func table(_ first: [RunSeries.Point], _ second: [RunSeries.Point]) -> [[String]] {
        (0..<min(60, max(first.count, second.count))).map { index in
            let (a, b) = (first.dropFirst(index).first, second.dropFirst(index).first)
            return [fixed(a?.x ?? b?.x ?? 0, 1), a.map { fixed($0.y, 0) } ?? "", b.map { fixed($0.y, 0) } ?? ""]
        }
    }

    /// The run in the middle by the time its last message came takes the lead, the others follow.
    static func middleFirst(_ group: RunGroup) -> [RunRecord] {
        func seconds(_ run: RunRecord) -> Double {
            run.sink.lastReceivedUnixSeconds - run.generator.firstOfferedUnixSeconds
        }
        var runs = group.runs.sorted { seconds($0) < seconds($1) }
        let middle = runs.remove(at: (runs.count - 1) / 2)
        return [middle] + runs
    }

    // MARK: Latency

    var latencyCharts: [Markup] {
        let isOpen = report.columns.contains { $0.key.hasPrefix("intended_latency") }
        let hasEndToEnd = report.columns.contains { $0.key.hasPrefix("end_to_end_latency") }
        let reply = latency(
            "latency-reply", "Final reply",
            isOpen
                ? "From when a message was due to its final reply: a slow system cannot hide behind a generator that "
                    + "waits."
                : "From MAIL written to the final reply, at the generator."
        ) { isOpen ? $0.generator.intendedLatency : $0.generator.transactionLatency }
        let delivery = latency(
            "latency-delivery", hasEndToEnd ? "End to end" : "Accepted to delivered",
            hasEndToEnd
                ? "From when a message was due to its last octet at the sink."
                : "From the MTA’s 250 to the next hop’s, by the MTA’s own account."
        ) { hasEndToEnd ? $0.endToEndLatency : $0.ownDeliveryLatency }
        let charts = [reply, delivery].compactMap { $0 }
        guard !charts.isEmpty else { return [] }
        return [
            element(
                "p", [:],
                "How long the slowest messages took: at 99, one in a hundred took longer than the curve says; each "
                    + "nine has the same width. All repeats of a system together. Both axes are logarithmic."),
            element(
                "div", ["class": charts.count > 1 ? "pair" : ""],
                charts.map { $0.markup(charts.count > 1 ? .half : .whole) }),
        ]
    }

    private func latency(
        _ id: String, _ title: String, _ explanation: String, _ histogram: (RunRecord) -> LatencyHistogram?
    ) -> Chart? {
        var lines: [(name: String, style: String, all: LatencyHistogram)] = []
        for (index, (row, group)) in zip(report.rows, groups).enumerated() {
            var all = LatencyHistogram()
            for run in group.runs { if let part = histogram(run) { all.merge(part) } }
            if all.count > 0 { lines.append((row.name, style(index), all)) }
        }
        guard !lines.isEmpty else { return nil }
        let curves = lines.map {
            CurveChart.Curve(
                style: $0.style, points: RunSeries.thinned(RunSeries.percentiles($0.all), to: Self.pointsOfACurve))
        }
        let chart = CurveChart(
            curves: curves,
            xAxis: { _ in .nines(count: Double(lines.map(\.all.count).max() ?? 1)) },
            yAxis: .logarithmic(
                from: (lines.map { $0.all.min_ns }.min().map { max(1e-3, Double($0) / 1e6) }) ?? 0.1,
                to: Double(lines.map { $0.all.max_ns }.max() ?? 1) / 1e6),
            xLabel: "percentile", yLabel: "milliseconds")
        let percentiles = [("p50", 50.0), ("p90", 90), ("p99", 99), ("p99.9", 99.9)]
        func value(_ all: LatencyHistogram, _ percentile: Double) -> String {
            fixed(Double(all.percentile(percentile)) / 1e6, 2)
        }
        return Chart(
            id: id, title: title, explanation: explanation,
            description: lines.map { line in
                "\(line.name): \(percentiles.map { "\($0.0) \(value(line.all, $0.1)) ms" }.joined(separator: ", "))"
            }.joined(separator: "; ") + ".",
            keys: lines.count > 1 ? lines.map { .init(name: $0.name, style: $0.style) } : [],
            table: [["System"] + percentiles.map { "\($0.0), ms" } + ["largest, ms", "messages"]]
                + lines.map { line in
                    [line.name] + percentiles.map { value(line.all, $0.1) }
                        + [fixed(Double(line.all.max_ns) / 1e6, 2), grouped(line.all.count)]
                },
            draw: { chart.draw($0, $1) })
    }
}
