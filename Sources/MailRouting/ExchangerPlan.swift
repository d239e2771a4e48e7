package import MailTypes

/// Which hosts take a domain's mail, in which order: what MX records say, without their addresses (RFC 5321 §5.1).
package struct ExchangerPlan: Sendable, Hashable {
    /// Hosts considered; more are left out, the worst first.
    package static let mostHosts = 50

    /// The best first; those of one preference in the order of the dice.
    package var hosts: [String]
    /// Of each host: 0 for those of the best preference, 1 for the next.
    package var ranks: [Int]
    /// What domains with the same exchangers have in common.
    package var site: String
    package var isSecure: Bool
    /// The domain is an alias of this name, says DNSSEC.
    package var alias: String?

    package enum Outcome: Sendable, Hashable {
        case plan(ExchangerPlan)
        /// The domain itself is the exchanger, if it has an address (§5.1: implicit MX).
        case implicit
        case permanent(SMTPReply)
        case temporary(SMTPReply)
    }

    /// - Parameters:
    ///   - ownNames: this host's, lower case.
    ///   - seed: for the order of hosts of one preference.
    package static func make(
        _ domain: String, _ answer: DNSAnswer, ownNames: Set<String>, seed: UInt64
    ) -> Outcome {
        switch answer.status {
        case .failed(let text): return .temporary(.init(451, .init(4, 4, 3), "Name service for \(domain): \(text)"))
        case .noName: return .permanent(.init(550, .init(5, 1, 2), "Domain \(domain) does not exist"))
        case .noData: return .implicit
        case .found: break
        }
        let records = answer.records.compactMap { MXRecord($0) }
        guard !records.isEmpty else {
            return .permanent(.init(550, .init(5, 4, 4), "No exchanger of \(domain) has a valid name"))
        }
        // RFC 7505 §3: a single root says that there is no mail; beside others it says nothing.
        let named = records.filter { !$0.host.isEmpty }
        guard !named.isEmpty else {
            return .permanent(.init(556, .init(5, 1, 10), "Domain \(domain) does not accept mail (null MX)"))
        }
        let groups = withoutLoop(ordered(named), ownNames)
        guard !groups.isEmpty else {
            return .permanent(.init(554, .init(5, 4, 6), "Mail for \(domain) loops back to this host"))
        }
        var dice = SplitMix(state: seed)
        let ranked = groups.enumerated().flatMap { rank, hosts in
            hosts.shuffled(using: &dice).map { (host: $0, rank: rank) }
        }.prefix(mostHosts)
        return .plan(
            ExchangerPlan(
                hosts: ranked.map(\.host), ranks: ranked.map(\.rank), site: SiteName.text(groups),
                isSecure: answer.isSecure, alias: answer.secureAlias))
    }

    /// Hosts by preference, the best first, sorted within; each host once, at its best.
    private static func ordered(_ records: [MXRecord]) -> [[String]] {
        var best: [String: Int] = [:]
        for record in records { best[record.host] = min(best[record.host] ?? .max, record.preference) }
        return Dictionary(grouping: best.keys) { best[$0]! }.sorted { $0.key < $1.key }.map { $0.value.sorted() }
    }

    /// RFC 5321 §5.1: where this host is an exchanger itself, it and all that are not better are left out.
    private static func withoutLoop(_ groups: [[String]], _ ownNames: Set<String>) -> [[String]] {
        guard let own = groups.firstIndex(where: { $0.contains { ownNames.contains($0) } }) else { return groups }
        return Array(groups[..<own])
    }
}

/// A small random generator, so that the order of hosts follows from a seed (Steele, Lea, Flood 2014).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}
