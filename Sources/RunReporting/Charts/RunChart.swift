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
        if kinds == [.time], let reason = runs.lazy.compactMap(\.disqualification).first, valid.isEmpty {
            throw RecordFault(
                "\(path): there is nothing to draw: the throughput of what is no valid result is withheld: \(reason)")
        }
        let panels = kinds.map { ($0 == .time ? throughput : latency).lent(by: memory) }.filter { $0.series_count > 0 }
        let status = withExtendedLifetime(memory) { mr_plot(path, title, panels, panels.count, &error, error.count) }
        guard status == 0 else { throw RecordFault(cText: error) }
    }

    /// Rates of the others are withheld.
    private var valid: [RunRecord] { runs.filter { $0.disqualification == nil } }

    /// What all runs have in common; the key names the rest.
    private var title: String {
        let verdict = valid.count < runs.count ? "INVALID: " : ""
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
        for run in valid {
            let origin = run.generator.firstOfferedUnixSeconds
            lines.append(
                Line(
                    title: name(run, "accepted"),
                    points: RunSeries.rates(run.generator.series, origin, run.generator.lastAcceptedUnixSeconds)))
            lines.append(
                Line(
                    title: name(run, "received by the sink"),
                    points: RunSeries.rates(run.sink.series, origin, run.sink.lastReceivedUnixSeconds)))
        }
        return Panel(
            title: "Throughput", xLabel: "seconds since the first message", yLabel: "messages per second",
            isPercentile: false, lines: lines)
    }

    private var latency: Panel {
        var lines: [Line] = []
        for run in runs {
            lines.append(
                Line(title: name(run, "transaction"), points: RunSeries.percentiles(run.generator.transactionLatency)))
            if let intended = run.generator.intendedLatency, run.generator.load?.model == .open {
                lines.append(Line(title: name(run, "due to final reply"), points: RunSeries.percentiles(intended)))
            }
            if let endToEnd = run.endToEndLatency {
                lines.append(Line(title: name(run, "end to end"), points: RunSeries.percentiles(endToEnd)))
            }
            guard let own = run.ownDeliveryLatency else { continue }
            lines.append(Line(title: name(run, "accepted to delivered"), points: RunSeries.percentiles(own)))
        }
        return Panel(
            title: "Latency by percentile", xLabel: "percentile", yLabel: "milliseconds", isPercentile: true,
            lines: lines)
    }
}
