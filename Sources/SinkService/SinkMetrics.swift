import Measures
import RunRecords

/// A sink's counts as Prometheus reads them.
enum SinkMetrics {
    static let received = MetricFamily("sink_messages_received_total", .counter, "Messages answered 250.")
    static let bytes = MetricFamily("sink_received_bytes_total", .counter, "Octets of their content.")
    static let begun = MetricFamily(
        "sink_messages_begun_total", .counter, "Messages whose content began: received, refused, or still coming.")
    static let refused = MetricFamily(
        "sink_messages_refused_total", .counter, "Messages whose content came, whole or in part, and was not taken.")
    static let connections = MetricFamily("sink_connections_total", .counter, "Connections accepted.")
    static let replies = MetricFamily(
        "sink_replies_total", .counter, "Replies by stage and code; code 0: the connection ended without one.",
        labels: ["stage", "code"])
    static let rules = MetricFamily(
        "sink_rule_applied_total", .counter, "How often a rule did something.", labels: ["rule"])
    static let reports = MetricFamily(
        "sink_reports_total", .counter, "Bounces and complaints that went back, or could not.", labels: ["result"])
    static let waiting = MetricFamily("sink_reports_waiting", .gauge, "Bounces and complaints that wait.")
    static let ledger = MetricFamily(
        "sink_ledger_messages_total", .counter, "Messages by what the ledger found.", labels: ["finding"])
    static let unwritten = MetricFamily(
        "sink_ledger_unwritten", .gauge, "Messages answered 250 whose lines could not be written yet.")
    static let latency = MetricFamily(
        "sink_end_to_end_latency_seconds", .histogram, "From when a message was due to its end, first arrivals.")

    static func text(_ record: SinkRecord) -> String {
        var text = MetricText()
        text.add(received, record.received)
        text.add(bytes, record.receivedBytes)
        text.add(begun, record.begun ?? 0)
        text.add(refused, record.refused)
        text.add(connections, record.connections)
        text.add(replies, (record.replies ?? []).map { ([$0.stage, String($0.code)], Double($0.count)) })
        text.add(rules, (record.rules ?? []).map { ([$0.name], Double($0.count)) })
        if let counts = record.reports {
            text.add(reports, [(["sent"], Double(counts.sent)), (["failed"], Double(counts.failed))])
            text.add(waiting, counts.waiting)
        }
        if let summary = record.ledger {
            let findings: [([String], Double)] = [
                (["unique"], Double(summary.unique)), (["duplicate"], Double(summary.duplicates)),
                (["changed"], Double(summary.changed)), (["unidentified"], Double(summary.unidentified)),
            ]
            text.add(ledger, findings)
            text.add(unwritten, summary.unwritten ?? 0)
        }
        if let histogram = record.endToEndLatency { text.add(latency, histogram) }
        return text.text
    }
}
