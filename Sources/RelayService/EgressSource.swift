package import DeliveryQueue
package import MailTypes
package import SMTPTransport

/// Where connections to next hops come from: local addresses, the name in EHLO, a proxy.
package struct EgressSource: Sendable, Hashable {
    package var name: String
    /// Local addresses to send from, at most one of each family; none: the system's choice. Hosts of a family that it
    /// does not have are not tried.
    package var addresses: [NetworkAddress] = []
    /// Name in EHLO; nil: as without sources.
    package var ehloName: String?
    /// Port of next hops, whatever port they have otherwise; nil: that one.
    package var port: Int?
    package var proxy: OutboundProxy?
    /// Over all destinations.
    package var limits = EgressLimits()
    /// To each destination.
    package var limitsByDestination = EgressLimits()
    /// While its addresses are not on this host it is not tried at all.
    package var suspendsWhenUnplumbed = false

    package init(name: String) { self.name = name }

    /// Whether it can reach an address of this family.
    func reaches(isIPv4: Bool) -> Bool {
        switch proxy?.kind {
        case .haproxy(let sources): sources.isEmpty || sources.contains { $0.isIPv4 == isIPv4 }
        case .socks5: true
        case nil: addresses.isEmpty || addresses.contains { $0.isIPv4 == isIPv4 }
        }
    }
}

/// Sources that share mail by their weights.
package struct EgressPool: Sendable, Hashable {
    package struct Member: Sendable, Hashable {
        package var source: String
        /// At least 1.
        package var weight: Int
        package init(source: String, weight: Int = 1) {
            self.source = source
            self.weight = weight
        }
    }

    package var name: String
    package var members: [Member]

    package init(name: String, members: [Member]) {
        self.name = name
        self.members = members
    }
}

/// The way of one connection, decided when it is opened.
struct EgressPath {
    /// Whose mail takes it, and where it goes; ``pool`` says more than the queue's name does.
    var queue: QueueName
    var destination: String { queue.destination }
    /// Nil: there are no pools here.
    var pool: String?
    /// Nil: the system's choice.
    var source: EgressSource?
    /// Other sources could be tried instead.
    var hasAlternatives = false
    /// The large mailbox provider that the destination belongs to, as shaping says.
    var provider: String?
    /// As shaping says; nil: as the configuration does.
    var tls: EgressPolicy.TLS?
    /// Shaping skips these hosts.
    var skippedHosts: [HostPattern] = []
    /// What it counts against; empty: nothing is limited over event loops.
    var claims: [LimitBook.Claim] = []
    /// The strictest of everything that applies.
    var limits = EgressLimits()
    /// Set by ``claims``.
    private(set) var hasConnectionLimit = false
    private(set) var hasMessageRate = false

    init(_ queue: QueueName) { self.queue = queue }

    mutating func take(_ claims: [LimitBook.Claim], _ limits: EgressLimits) {
        self.claims = claims
        self.limits = limits
        hasConnectionLimit = claims.contains { $0.limits.connections != nil }
        hasMessageRate = claims.contains { $0.limits.messageRate != nil }
    }
}
