import DeliveryQueue
package import Measures
import MailRouting

/// What `/metrics` tells of the relay. Each family is declared here once; docs/METRICS.md is made from it.
package enum RelayMetrics {
    static let connections = MetricFamily("millrace_connections", .gauge, "Clients connected now.")
    static let connectionsTotal = MetricFamily(
        "millrace_connections_total", .counter, "Clients that have connected and were admitted.")
    static let tlsSessions = MetricFamily("millrace_tls_sessions_total", .counter, "Client connections with TLS.")
    static let authentications = MetricFamily(
        "millrace_authentications_total", .counter, "AUTH attempts by result.", labels: ["result"])
    static let acceptedMessages = MetricFamily(
        "millrace_messages_accepted_total", .counter, "Messages accepted: safe in the spool, and 250 said.")
    static let acceptedBytes = MetricFamily(
        "millrace_message_accepted_bytes_total", .counter, "Octets of the messages accepted, trace field included.")
    static let recipients = MetricFamily(
        "millrace_recipients_total", .counter,
        "Recipients by outcome: accepted, refused, delivered, bounced, deferred (each attempt), removed, quarantined, discarded (by a rule).",
        labels: ["outcome"])
    static let signatureFailures = MetricFamily(
        "millrace_dkim_failures_total", .counter, "Messages refused for now because a signature could not be made.")
    static let verifications = MetricFamily(
        "millrace_verifications_total", .counter,
        "Checks of mail that comes in by method (spf, iprev, dnsbl, dkim, dmarc, arc) and result.",
        labels: ["method", "result"])
    static let notifications = MetricFamily(
        "millrace_notifications_total", .counter, "Recipients of notifications made here (RFC 3464).")
    static let classified = MetricFamily(
        "millrace_classified_recipients_total", .counter,
        "Recipients of failures in the log by category and event (where classification is configured).",
        labels: ["category", "event"])
    static let reports = MetricFamily(
        "millrace_reports_total", .counter,
        "Messages to addresses for reports by kind: bounce, complaint, automatic_reply, unrecognized.",
        labels: ["kind"])
    static let droppedReports = MetricFamily(
        "millrace_reports_dropped_total", .counter, "Of those, the ones that went no further than the log.")
    static let queued = MetricFamily("millrace_queued_recipients", .gauge, "Recipients that wait or are on their way.")
    static let deliveries = MetricFamily(
        "millrace_queue_deliveries", .gauge,
        "Deliveries (one message to one destination) by destination and state; the largest destinations, the rest as other.",
        labels: ["destination", "state"])
    static let nextHops = MetricFamily(
        "millrace_next_hop_connections", .gauge, "Connections to next hops, open or being opened.")
    static let resident = MetricFamily(
        "millrace_resident_content_bytes", .gauge, "Message content held in memory for its first attempt.")
    static let commits = MetricFamily("millrace_spool_commits_total", .counter, "Group commits of the spool.")
    static let commitRecords = MetricFamily(
        "millrace_spool_commit_messages_total", .counter, "Messages written by group commits.")
    static let commitSeconds = MetricFamily(
        "millrace_spool_commit_duration_seconds", .histogram, "Duration of a group commit, its sync included.")
    static let deliverySeconds = MetricFamily(
        "millrace_delivery_duration_seconds", .histogram,
        "From the acceptance of a message to its delivery, for messages accepted by this process.")
    static let freeBytes = MetricFamily("millrace_spool_free_bytes", .gauge, "Free space of the spool's file system.")
    static let spoolHealthy = MetricFamily(
        "millrace_spool_healthy", .gauge, "1 while the spool takes mail, 0 after a fault that latched it.")
    static let freeInodes = MetricFamily(
        "millrace_spool_free_inodes", .gauge, "Free inodes of the spool's file system.")
    static let loadShedding = MetricFamily(
        "millrace_load_shedding", .gauge,
        "1 while new mail or clients are refused because of it: disk, inodes, memory, descriptors, backlog.",
        labels: ["cause"])
    static let loadRefusals = MetricFamily(
        "millrace_load_refusals_total", .counter, "Messages and clients refused because something was short.")
    static let loadUsed = MetricFamily(
        "millrace_load_used", .gauge,
        "In use, where there is a limit: memory (bytes), descriptors, clients, backlog (messages).",
        labels: ["resource"])
    static let loadLimits = MetricFamily(
        "millrace_load_limit", .gauge, "From where on it is short, in the same units.", labels: ["resource"])
    static let failedAccepts = MetricFamily(
        "millrace_accept_failures_total", .counter, "Times that accept(2) found no descriptor or memory.")
    static let dnsLookups = MetricFamily(
        "millrace_dns_lookups_total", .counter, "Domains whose exchangers were looked up, by result.",
        labels: ["result"])
    static let hostFaults = MetricFamily(
        "millrace_next_hop_faults_total", .counter,
        "What next hops failed at and are not asked for again for a while: tls, pipelining, chunking.",
        labels: ["fault"])
    static let tlsResults = MetricFamily(
        "millrace_tls_report_sessions_total", .counter,
        "Sessions in TLS reports by result: success, failure, dropped (in no report).", labels: ["result"])
    static let tlsReports = MetricFamily(
        "millrace_tls_reports_total", .counter,
        "TLS reports by what became of them: mailed, posted, unwanted (nobody asks for it), abandoned.",
        labels: ["outcome"])
    static let policyFetches = MetricFamily(
        "millrace_mta_sts_fetches_total", .counter, "MTA-STS policies asked for by result: fetched, failed.",
        labels: ["result"])
    static let policiesKept = MetricFamily(
        "millrace_mta_sts_policies", .gauge, "MTA-STS policies that are remembered.")
    static let logEvents = MetricFamily(
        "millrace_log_events_total", .counter, "Events for the log by outcome: written, dropped.", labels: ["outcome"])
    static let logBytes = MetricFamily("millrace_log_written_bytes_total", .counter, "Octets of events written.")
    static let logHealthy = MetricFamily(
        "millrace_log_healthy", .gauge, "1 while the log takes events and closes its segments, else 0.")
    static let logRemovedUnread = MetricFamily(
        "millrace_log_removed_unread_total", .counter, "Segments removed before every web hook had read them.")
    static let hookEvents = MetricFamily(
        "millrace_web_hook_events_total", .counter, "Events by web hook and outcome: delivered, skipped.",
        labels: ["hook", "outcome"])
    static let hookFailures = MetricFamily(
        "millrace_web_hook_failures_total", .counter, "Requests of web hooks that failed.", labels: ["hook"])
    static let hookLag = MetricFamily(
        "millrace_web_hook_lag_bytes", .gauge, "Octets of the log that a web hook is behind.", labels: ["hook"])
    static let hookHealthy = MetricFamily(
        "millrace_web_hook_healthy", .gauge,
        "1 while a web hook reads on and its last request was taken, else 0.", labels: ["hook"])
    static let cpuSeconds = MetricFamily(
        "millrace_process_cpu_seconds_total", .counter, "CPU time of the process by mode.", labels: ["mode"])
    static let memory = MetricFamily(
        "millrace_process_resident_memory_peak_bytes", .gauge, "Largest resident memory of the process so far.")
    static let started = MetricFamily(
        "millrace_process_start_time_seconds", .gauge, "When the process began, seconds since 1970.")

    package static let families =
        [
            connections, connectionsTotal, tlsSessions, authentications, acceptedMessages, acceptedBytes, recipients,
            signatureFailures, verifications, notifications, classified, reports, droppedReports, queued, deliveries,
            nextHops,
            resident, commits, commitRecords,
            commitSeconds,
            deliverySeconds, freeBytes, freeInodes, spoolHealthy, loadShedding, loadRefusals, loadUsed, loadLimits,
            failedAccepts, dnsLookups, hostFaults, tlsResults, tlsReports, policyFetches, policiesKept, logEvents,
            logBytes,
            logHealthy,
            logRemovedUnread,
            hookEvents, hookFailures, hookLag, hookHealthy, cpuSeconds, memory, started,
            automations, automationTriggers,
        ] + egress + orders + breakdown + resources

    /// docs/METRICS.md.
    package static var page: String {
        let rows = families.map { family in
            let labels = family.labels.map { "`\($0)`" }.joined(separator: ", ")
            return "| `\(family.name)` | \(family.kind.rawValue) | \(labels.isEmpty ? "–" : labels) | \(family.help) |"
        }
        return """
            # Metrics

            `GET /metrics` of the HTTP listener (`http` in the [configuration](CONFIGURATION.md)) answers in Prometheus'
            text format, `GET /metrics.json` the same as JSON in KumoMTA's shape; `?prefix=millrace_spool` asks for a
            part, and who accepts gzip gets it compressed. Histograms have buckets from 0.5 ms to one hour. A dashboard
            for Grafana is in [grafana/millrace-mta.json](grafana/millrace-mta.json).

            Labels are bounded: the largest names have lines of their own (`metrics.shown`), the others are one line,
            `other`. A counter never falls: a name that becomes one of the largest begins with what is counted from then
            on. An empty text is what has no tenant, no campaign, or no provider.

            | metric | kind | labels | meaning |
            |---|---|---|---|
            \(rows.joined(separator: "\n"))

            """
    }
}

extension RelayServer {
    /// The metrics of the moment.
    /// - Parameter prefix: only of families whose names begin so.
    package func metrics(prefix: String = "", _ form: MetricText.Form = .prometheus) async throws -> String {
        var text = MetricText(prefix: prefix, form: form)
        let counts = try await gatherCounts()
        addCounts(counts, &text)
        try await addMeters(counts, &text)
        try await addQueues(&text)
        try await addSpool(&text)
        addLoad(counts, &text)
        addEvents(&text)
        try await addEgress(&text)
        try await addOrders(&text)
        try await addShaping(&text)
        addSecurity(counts, &text)
        try await addResources(&text)
        let usage = ProcessUsage.current()
        text.add(
            RelayMetrics.cpuSeconds, [(["user"], usage.cpuUserSeconds), (["system"], usage.cpuSystemSeconds)])
        text.add(RelayMetrics.memory, usage.memoryPeakBytes)
        text.add(RelayMetrics.started, started.seconds)
        return text.text
    }

    private func addCounts(_ counts: RelayCounts, _ text: inout MetricText) {
        text.add(RelayMetrics.connections, counts.clients)
        text.add(RelayMetrics.connectionsTotal, counts.connections)
        text.add(RelayMetrics.tlsSessions, counts.tlsSessions)
        text.add(
            RelayMetrics.authentications,
            [(["succeeded"], Double(counts.authenticated)), (["failed"], Double(counts.authenticationFailures))])
        text.add(RelayMetrics.acceptedMessages, counts.acceptedMessages)
        text.add(RelayMetrics.acceptedBytes, counts.acceptedBytes)
        let outcomes = [
            ("accepted", counts.accepted), ("refused", counts.refused), ("delivered", counts.delivered),
            ("bounced", counts.bounced), ("deferred", counts.deferrals), ("removed", counts.removed),
            ("quarantined", counts.quarantined), ("discarded", counts.discarded),
        ]
        text.add(RelayMetrics.recipients, outcomes.map { ([$0.0], Double($0.1)) })
        text.add(RelayMetrics.signatureFailures, counts.unsigned)
        let verifications = counts.verifications.map { ([$0.key.method, $0.key.result], Double($0.value)) }
        text.add(RelayMetrics.verifications, verifications.sorted { $0.0.lexicographicallyPrecedes($1.0) })
        text.add(RelayMetrics.notifications, counts.generated)
        addReports(counts, &text)
        text.add(RelayMetrics.queued, counts.queued)
    }

    private func addReports(_ counts: RelayCounts, _ text: inout MetricText) {
        let categories = counts.categories.flatMap { kind, found in
            found.map { ([$0.key, kind.rawValue], Double($0.value)) }
        }
        text.add(RelayMetrics.classified, categories.sorted { $0.0.lexicographicallyPrecedes($1.0) })
        let kinds = ["bounce", "complaint", "automatic_reply", "unrecognized"]
        text.add(RelayMetrics.reports, kinds.map { ([$0], Double(counts.reports[$0] ?? 0)) })
        text.add(RelayMetrics.droppedReports, counts.droppedReports)
    }

    private func addEvents(_ text: inout MetricText) {
        guard let events = shards[0].parts.events else { return }
        let log = events.log.counts
        text.add(
            RelayMetrics.logEvents, [(["written"], Double(log.events)), (["dropped"], Double(log.dropped))])
        text.add(RelayMetrics.logBytes, log.bytes)
        text.add(RelayMetrics.logHealthy, log.fault == nil ? 1 : 0)
        text.add(RelayMetrics.logRemovedUnread, log.removedUnread)
        let hooks = events.hooks.map { ($0.settings.name, $0.counts) }
        text.add(
            RelayMetrics.hookEvents,
            hooks.flatMap { name, counts in
                [([name, "delivered"], Double(counts.delivered)), ([name, "skipped"], Double(counts.skipped))]
            })
        text.add(RelayMetrics.hookFailures, hooks.map { ([$0], Double($1.failures)) })
        text.add(RelayMetrics.hookLag, hooks.map { ([$0], Double($1.lag)) })
        text.add(RelayMetrics.hookHealthy, hooks.map { ([$0], $1.fault == nil ? 1 : 0) })
    }

    private func addQueues(_ text: inout MetricText) async throws {
        var (nextHops, resident) = (0, 0)
        for shard in shards {
            let part = try await shard.context.eventLoop.submit { (shard.connections.count, shard.residentBytes) }.get()
            nextHops += part.0
            resident += part.1
        }
        let sorted = try await administrator.destinations().values.sorted { ($1.count, $0.name) < ($0.count, $1.name) }
        var shown = Array(sorted.prefix(configuration.metrics.shown))
        let rest = sorted.dropFirst(configuration.metrics.shown)
        if var other = rest.first {
            for summary in rest.dropFirst() { other.merge(summary) }
            other.name = "other"
            shown.append(other)
        }
        text.add(
            RelayMetrics.deliveries,
            shown.flatMap { summary in
                [
                    ("ready", summary.ready), ("deferred", summary.deferred), ("scheduled", summary.scheduled),
                    ("leased", summary.leased), ("held", summary.held),
                ]
                .map { ([summary.name, $0.0], Double($0.1)) }
            })
        text.add(RelayMetrics.nextHops, nextHops)
        text.add(RelayMetrics.resident, resident)
    }

    private func addSpool(_ text: inout MetricText) async throws {
        let committed = committer.counts
        text.add(RelayMetrics.commits, committed.commits)
        text.add(RelayMetrics.commitRecords, committed.messages)
        text.add(RelayMetrics.commitSeconds, commits.histogram)
        if let free = spool.freeBytes { text.add(RelayMetrics.freeBytes, free) }
        text.add(RelayMetrics.spoolHealthy, committer.fault == nil ? 1 : 0)
        guard let dns = lookupCounts else { return }
        text.add(
            RelayMetrics.dnsLookups,
            [
                (["found"], Double(dns.lookups - dns.permanent - dns.temporary)),
                (["permanent"], Double(dns.permanent)),
                (["temporary"], Double(dns.temporary)),
            ])
    }
}
