import DeliveryQueue
import Measures

extension RelayMetrics {
    static let serviceRecipients = MetricFamily(
        "millrace_service_recipients_total", .counter,
        "Recipients by service and outcome: accepted by smtp, lmtp, http and internal (notifications), delivered by smtp and lmtp.",
        labels: ["service", "outcome"])
    static let deniedConnections = MetricFamily(
        "millrace_connections_denied_total", .counter,
        "Clients that were refused instead of greeted, by cause: listener_limit, client_limit, load, policy.",
        labels: ["cause"])
    static let rejections = MetricFamily(
        "millrace_rejections_total", .counter,
        "Refusals said to SMTP clients (connections, commands, recipients, messages) by reply code and enhanced code; beyond 200 pairs as other.",
        labels: ["code", "enhanced_code"])
    static let transactionSeconds = MetricFamily(
        "millrace_next_hop_transaction_duration_seconds", .histogram,
        "From the handing over of a message to a connection to the next hop's answer to its content.")
    static let placementSeconds = MetricFamily(
        "millrace_queue_insert_duration_seconds", .histogram,
        "From the spool to the queue, of messages whose exchangers were not known yet; others are queued at once.")
    static let signatureSeconds = MetricFamily(
        "millrace_dkim_sign_duration_seconds", .histogram, "Signing one message, all its signatures together.")

    private static func recipients(by dimension: RecipientDimension, _ outcomes: String) -> MetricFamily {
        MetricFamily(
            "millrace_\(dimension.rawValue)_recipients_total", .counter,
            "Recipients by \(dimension.rawValue) and outcome: \(outcomes); the largest, the rest as other (`metrics.by`).",
            labels: [dimension.rawValue, "outcome"])
    }
    private static func queued(by dimension: RecipientDimension) -> MetricFamily {
        MetricFamily(
            "millrace_\(dimension.rawValue)_queued_deliveries", .gauge,
            "Deliveries queued by \(dimension.rawValue); the largest, the rest as other (`metrics.by`).",
            labels: [dimension.rawValue])
    }
    static let recipientsBy = [
        RecipientDimension.tenant: recipients(
            by: .tenant, "accepted, delivered, bounced, deferred, removed, quarantined"),
        .campaign: recipients(by: .campaign, "as for tenants"),
        .provider: recipients(by: .provider, "as for tenants, without accepted and quarantined"),
    ]
    static let queuedBy = Dictionary(uniqueKeysWithValues: RecipientDimension.allCases.map { ($0, queued(by: $0)) })

    static let breakdown =
        [serviceRecipients, deniedConnections, rejections, transactionSeconds, placementSeconds, signatureSeconds]
        + RecipientDimension.allCases.flatMap { [recipientsBy[$0]!, queuedBy[$0]!] }
}

extension RelayServer {
    /// Counters, times, and what is configured to be counted by name.
    func addMeters(_ counts: RelayCounts, _ text: inout MetricText) async throws {
        var meters = RelayMeters()
        for shard in shards { meters.merge(try await shard.context.eventLoop.submit { shard.meters }.get()) }
        text.add(RelayMetrics.deliverySeconds, meters.delivery)
        text.add(RelayMetrics.transactionSeconds, meters.transactions.histogram)
        text.add(RelayMetrics.placementSeconds, meters.placements.histogram)
        text.add(RelayMetrics.signatureSeconds, meters.signatures.histogram)
        text.add(RelayMetrics.serviceRecipients, Self.services(counts))
        text.add(
            RelayMetrics.deniedConnections,
            ConnectionDenial.allCases.map { ([$0.rawValue], Double(meters.denials[$0] ?? 0)) })
        let rejections = meters.rejections.counts.map { ([$0.key.code, $0.key.enhanced], Double($0.value)) }
        text.add(RelayMetrics.rejections, rejections.sorted { $0.0.lexicographicallyPrecedes($1.0) })
        guard let breakdown = meters.breakdown else { return }
        for dimension in RecipientDimension.allCases where breakdown.counts(dimension) {
            addRecipients(by: dimension, breakdown, &text)
            try await addQueued(by: dimension, &text)
        }
    }

    private static func services(_ counts: RelayCounts) -> [(labels: [String], value: Double)] {
        [
            ("smtp", "accepted", counts.accepted - counts.injected - counts.acceptedByLMTP),
            ("lmtp", "accepted", counts.acceptedByLMTP), ("http", "accepted", counts.injected),
            ("internal", "accepted", counts.generated),
            ("smtp", "delivered", counts.delivered - counts.deliveredByLMTP),
            ("lmtp", "delivered", counts.deliveredByLMTP),
        ].map { (labels: [$0.0, $0.1], value: Double($0.2)) }
    }

    private func addRecipients(
        by dimension: RecipientDimension, _ breakdown: RecipientBreakdown, _ text: inout MetricText
    ) {
        let lines = memory.largest[
            dimension.rawValue, default: LargestCounters(limit: configuration.metrics.shown)
        ].lines(breakdown.tables[dimension]!.counts)
        text.add(
            RelayMetrics.recipientsBy[dimension]!,
            lines.flatMap { line in
                RecipientBreakdown.outcomes(of: dimension).map {
                    ([line.name, $0.name], Double(line.counts[$0.rawValue]))
                }
            })
    }

    private func addQueued(by dimension: RecipientDimension, _ text: inout MetricText) async throws {
        var found: [String: DeliveryQueue.Tally] = [:]
        for shard in shards {
            let part = shard.context.eventLoop.flatSubmit {
                switch dimension {
                case .tenant: shard.tally(.all, by: .tenant)
                case .campaign: shard.tally(.all, by: .campaign)
                case .provider: shard.tallyProviders(.all)
                }
            }
            for (name, tally) in try await part.get() { found[name, default: .init()].merge(tally) }
        }
        text.add(
            RelayMetrics.queuedBy[dimension]!,
            Self.largest(found.mapValues(\.count), configuration.metrics.shown).map { ([$0], Double($1)) })
    }

    /// The largest and the sum of the others.
    static func largest(_ values: [String: Int], _ limit: Int) -> [(name: String, value: Int)] {
        let sorted = values.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        let shown = sorted.prefix(limit).map { (name: $0.key, value: $0.value) }
        guard sorted.count > limit else { return shown }
        let rest = sorted.dropFirst(limit).reduce(0) { $0 + $1.value }
        // A name like that of the others is one of them.
        let own = shown.first { $0.name == LargestCounters.others }?.value ?? 0
        return shown.filter { $0.name != LargestCounters.others } + [(LargestCounters.others, rest + own)]
    }
}
