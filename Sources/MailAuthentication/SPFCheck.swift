package import MailTypes

/// Who sends, from where.
package struct SPFIdentity: Sendable, Hashable {
    /// Which name was checked (RFC 7208 §2.3, §2.4).
    package enum Kind: String, Sendable, Hashable { case hello = "helo", mailFrom = "mailfrom" }

    package var kind: Kind
    package var localPart: String
    /// ASCII, lower case.
    package var domain: String
    /// The name in HELO or EHLO.
    package var hello: String
    package var client: NetworkAddress

    /// The name in HELO alone.
    package static func hello(_ name: String, _ client: NetworkAddress) -> SPFIdentity {
        SPFIdentity(
            kind: .hello, localPart: "postmaster", domain: DNSName.plain(name), hello: DNSName.plain(name),
            client: client)
    }

    /// The reverse-path, with the domain in ASCII; where it is null, what RFC 7208 §2.4 puts in its place.
    package static func mailFrom(
        localPart: String, domain: String, hello: String, _ client: NetworkAddress
    ) -> SPFIdentity {
        guard !domain.isEmpty else {
            var identity = Self.hello(hello, client)
            identity.kind = .mailFrom
            return identity
        }
        return SPFIdentity(
            kind: .mailFrom, localPart: localPart.isEmpty ? "postmaster" : localPart, domain: DNSName.plain(domain),
            hello: DNSName.plain(hello), client: client)
    }
}

extension SPFIdentity {
    /// Whatever either is called: the host's own name stands for a null sender, and is asked about once.
    func isSame(as other: SPFIdentity) -> Bool {
        var named = other
        named.kind = kind
        return self == named
    }
}

package struct SPFResult: Sendable, Hashable {
    package var outcome: AuthenticationOutcome
    package var kind: SPFIdentity.Kind
    package var domain: String
    /// What matched, or what is wrong.
    package var reason: String

    package init(outcome: AuthenticationOutcome, kind: SPFIdentity.Kind, domain: String, reason: String = "") {
        self.outcome = outcome
        self.kind = kind
        self.domain = domain
        self.reason = reason
    }
}

/// Whether a host may send mail for a domain (RFC 7208 §4): one evaluation with its limits.
package struct SPFCheck: Sendable {
    /// §4.6.4: terms that ask the DNS.
    package static let mostLookups = 10
    /// §4.6.4: questions without an answer.
    package static let mostVoidLookups = 2
    /// §4.6.4: exchangers of one `mx`, names of one `ptr`.
    package static let mostNames = 10

    private let identity: SPFIdentity
    private let lookups: any AuthenticationLookups
    private var values: SPFMacroValues
    private var terms = 0
    private var voidLookups = 0
    private var reason = ""

    /// What ends the evaluation.
    private struct End: Error {
        var outcome: AuthenticationOutcome
        var reason: String
    }

    private init(_ identity: SPFIdentity, _ lookups: any AuthenticationLookups) {
        self.identity = identity
        self.lookups = lookups
        values = SPFMacroValues(
            localPart: identity.localPart, senderDomain: identity.domain, hello: identity.hello,
            address: identity.client)
    }

    package static func run(_ identity: SPFIdentity, _ lookups: any AuthenticationLookups) async -> SPFResult {
        var check = SPFCheck(identity, lookups)
        var result = SPFResult(outcome: .none, kind: identity.kind, domain: identity.domain, reason: "")
        do throws(End) {
            result.outcome = try await check.evaluate(identity.domain)
            result.reason = check.reason
        } catch {
            (result.outcome, result.reason) = (error.outcome, error.reason)
        }
        return result
    }

    // MARK: Records

    /// check_host() for one domain (§4).
    private mutating func evaluate(_ domain: String) async throws(End) -> AuthenticationOutcome {
        guard DNSName.isName(domain), domain.contains("."), NetworkAddress(domain) == nil else {
            reason = "no domain that could have a record"
            return .none
        }
        guard let record = try await record(of: domain) else {
            reason = "no record"
            return .none
        }
        values.domain = domain
        for directive in record.directives where try await matches(directive.mechanism, domain) {
            reason = directive.text
            return directive.outcome
        }
        values.domain = domain
        guard let redirect = record.redirect else {
            reason = "nothing matches"
            return .neutral
        }
        try countTerm()
        let target = try await self.domain(redirect)
        let outcome = try await evaluate(target)
        guard outcome != .none else { throw End(outcome: .permerror, reason: "no record where redirect= leads") }
        return outcome
    }

    private func record(of domain: String) async throws(End) -> SPFRecord? {
        switch await lookups.texts(at: domain) {
        case .failed(let text): throw End(outcome: .temperror, reason: "record of \(domain): \(text)")
        case .none: return nil
        case .found(let texts):
            let records = texts.filter(SPFRecord.isRecord)
            guard records.count < 2 else { throw End(outcome: .permerror, reason: "\(domain) has several records") }
            guard let text = records.first else { return nil }
            do throws(SPFRecord.Fault) { return try SPFRecord(text) } catch {
                throw End(outcome: .permerror, reason: "record of \(domain): \(error.text)")
            }
        }
    }

    private mutating func countTerm() throws(End) {
        terms += 1
        guard terms <= Self.mostLookups else { throw End(outcome: .permerror, reason: "more than 10 lookups") }
    }

    /// The values of an answer; a question without any counts.
    private mutating func values<Value>(_ answer: Lookup<Value>, _ what: String) throws(End) -> [Value] {
        switch answer {
        case .found(let values): return values
        case .failed(let text): throw End(outcome: .temperror, reason: "\(what): \(text)")
        case .none:
            voidLookups += 1
            guard voidLookups <= Self.mostVoidLookups else {
                throw End(outcome: .permerror, reason: "more than 2 lookups without an answer")
            }
            return []
        }
    }

    private mutating func domain(_ text: SPFMacroText) async throws(End) -> String {
        if text.asksForValidatedName { values.validatedName = try await validatedName() }
        return text.domain(values)
    }

    // MARK: Mechanisms

    private mutating func matches(_ mechanism: SPFRecord.Mechanism, _ domain: String) async throws(End) -> Bool {
        values.domain = domain
        switch mechanism {
        case .all: return true
        case .network(let network, let isIPv4):
            return isIPv4 == identity.client.isIPv4 && network.contains(identity.client)
        case .include(let target):
            try countTerm()
            return try await includes(try await self.domain(target))
        case .a(let target, let prefixes):
            try countTerm()
            let name = try await self.domain(target, domain)
            return covers(try await addresses(of: name), prefixes)
        case .mx(let target, let prefixes):
            try countTerm()
            return try await matchesExchanger(try await self.domain(target, domain), prefixes)
        case .ptr(let target):
            try countTerm()
            let name = try await self.domain(target, domain)
            return try await validatedNames().contains { DNSName.isWithin($0, name) }
        case .exists(let target):
            try countTerm()
            let name = try await self.domain(target)
            guard DNSName.isName(name) else { return false }
            return try !values(await lookups.addresses(of: name, .ipv4), name).isEmpty
        }
    }

    private mutating func domain(_ text: SPFMacroText?, _ standard: String) async throws(End) -> String {
        guard let text else { return standard }
        return try await domain(text)
    }

    /// §5.2.
    private mutating func includes(_ target: String) async throws(End) -> Bool {
        switch try await evaluate(target) {
        case .pass: return true
        case .none: throw End(outcome: .permerror, reason: "no record where include:\(target) leads")
        default: return false
        }
    }

    private var family: AddressFamily { identity.client.isIPv4 ? .ipv4 : .ipv6 }

    private mutating func addresses(of name: String) async throws(End) -> [NetworkAddress] {
        guard DNSName.isName(name) else { return [] }
        return try values(await lookups.addresses(of: name, family), name)
    }

    private func covers(_ addresses: [NetworkAddress], _ prefixes: SPFPrefixes) -> Bool {
        let bits = identity.client.isIPv4 ? prefixes.ipv4 + 96 : prefixes.ipv6
        return addresses.contains { NetworkPrefix($0, bits: bits).contains(identity.client) }
    }

    /// §5.4: without exchangers there is no falling back to addresses.
    private mutating func matchesExchanger(_ name: String, _ prefixes: SPFPrefixes) async throws(End) -> Bool {
        guard DNSName.isName(name) else { return false }
        let exchangers = try values(await lookups.exchangers(of: name), "MX of \(name)")
        guard exchangers.count <= Self.mostNames else {
            throw End(outcome: .permerror, reason: "\(name) has more than 10 exchangers")
        }
        for exchanger in exchangers.sorted(by: { $0.preference < $1.preference }) where !exchanger.host.isEmpty {
            if covers(try await addresses(of: exchanger.host), prefixes) { return true }
        }
        return false
    }

    /// §5.5: names of the client that lead back to it. What the DNS does not answer is left out.
    private mutating func validatedNames() async throws(End) -> [String] {
        let answer = await lookups.names(of: identity.client)
        if case .failed = answer { return [] }
        var found: [String] = []
        for name in try values(answer, "PTR").prefix(Self.mostNames) {
            guard case .found(let addresses) = await lookups.addresses(of: name, family) else { continue }
            if addresses.contains(identity.client) { found.append(DNSName.plain(name)) }
        }
        return found
    }

    /// §7.3 `p`: the domain itself, a name below it, any other, or `unknown`.
    private mutating func validatedName() async throws(End) -> String {
        let names = try await validatedNames()
        let domain = values.domain
        return names.first { $0 == domain } ?? names.first { DNSName.isWithin($0, domain) } ?? names.first ?? "unknown"
    }
}
