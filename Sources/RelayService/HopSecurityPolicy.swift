package import SASLAuthentication
package import SMTPProtocol
package import SMTPTransport

/// How connections to one destination are secured, beyond ``EgressPolicy/tls``.
package struct HopSecurityPolicy: Sendable, Hashable {
    /// Hosts with TLSA records have to match them (RFC 7672).
    package var dane = false
    /// MTA-STS policies of recipients' domains are followed (RFC 8461).
    package var strictTransport = false
    /// What this side shows where the next hop asks for a certificate.
    package var identity: TLSClientContext.Identity?
    /// Who we say we are, over TLS only; nil: nobody.
    package var login: HopLogin?
    package var timeouts = ClientTimeouts()
    /// Milliseconds that a host is used in the clear after a failed handshake, where TLS need not be; 0: it is tried
    /// again with each connection.
    package var brokenTLSMilliseconds: UInt64 = 3_600_000

    package init() {}

    /// Something has to be asked before a host is connected to.
    var asks: Bool { dane || strictTransport }
}

/// Name and password for AUTH.
package struct HopLogin: Sendable, Hashable {
    package let credentials: ClientCredentials

    package init(_ credentials: ClientCredentials) { self.credentials = credentials }

    package static func == (one: HopLogin, other: HopLogin) -> Bool { one.credentials === other.credentials }
    package func hash(into hasher: inout Hasher) { hasher.combine(credentials.name) }
}

/// TLS contexts of connections to next hops, one for each kind that some destination needs.
struct HopContexts: Sendable {
    private struct Key: Hashable {
        var verification: TLSClientContext.Verification
        var identity: TLSClientContext.Identity?
    }
    private var contexts: [Key: TLSClientContext] = [:]

    init(_ policies: [EgressPolicy], rootsFile: String?) throws(TLSFault) {
        for policy in policies where policy.tls != .none {
            var kinds: Set<TLSClientContext.Verification> = [policy.tls == .verified ? .full : .none]
            if policy.security.asks { kinds.formUnion([.byCheck, .none]) }
            for kind in kinds {
                let key = Key(verification: kind, identity: policy.security.identity)
                guard contexts[key] == nil else { continue }
                contexts[key] = try TLSClientContext(
                    kind, rootsFile: rootsFile, identity: policy.security.identity)
            }
        }
    }

    func context(
        _ demand: EgressPolicy.TLS, isChecked: Bool, _ identity: TLSClientContext.Identity?
    ) -> TLSClientContext? {
        if demand == .none { return nil }
        let kind: TLSClientContext.Verification = isChecked ? .byCheck : demand == .verified ? .full : .none
        return contexts[Key(verification: kind, identity: identity)]
    }
}
