import DeliveryQueue
import Glibc
import MailTypes
import Measures
import NIOCore

// Sources: which of them have their addresses on this host, and what each one did.
extension RelayServer {
    /// Looks whether this host has the addresses of the sources that want to know, and suspends those that it has not.
    func watchSources() async throws { try await Self.watchSources(configuration.egress, shards[0]) }

    /// - Parameter shard: keeps what is to be said of it.
    static func watchSources(_ egress: EgressConfiguration, _ shard: RelayShard) async throws {
        let sources = egress.sources.values.filter(\.suspendsWhenUnplumbed)
        let limits = shard.parts.limits
        guard !sources.isEmpty || !limits.state.unplumbed.isEmpty else { return }
        var unplumbed: [String: SMTPReply] = [:]
        for source in sources where !source.addresses.contains(where: AddressProbe.isHere) {
            let addresses = source.addresses.map(\.description).joined(separator: ", ")
            unplumbed[source.name] = SMTPReply(
                451, .init(4, 3, 5), "Egress source '\(source.name)' is suspended: this host does not have \(addresses)"
            )
        }
        let fresh = limits.suspend(unplumbed: unplumbed)
        guard !fresh.isEmpty else { return }
        let texts = fresh.map { unplumbed[$0]!.text }
        try await shard.context.eventLoop.submit { for text in texts { shard.note(text) } }.get()
    }

    func addEgress(_ text: inout MetricText) async throws {
        var totals: [String: SourceTotals] = [:]
        for shard in shards {
            let part = try await shard.context.eventLoop.submit { shard.sourceCounts.mapValues(SourceTotals.init) }
                .get()
            totals.merge(part) { $0 + $1 }
        }
        let lines = memory.largest["source", default: LargestCounters(limit: configuration.metrics.shown)]
            .lines(totals.mapValues(\.counts))
        text.add(RelayMetrics.sourceConnections, lines.flatMap { SourceTotals.connections($0) })
        text.add(RelayMetrics.sourceRecipients, lines.flatMap { SourceTotals.recipients($0) })
        let state = shards[0].parts.limits.state
        text.add(
            RelayMetrics.suspendedSources,
            state.unplumbed.sorted().prefix(configuration.metrics.shown).map { ([$0], 1) })
        text.add(
            RelayMetrics.limitHits,
            LimitBook.Kind.allCases.map { ([$0.rawValue], Double(state.denials[$0] ?? 0)) })
    }
}

/// ``SourceCounts`` of several loops.
struct SourceTotals: Sendable {
    private var opened, failed, failedAtProxy, delivered, bounced, deferred: UInt64

    init(_ counts: SourceCounts) {
        (opened, failed, failedAtProxy) = (counts.opened, counts.failed, counts.failedAtProxy)
        (delivered, bounced, deferred) = (counts.delivered, counts.bounced, counts.deferred)
    }

    private static let ofConnections = ["opened", "failed", "failed_at_proxy"]
    private static let ofRecipients = ["delivered", "bounced", "deferred"]
    /// In this order.
    var counts: [UInt64] { [opened, failed, failedAtProxy, delivered, bounced, deferred] }

    static func connections(_ line: LargestCounters.Line) -> [(labels: [String], value: Double)] {
        zip(ofConnections, line.counts).map { ([line.name, $0], Double($1)) }
    }

    static func recipients(_ line: LargestCounters.Line) -> [(labels: [String], value: Double)] {
        zip(ofRecipients, line.counts.dropFirst(ofConnections.count)).map { ([line.name, $0], Double($1)) }
    }

    static func + (a: SourceTotals, b: SourceTotals) -> SourceTotals {
        var sum = a
        sum.opened += b.opened
        sum.failed += b.failed
        sum.failedAtProxy += b.failedAtProxy
        sum.delivered += b.delivered
        sum.bounced += b.bounced
        sum.deferred += b.deferred
        return sum
    }
}

/// Whether this host has an address.
enum AddressProbe {
    /// One that may be bound is here: also what `net.ipv4.ip_nonlocal_bind` or a route allows.
    static func isHere(_ address: NetworkAddress) -> Bool {
        guard let socketAddress = try? SocketAddress(ipAddress: address.description, port: 0) else { return false }
        let descriptor = socket(
            address.isIPv4 ? AF_INET : AF_INET6, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        // Without a descriptor nothing is known: nobody is suspended for that.
        guard descriptor >= 0 else { return errno != EAFNOSUPPORT }
        defer { close(descriptor) }
        return socketAddress.withSockAddr { bind(descriptor, $0, socklen_t($1)) == 0 || errno != EADDRNOTAVAIL }
    }
}
