package import TransportSecurity

/// What the DNS says of a host's certificates.
package enum DANEOutcome: Sendable, Hashable {
    /// No TLSA records that DNSSEC vouches for, or no names: DANE says nothing of the host.
    case none
    case policy(DANEPolicy)
    /// Forged, or not to be had: the host must not be used now (RFC 7672 §2.1.1).
    case failed(String)
}

extension MailRouter {
    /// Looks up TLSA records of a host that the mail goes to by a name that DNSSEC vouches for (RFC 7672 §2.2).
    /// - Parameter port: that is connected to.
    package func dane(_ host: String, port: Int) async -> DANEOutcome {
        switch await baseDomains(host) {
        case .failed(let text): return .failed(text)
        case .found(let names):
            for name in names {
                let answer = await ask("_\(port)._tcp.\(name)", .tlsa)
                if case .failed(let text) = answer.status { return .failed("TLSA of \(name): \(text)") }
                guard answer.status == .found, answer.isSecure else { continue }
                return .policy(DANEPolicy(baseDomain: name, answer.records.compactMap { TLSARecord($0) }))
            }
            return .none
        }
    }

    private enum BaseDomains {
        case found([String])
        case failed(String)
    }

    /// Names that TLSA records are looked for at, the best first: none where the host's addresses are not secure, since
    /// name servers of such zones often cannot answer (§2.2.2); for an alias its target, then the alias itself (§2.2.3).
    private func baseDomains(_ host: String) async -> BaseDomains {
        async let six = settings.families == .ipv4 ? nil : ask(host, .aaaa)
        async let four = settings.families == .ipv6 ? nil : ask(host, .a)
        let answers = await [six, four].compactMap { $0 }
        let found = answers.filter { $0.status == .found }
        if found.isEmpty {
            for answer in answers {
                if case .failed(let text) = answer.status { return .failed("addresses of \(host): \(text)") }
            }
        }
        let target = found.compactMap(\.alias).first
        guard found.allSatisfy(\.isSecure) else {
            guard target != nil else { return .found([]) }
            // The alias leads out of what is signed; its own zone may be signed all the same.
            let alias = await ask(host, .cname)
            if case .failed(let text) = alias.status { return .failed("alias \(host): \(text)") }
            return .found(alias.status == .found && alias.isSecure ? [host] : [])
        }
        return .found(found.isEmpty ? [] : [target, host].compactMap { $0 })
    }
}
