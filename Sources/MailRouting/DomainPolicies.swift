package import MailTypes
package import TransportSecurity

/// What domains demand of those who send them mail: MTA-STS policies.
package protocol DomainPolicies: Sendable {
    /// The policy in force, found with the DNS and the web if it is not known, and for how many seconds that is so;
    /// nil: nobody asks for this domain's.
    func demand(of domain: String, asking names: any NameLookups) async -> DomainDemand?
}

package struct DomainDemand: Sendable, Hashable {
    /// Nil: there is none.
    package var policy: StrictTransportPolicy?
    /// Until it has to be asked for again.
    package var seconds: Int
    package init(policy: StrictTransportPolicy?, seconds: Int) {
        self.policy = policy
        self.seconds = seconds
    }
}

/// Single questions to the DNS.
package protocol NameLookups: Sendable {
    /// TXT records, each with its strings joined.
    func texts(at name: String) async -> TextOutcome
    /// Addresses of a host that mail may be taken to; empty: none, or none now.
    func hostAddresses(_ name: String) async -> [NetworkAddress]
}

package enum TextOutcome: Sendable, Hashable {
    case texts([String], ttl: Int)
    /// There are none.
    case none(ttl: Int)
    case failed(String)
}

extension MailRouter: NameLookups {
    package func texts(at name: String) async -> TextOutcome {
        let answer = await ask(name, .txt)
        switch answer.status {
        case .found: return .texts(answer.records.compactMap(PolicyRecord.text), ttl: answer.ttl)
        case .noData, .noName: return .none(ttl: answer.ttl)
        case .failed(let text): return .failed(text)
        }
    }

    package func hostAddresses(_ name: String) async -> [NetworkAddress] {
        await addresses(of: name).addresses.filter { !settings.prohibited.contains($0) }
    }
}
