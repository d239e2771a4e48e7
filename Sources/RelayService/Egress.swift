package import DeliveryQueue
package import MailTypes
import NIOCore
import SMTPProtocol
import SMTPTransport
import TransportSecurity

/// How mail leaves for one destination, besides its schedule and its rate.
package struct EgressPolicy: Sendable, Hashable {
    package enum TLS: String, Sendable, Hashable, CaseIterable {
        case none
        /// Where it is offered, with any certificate, and in the clear where it fails (RFC 7435).
        case opportunistic
        /// With any certificate, never in the clear.
        case required
        /// With a certificate that is valid for the host's name.
        case verified
    }

    package var tls = TLS.opportunistic
    /// The pool that is usual here; nil: none, connections go by the rules below.
    package var pool: String?
    /// Limits of sources to this destination, by the source's name; what is not said is as in the source.
    package var limitsBySource: [String: EgressLimits] = [:]
    /// Local addresses to send from, at most one of each family; none: the system's choice.
    package var sources: [NetworkAddress] = []
    /// Name in EHLO; nil: this host's.
    package var ehloName: String?
    /// Port of exchangers found by MX records.
    package var port = 25
    /// Beyond ``tls``: what the DNS and the recipients' domains demand, where ``tls`` is not none.
    package var security = HopSecurityPolicy()
    package var hosts = HostChoice()

    package init() {}
}

/// ``EgressPolicy`` by the destination's name.
package struct EgressConfiguration: Sendable {
    package var standard = EgressPolicy()
    package var named: [String: EgressPolicy] = [:]
    package var sources: [String: EgressSource] = [:]
    package var pools: [String: EgressPool] = [:]
    /// Who may have signed the certificates of next hops that must be verified, PEM; nil: the system's roots.
    package var rootsFile: String?
    /// Demands that shaping may make, besides those of the policies.
    package var furtherDemands: Set<EgressPolicy.TLS> = []

    package init() {}

    /// The policy where shaping has something to say: a domain that the configuration treats otherwise than all keeps its
    /// own `tls`; hosts are skipped that either of them skips.
    package func policy(
        _ destination: String, shaped tls: EgressPolicy.TLS?, skipping hosts: [HostPattern]
    ) -> EgressPolicy {
        var policy = self[destination]
        if let tls, policy.tls == standard.tls { policy.tls = tls }
        policy.hosts.skipped += hosts
        return policy
    }

    func policy(_ path: EgressPath) -> EgressPolicy {
        var policy = policy(path.destination, shaped: path.tls, skipping: path.skippedHosts)
        if path.queue.isTLSOptional {
            policy.tls = policy.tls == .none ? .none : .opportunistic
            (policy.security.dane, policy.security.strictTransport) = (false, false)
        }
        return policy
    }

    /// The pool that the queue's mail leaves by; nil: there are none.
    func pool(of queue: QueueName) -> String? { queue.pool ?? self[queue.destination].pool }

    /// - Parameter name: of a destination, without the pool.
    package subscript(name: String) -> EgressPolicy { named[name] ?? standard }

    /// Of a source to one destination.
    package func pathLimits(_ source: EgressSource, _ destination: String) -> EgressLimits {
        let usual = source.limitsByDestination
        return self[destination].limitsBySource[source.name]?.falling(backTo: usual) ?? usual
    }

    /// Where queues wait that could use what became free at this key of one source.
    func gates(behind key: String) -> [String] {
        let isPath = key.hasPrefix("x:")
        guard isPath || key.hasPrefix("s:") else { return [] }
        let text = key.dropFirst(2)
        let source = isPath ? text.prefix { $0 != ">" } : text
        let uses = pools.values.filter { pool in pool.members.contains { $0.source == source } }.map(\.name)
        guard isPath else { return uses.map(EgressBook.gate(pool:)) }
        let destination = String(text.dropFirst(source.count + 1))
        return ([nil] + uses).map {
            EgressBook.gate(queue: QueueName(pool: $0, destination: destination).text)
        }
    }
}

/// What connections to next hops share: policies and TLS contexts, made once.
struct Egress: Sendable {
    let configuration: EgressConfiguration
    var hasPools: Bool { !configuration.pools.isEmpty }
    private let contexts: HopContexts
    /// Who may have signed certificates of hosts that MTA-STS wants verified; nil: nobody wants.
    let trust: TrustStore?

    /// - Throws: ``TLSFault``.
    init(_ configuration: EgressConfiguration) throws(TLSFault) {
        self.configuration = configuration
        var policies = [configuration.standard] + configuration.named.values
        for demand in configuration.furtherDemands {
            policies += ([configuration.standard] + configuration.named.values).map {
                var policy = $0
                policy.tls = demand
                return policy
            }
        }
        contexts = try HopContexts(policies, rootsFile: configuration.rootsFile)
        guard policies.contains(where: \.security.strictTransport) else {
            trust = nil
            return
        }
        do throws(TrustStore.Fault) { trust = try TrustStore(file: configuration.rootsFile) } catch {
            throw TLSFault(error.description)
        }
    }

    /// - Parameter isChecked: each connection has a check of certificates of its own.
    func context(_ demand: EgressPolicy.TLS, isChecked: Bool, _ policy: EgressPolicy) -> TLSClientContext? {
        contexts.context(demand, isChecked: isChecked, policy.security)
    }

    /// The local address for a connection to `target`.
    /// - Parameter target: the next hop, or the proxy.
    func source(_ addresses: [NetworkAddress], to target: SocketAddress) -> SocketAddress? {
        let isIPv4 = target.protocol == .inet
        guard let address = addresses.first(where: { $0.isIPv4 == isIPv4 }) else { return nil }
        return try? SocketAddress(ipAddress: address.description, port: 0)
    }
}

extension EgressPolicy.TLS {
    var client: ClientTLS {
        switch self {
        case .none: .none
        case .opportunistic: .opportunistic
        case .required, .verified: .required
        }
    }
}
