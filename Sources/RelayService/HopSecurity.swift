import MailRouting
import MailTypes
import NIOCore
import SMTPTransport
import TransportSecurity

/// What the DNS and the recipients' domains demand of a connection to one host.
enum HopDemand: Sendable, Hashable {
    /// Nothing.
    case usual
    /// Nothing yet: the domain wants to be told what would fail (RFC 8461 §5, `testing`).
    case tested(HostPolicy)
    /// Its certificate has to match TLSA records (RFC 7672).
    case dane(DANEPolicy)
    /// Its certificate has to be valid for its name (RFC 8461 §4).
    case strict(HostPolicy)
    /// It must not be used now.
    case unusable(TLSFailure, String)

    /// What the policy of the recipients' domain makes of it; nil: there is none.
    init(_ host: HostPolicy?) {
        guard let host, host.policy.mode != .none else {
            self = .usual
            return
        }
        if host.policy.mode == .testing {
            self = .tested(host)
        } else if host.coversHost {
            self = .strict(host)
        } else {
            self = .unusable(.validation, "MTA-STS: not among the hosts of \(host.domain)'s policy")
        }
    }

    /// Where there is DANE, it decides (RFC 8461 §2).
    /// - Parameter host: as above.
    init(_ outcome: DANEOutcome, otherwise host: HostPolicy?) {
        switch outcome {
        case .policy(let records): self = .dane(records)
        case .none: self = HopDemand(host)
        case .failed(let text): self = .unusable(.dnssecInvalid, "DANE: \(text)")
        }
    }
}

extension DANEOutcome {
    /// - Parameter names: of the recipients' domain, which a certificate may have instead of the host's.
    func with(otherNames names: [String]) -> DANEOutcome {
        guard case .policy(var records) = self else { return self }
        records.otherNames = names
        return .policy(records)
    }
}

/// What one connection has to be, all in all: the demand of others and the destination's own rules.
struct HopSecurity {
    private(set) var demand = HopDemand.usual
    private(set) var tls = EgressPolicy.TLS.none

    init() {}

    /// - Parameter isBroken: the host's TLS failed lately.
    init(_ demand: HopDemand, _ policy: EgressPolicy, isBroken: Bool) {
        self.demand = demand
        switch demand {
        case .usual, .tested, .unusable:
            tls = isBroken && policy.tls == .opportunistic ? .none : policy.tls
        // Records of which none can be used: TLS without a name that is proven (RFC 7672 §2.2).
        case .dane(let records):
            tls = policy.tls == .verified && !records.authenticates ? .verified : .required
        case .strict: tls = .required
        }
    }

    /// The server is who it has to be: its name comes from DNSSEC, a policy or the configuration, and its certificate
    /// proves it.
    var isAuthenticated: Bool {
        switch demand {
        case .dane(let records): records.authenticates || tls == .verified
        case .strict: true
        case .usual, .tested, .unusable: tls == .verified
        }
    }

    /// For the connection itself.
    func client(
        _ target: HostAddress, _ egress: Egress, _ policy: EgressPolicy, source: SocketAddress?
    ) -> SMTPClientConnection.Security {
        let check = check(target, egress.trust)
        var security = SMTPClientConnection.Security(
            context: egress.context(tls, isChecked: check != nil, policy),
            name: target.name.isEmpty ? nil : target.name, source: source)
        security.check = check
        // Rules that were changed meanwhile must not let a certificate pass: without a context there is no handshake.
        if case .strict = demand, check == nil { security.context = nil }
        if case .tested = demand { security.checkIsAdvisory = true }
        // RFC 7672 §8.1: the TLSA base domain, by which the server chooses its certificate.
        if case .dane(let records) = demand { security.name = records.baseDomain }
        return security
    }

    private func check(_ target: HostAddress, _ trust: TrustStore?) -> ChainCheck? {
        switch demand {
        case .dane(let records): return records.authenticates ? ChainCheck(.dane(records)) : nil
        case .strict: return trust.map { ChainCheck(.trusted(name: target.name, $0)) }
        // Where the configuration has it verified, that is the test.
        case .tested where tls == .opportunistic || tls == .required:
            return trust.map { ChainCheck(.trusted(name: target.name, $0)) }
        case .usual, .tested, .unusable: return nil
        }
    }
}
