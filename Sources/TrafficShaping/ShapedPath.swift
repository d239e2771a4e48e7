package import DeliveryQueue
package import MTAConfiguration
package import MailTypes

/// One path: a source to a destination, which may be one of a provider's.
package struct PathName: Hashable, Sendable {
    /// The queue's destination: a domain, a site, a smart host.
    package var destination: String
    package var provider: String?
    /// Nil where there are no sources.
    package var source: String?
    package init(destination: String, provider: String? = nil, source: String? = nil) {
        self.destination = destination
        self.provider = provider
        self.source = source
    }
}

/// Of what the limits are asked.
package struct ShapingQuestion: Hashable, Sendable {
    package var destination: String
    /// Of the recipients, lower case; nil where several have one queue.
    package var domain: String?
    /// Names of all exchangers, lower case; empty where they are not known.
    package var exchangers: [String]
    package var source: String?
    package init(destination: String, domain: String?, exchangers: [String], source: String?) {
        self.destination = destination
        self.domain = domain
        self.exchangers = exchangers
        self.source = source
    }
}

/// What the files say of one path.
package struct ShapedPath: Sendable, Hashable {
    package var name: PathName
    /// From this source to this destination.
    package var limits = EgressLimits()
    /// To this destination from all sources.
    package var destinationLimits = EgressLimits()
    /// To the provider, over all its destinations and all sources.
    package var providerLimits = EgressLimits()
    /// From this source to the provider, over all its destinations.
    package var providerSourceLimits = EgressLimits()
    /// From this source to everywhere.
    package var sourceLimits = EgressLimits()
    /// Nil: as the configuration says.
    package var tls: OutgoingTLS?
    /// Hosts that no mail goes to.
    package var skippedHosts: [HostPattern] = []
    /// ``ShapingRule/id`` of its automatic rules, in the order in which they are asked.
    package var rules: [String] = []
}

/// One value that holds for a path, and where it was said.
package struct ResolvedLimit: Hashable, Sendable, Codable {
    /// `path`, `destination`, `provider`, `provider and source`, `source`.
    package var of: String
    package var key: String
    package var value: String
    /// `default.yaml:12 (provider google)`.
    package var origin: String
}

/// Values one over the other, and who said each, where somebody wants to know.
struct LimitFold {
    let group: String
    var limits = EgressLimits()
    /// By key; nil: nobody wants to know.
    var origins: [String: String]?

    init(_ group: String, explains: Bool) {
        self.group = group
        origins = explains ? [:] : nil
    }

    /// What is said here wins over what was there.
    mutating func add(_ stronger: EgressLimits, _ origin: @autoclosure () -> String) {
        guard !stronger.isEmpty else { return }
        limits = stronger.falling(backTo: limits)
        guard origins != nil else { return }
        for (name, _) in stronger.written { origins![name] = origin() }
    }

    var resolved: [ResolvedLimit] {
        limits.written.map {
            ResolvedLimit(of: group, key: $0.name, value: $0.value, origin: origins?[$0.name] ?? "")
        }
    }
}
