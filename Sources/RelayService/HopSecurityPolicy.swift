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
    /// Seconds for connecting; nil: 10, and 30 to the only address.
    package var connectSeconds: Double?
    /// Versions and cipher suites.
    package var rules = TLSRules()
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
        var rules: TLSRules

        init(_ verification: TLSClientContext.Verification, _ policy: HopSecurityPolicy) {
            (self.verification, identity, rules) = (verification, policy.identity, policy.rules)
        }
    }
    private var contexts: [Key: TLSClientContext] = [:]

    init(_ policies: [EgressPolicy], rootsFile: String?) throws(TLSFault) {
        for policy in policies where policy.tls != .none {
            var kinds: Set<TLSClientContext.Verification> = [policy.tls == .verified ? .full : .none]
            if policy.security.asks { kinds.insert(.byCheck) }
            // Useless TLSA records, and mail that need not be encrypted.
            kinds.insert(.none)
            for kind in kinds {
                let key = Key(kind, policy.security)
                guard contexts[key] == nil else { continue }
                contexts[key] = try TLSClientContext(
                    kind, rootsFile: rootsFile, identity: key.identity, rules: key.rules)
            }
        }
    }

    func context(
        _ demand: EgressPolicy.TLS, isChecked: Bool, _ policy: HopSecurityPolicy
    ) -> TLSClientContext? {
        if demand == .none { return nil }
        let kind: TLSClientContext.Verification = isChecked ? .byCheck : demand == .verified ? .full : .none
        return contexts[Key(kind, policy)]
    }
}
