import LoadGeneration
import Measures
import RunRecords

/// What a person reads of a run.
struct Summary {
    let record: GeneratorRecord
    init(_ record: GeneratorRecord) { self.record = record }

    static func liveLine(_ status: LoadStatus) -> String {
        let rate = Double(status.sample.messages)
        return "\(grouped(status.sample.messages)) msg/s  \(fixed(rate * 0.0036, 2)) MMH  "
            + "\(fixed(Double(status.sample.bytes) / 1e6, 1)) MB/s  \(grouped(status.accepted)) acknowledged  "
            + "\(grouped(status.notAccepted)) failed  \(grouped(status.connections)) connections  "
            + "p50 \(milliseconds(status.latencyP50))  p99 \(milliseconds(status.latencyP99))"
    }

    var text: String {
        var lines = record.warnings.map { "WARNING: \($0)" }
        lines.append(
            "offered \(grouped(record.offered)) = accepted \(grouped(record.accepted)) + refused \(grouped(record.refused))"
                + " + failed \(grouped(record.failed)) + in doubt \(grouped(record.inDoubt))")
        let rate = record.elapsedSeconds > 0 ? Double(record.accepted) / record.elapsedSeconds : 0
        lines.append(
            "\(fixed(record.elapsedSeconds, 3)) s: \(fixed(rate, 1)) msg/s, \(fixed(rate * 0.0036, 3)) MMH, "
                + "\(fixed(Double(record.acceptedBytes) / max(record.elapsedSeconds, 1e-9) / 1e6, 1)) MB/s "
                + "(\(record.messageSizeBytes) bytes a message, acknowledged)")
        lines.append("connect      " + percentiles(record.connectLatency))
        lines.append("ready        " + percentiles(record.readyLatency))
        lines.append("transaction  " + percentiles(record.transactionLatency))
        for reply in record.replies where reply.code / 100 != 2 {
            lines.append("\(reply.stage) \(reply.code): \(grouped(reply.count)) × \(reply.firstText)")
        }
        return lines.joined(separator: "\n")
    }

    private func percentiles(_ histogram: LatencyHistogram) -> String {
        let parts = [("p50", 50.0), ("p90", 90), ("p99", 99), ("p99.9", 99.9)]
            .map { "\($0.0) \(milliseconds(histogram.percentile($0.1)))" }
        return parts.joined(separator: "  ") + "  max \(milliseconds(histogram.max_ns))"
    }
}

func milliseconds(_ nanoseconds: UInt64) -> String { fixed(Double(nanoseconds) / 1e6, 2) + " ms" }

extension GeneratorRecord {
    /// Everything offered was acknowledged, and something was.
    var isClean: Bool { offered > 0 && accepted == offered && connectionsFailed == 0 }
}
