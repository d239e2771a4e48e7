import CGnuplot
import Measures
package import RunRecords

/// Throughput over time and the latency curve of one or more runs, drawn by gnuplot.
package struct RunChart {
    private struct Line {
        var title: String
        var points: [(x: Double, y: Double)]
    }
    private struct Panel {
        var title: String
        var xLabel: String
        var yLabel: String
        var isPercentile: Bool
        var lines: [Line]

        func lent(by memory: LentMemory) -> mr_panel {
            let series = lines.filter { !$0.points.isEmpty }.map { line in
                mr_series(
                    title: memory.text(line.title), x: memory.copy(line.points.map(\.x)),
                    y: memory.copy(line.points.map(\.y)), count: line.points.count)
            }
            return mr_panel(
                title: memory.text(title), x_label: memory.text(xLabel), y_label: memory.text(yLabel),
                is_percentile: isPercentile ? 1 : 0, series: memory.copy(series), series_count: series.count)
        }
    }

    /// Which of the diagrams.
    package enum Kind: Sendable { case time, percentiles }

    private let runs: [RunRecord]
    private let kinds: [Kind]

    package init(_ runs: [RunRecord], _ kinds: [Kind] = [.time, .percentiles]) {
        self.runs = runs
        self.kinds = kinds
    }

    /// - Parameter path: SVG or PNG by its suffix.
    /// - Throws: ``RecordFault`` with what gnuplot could not do.
    package func write(to path: String) throws(RecordFault) {
        var error = [CChar](repeating: 0, count: 512)
        let memory = LentMemory()
        let panels = kinds.map { ($0 == .time ? throughput : latency).lent(by: memory) }.filter { $0.series_count > 0 }
        let status = withExtendedLifetime(memory) { mr_plot(path, title, panels, panels.count, &error, error.count) }
        guard status == 0 else { throw RecordFault(cText: error) }
    }

    /// What all runs have in common; the key names the rest.
    private var title: String {
        let verdict = runs.contains { !$0.invalid.isEmpty } ? "INVALID: " : ""
        let loads = Set(runs.map(Self.load))
        let machines = Set(runs.map { "\($0.machine.cpu), \($0.machine.cores) cores" })
        return verdict + (loads.count == 1 ? loads.first! : "\(runs.count) runs of different loads") + ", "
            + (machines.count == 1 ? machines.first! : "on different machines")
    }

    private static func load(_ run: RunRecord) -> String {
        LoadText.of(run.profile, size: "\(ByteCount(bytes: run.profile.messageSizeBytes))")
            + ", \(run.spoolName) \(run.promise.rawValue)"
    }

    private func name(_ run: RunRecord, _ what: String) -> String {
        guard runs.count > 1 else { return what }
        return "\(run.profile.name) \(run.systemLabel)\(run.repeats > 1 ? " run \(run.repeatIndex)" : ""): \(what)"
    }

    private var throughput: Panel {
        var lines: [Line] = []
        for run in runs {
            let origin = run.generator.firstOfferedUnixSeconds
            lines.append(
                Line(
                    title: name(run, "accepted"),
                    points: Self.rates(run.generator.series, origin, run.generator.lastAcceptedUnixSeconds)))
            lines.append(
                Line(
                    title: name(run, "received by the sink"),
                    points: Self.rates(run.sink.series, origin, run.sink.lastReceivedUnixSeconds)))
        }
        return Panel(
            title: "Throughput", xLabel: "seconds since the first message", yLabel: "messages per second",
            isPercentile: false, lines: lines)
    }

    /// A sample covers the time since the one before, from the first message to the last: what lies outside is waiting,
    /// not slowness. Its rate is that of its middle.
    private static func rates(
        _ series: [IntervalSample], _ first: Double, _ last: Double
    ) -> [(x: Double, y: Double)] {
        var points: [(x: Double, y: Double)] = []
        for (before, sample) in zip([nil] + series.map(Optional.some), series) {
            let start = max(first, before?.unixSeconds ?? first)
            let length = min(sample.unixSeconds, last) - start
            guard length > 0.2 else { continue }
            points.append((start + length / 2 - first, Double(sample.messages) / length))
        }
        return points
    }

    private var latency: Panel {
        var lines: [Line] = []
        for run in runs {
            lines.append(
                Line(title: name(run, "transaction"), points: Self.percentiles(run.generator.transactionLatency)))
            if let intended = run.generator.intendedLatency, run.generator.load?.model == .open {
                lines.append(Line(title: name(run, "due to final reply"), points: Self.percentiles(intended)))
            }
            if let endToEnd = run.sink.endToEndLatency {
                lines.append(Line(title: name(run, "end to end"), points: Self.percentiles(endToEnd)))
            }
            guard let mta = run.mta else { continue }
            lines.append(
                Line(title: name(run, "accepted to delivered"), points: Self.percentiles(mta.deliveryLatency)))
        }
        return Panel(
            title: "Latency by percentile", xLabel: "percentile", yLabel: "milliseconds", isPercentile: true,
            lines: lines)
    }

    /// x is 1/(1-p), so that each nine has the same width.
    private static func percentiles(_ histogram: LatencyHistogram) -> [(x: Double, y: Double)] {
        let total = Double(histogram.count)
        guard total > 0 else { return [] }
        var points: [(x: Double, y: Double)] = []
        var below = 0.0
        for bucket in histogram.buckets {
            points.append((1 / (1 - below / total), Double(bucket.value) / 1e6))
            below += Double(bucket.count)
        }
        // The largest value stands for the last of them: one in `total`.
        points.append((total, Double(histogram.max_ns) / 1e6))
        return points
    }
}
