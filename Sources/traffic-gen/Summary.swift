import LoadGeneration
import Measures
import RunRecords

/// What a person reads of a run.
struct Summary {
    let record: GeneratorRecord
    init(_ record: GeneratorRecord) { self.record = record }

    var text: String {
        var lines = record.warnings.map { "WARNING: \($0)" }
        lines.append(
            "offered \(grouped(record.offered)) = accepted \(grouped(record.accepted)) + refused \(grouped(record.refused))"
                + " + failed \(grouped(record.failed)) + in doubt \(grouped(record.inDoubt))")
        lines += [closed, rate, warmUp, starts].compactMap { $0 }
        lines.append("connect      " + percentiles(record.connectLatency))
        lines.append("ready        " + percentiles(record.readyLatency))
        if let intended = record.intendedLatency {
            lines.append("intended     " + percentiles(intended))
            lines.append("waiting      " + percentiles(record.waitLatency ?? LatencyHistogram()))
        }
        lines.append("transaction  " + percentiles(record.transactionLatency))
        for stage in ["mail", "rcpt", "data", "final"] {
            guard let latency = record.stageLatency?[stage] else { continue }
            lines.append("  " + stage.padding(11) + percentiles(latency))
        }
        for reply in record.replies where record.replies.count > 4 || reply.code / 100 > 3 || reply.code == 0 {
            lines.append("\(reply.stage) \(reply.code): \(grouped(reply.count)) × \(reply.firstText)")
        }
        return lines.joined(separator: "\n")
    }

    private var closed: String? {
        guard let again = record.offeredAgain, again > 0 else { return nil }
        return
            "421 at MAIL  \(grouped(record.connectionsClosed ?? 0)) connections ended by the target, \(grouped(again)) "
            + "times a message was offered again"
    }

    private var rate: String {
        let measured = MeasuredPart(record)
        let perSecond = measured.perSecond ?? 0
        return "\(fixed(measured.seconds, 3)) s: \(fixed(perSecond, 1)) msg/s, \(fixed(perSecond * 0.0036, 3)) MMH, "
            + "\(fixed((measured.bytesPerSecond ?? 0) / 1e6, 1)) MB/s "
            + "(\(record.messageSizeBytes) bytes a message, acknowledged)"
    }

    private var warmUp: String? {
        record.warmUp.map {
            "left out     \(grouped($0.accepted)) of the first \(fixed($0.seconds, 1)) s: p50 "
                + "\(milliseconds($0.transactionLatency.percentile(50))), p99 "
                + milliseconds($0.transactionLatency.percentile(99))
        }
    }

    /// Of an open load: what was asked for, and what could not be made of it in time.
    private var starts: String? {
        guard let load = record.load, load.model == .open else { return nil }
        let asked = load.ratePerSecond.map { "\(fixed($0, 1)) msg/s" } ?? "\(load.stages.count) stages"
        return
            "asked for    \(asked), \(load.arrivals?.rawValue ?? ""): \(grouped(record.lateStarts ?? 0)) begun late, "
            + "\(grouped(record.droppedStarts ?? 0)) never"
    }

    private func percentiles(_ histogram: LatencyHistogram) -> String {
        let parts = [("p50", 50.0), ("p90", 90), ("p99", 99), ("p99.9", 99.9)]
            .map { "\($0.0) \(milliseconds(histogram.percentile($0.1)))" }
        return parts.joined(separator: "  ") + "  max \(milliseconds(histogram.max_ns))"
    }

    /// Two lines: names with their units, and one row of figures.
    var csv: String {
        let figures = LoadFigures(record).all
        let labels = (record.labels ?? [:]).sorted { $0.key < $1.key }
        let names = ["target"] + labels.map { "label_" + $0.key } + figures.map(\.key)
        let values =
            [record.target] + labels.map(\.value)
            + figures.map { figure in
                figure.value.map { fixed($0, $0 == $0.rounded() ? 0 : 6) } ?? ""
            }
        return names.map(csvField).joined(separator: ",") + "\n" + values.map(csvField).joined(separator: ",")
    }
}

func milliseconds(_ nanoseconds: UInt64) -> String { fixed(Double(nanoseconds) / 1e6, 2) + " ms" }

extension String {
    fileprivate func padding(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}

extension GeneratorRecord {
    /// Everything offered was acknowledged, and something was; nothing that was due was left out.
    var isClean: Bool {
        offered > 0 && accepted == offered && connectionsFailed == 0 && (droppedStarts ?? 0) == 0
    }
}
