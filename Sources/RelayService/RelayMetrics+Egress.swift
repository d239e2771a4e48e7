import Measures

extension RelayMetrics {
    static let sourceConnections = MetricFamily(
        "millrace_egress_connections_total", .counter,
        "Connections by egress source and outcome: opened, failed, failed_at_proxy; the busiest sources, the rest as other.",
        labels: ["source", "outcome"])
    static let sourceRecipients = MetricFamily(
        "millrace_egress_recipients_total", .counter,
        "Recipients by egress source and outcome of the attempt: delivered, bounced, deferred; sources as above.",
        labels: ["source", "outcome"])
    static let suspendedSources = MetricFamily(
        "millrace_egress_source_suspended", .gauge,
        "1 for each egress source that waits for its addresses to be on this host.", labels: ["source"])
    static let limitHits = MetricFamily(
        "millrace_egress_limit_hits_total", .counter,
        "Times that a connection or a message had to wait for a limit, by its kind.", labels: ["limit"])

    static let egress = [sourceConnections, sourceRecipients, suspendedSources, limitHits]
}
