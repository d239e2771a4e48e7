import MailTypes
package import Measures

/// Domains by pattern and their mail exchangers: a zone of any number of names that nobody had to write down.
///
///     *.bulk.test=mx*.sink.test@127.0.1.1-127.0.20.250
///
/// Every domain that matches has one MX record, `mxN.sink.test`, whose `N` and address the domain's name decides. Without
/// a range and `*` all domains share the host; several hosts, separated by commas, have the preferences 10, 20, ….
package struct TestZone: Sendable, Hashable {
    private struct Exchanger: Hashable {
        /// Around the number.
        var prefix: String
        var suffix: String?
        var first: NetworkAddress
        var count: Int

        func index(of domain: String) -> Int {
            // FNV-1a: the same everywhere and always.
            var hash: UInt64 = 0xCBF2_9CE4_8422_2325
            for byte in domain.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
            return Int((hash ^ hash >> 29) % UInt64(count))
        }

        func host(_ index: Int) -> String { suffix.map { "\(prefix)\(index)\($0)" } ?? prefix }

        func address(_ index: Int) -> NetworkAddress {
            NetworkAddress(high: first.high, low: first.low + UInt64(index))
        }

        func index(ofHost name: String) -> Int? {
            guard let suffix else { return name == prefix ? 0 : nil }
            guard name.hasPrefix(prefix), name.hasSuffix(suffix), name.count > prefix.count + suffix.count else {
                return nil
            }
            let digits = name.dropFirst(prefix.count).dropLast(suffix.count)
            guard digits.allSatisfy(\.isNumber), let index = Int(digits), index < count, String(index) == digits else {
                return nil
            }
            return index
        }
    }
    private struct Rule: Hashable {
        var text: String
        var pattern: GlobPattern
        var exchangers: [Exchanger]
    }

    private var rules: [Rule] = []
    /// Of the exchangers' public key, for TLSA; nil: there are no such records.
    package var publicKeyDigest: [UInt8]?
    /// What every domain's TXT record says.
    package var senderPolicy = "v=spf1 ip4:127.0.0.0/8 ip6:::1 -all"

    package init() {}
    package var isEmpty: Bool { rules.isEmpty }

    private static let form =
        "expected PATTERN=HOST@ADDRESS, such as '*.bulk.test=mx*.sink.test@127.0.1.1-127.0.20.250'"

    /// - Parameter text: `PATTERN=HOST@ADDRESS[-ADDRESS],…`.
    package mutating func add(_ text: String) throws(UnitFault) {
        let sides = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard sides.count == 2 else { throw UnitFault("--zone \(text.debugDescription): \(Self.form)") }
        var exchangers: [Exchanger] = []
        for part in sides[1].split(separator: ",") { exchangers.append(try Self.exchanger(part, of: text)) }
        let name = Self.bare(sides[0])
        // What a pattern leaves open could be a letter.
        guard HostText.isHost(String(name.map { "*?".contains($0) ? "x" : $0 })), !exchangers.isEmpty else {
            throw UnitFault("--zone \(text.debugDescription): \(Self.form)")
        }
        rules.append(Rule(text: name, pattern: GlobPattern(name), exchangers: exchangers))
    }

    private static func exchanger(_ part: Substring, of text: String) throws(UnitFault) -> Exchanger {
        let fault = UnitFault("--zone '\(text)': \(form)")
        let sides = part.split(separator: "@", omittingEmptySubsequences: false)
        guard sides.count == 2, !sides[0].isEmpty else { throw fault }
        let bounds = sides[1].split(separator: "-", omittingEmptySubsequences: false).map { NetworkAddress(String($0)) }
        guard (1...2).contains(bounds.count), let first = bounds[0], let last = bounds.last!, first.high == last.high,
            first.low <= last.low, last.low - first.low < 1_000_000
        else { throw fault }
        let count = Int(last.low - first.low) + 1
        let halves = bare(String(sides[0])).split(separator: "*", omittingEmptySubsequences: false).map(String.init)
        guard halves.count <= 2, (halves.count == 2) == (count > 1) else {
            throw UnitFault("--zone '\(text)': a host has one '*' where there is a range of addresses, and only there")
        }
        let exchanger = Exchanger(
            prefix: halves[0], suffix: halves.count == 2 ? halves[1] : nil, first: first, count: count)
        guard HostText.isHost(exchanger.host(count - 1)) else {
            throw UnitFault(
                "--zone \(text.debugDescription): '\(sides[0])' is no host name: labels of letters, digits and hyphens, "
                    + "63 octets at most")
        }
        return exchanger
    }

    private static func bare(_ name: String) -> String {
        let lower = name.lowercased()
        return lower.hasSuffix(".") ? String(lower.dropLast()) : lower
    }

    /// Names that a certificate for all exchangers needs: a host with a number stands for its whole label.
    package var certificateNames: [String] {
        rules.flatMap(\.exchangers).map { exchanger in
            guard let suffix = exchanger.suffix else { return exchanger.prefix }
            let tail = suffix.drop { $0 != "." }
            return exchanger.prefix.contains(".") || tail.isEmpty ? exchanger.host(0) : "*" + tail
        }
    }

    // MARK: Answers

    package func answer(_ query: DNSQuery) -> DNSAnswer {
        let name = query.name
        var answer = DNSAnswer()
        // No transfers of a zone that nobody wrote down (IXFR 251, AXFR 252).
        guard query.questionClass == 1 || query.questionClass == 255, !(251...252).contains(query.type) else {
            answer.code = 5
            return answer
        }
        if let found = records(of: name) {
            answer.answers = found.filter { query.type == 255 || $0.type == query.type }
            answer.additional = answer.answers.flatMap { addresses(of: $0) }
        } else if !isAncestor(name) {
            answer.code = 3
        }
        if answer.answers.isEmpty { answer.authority = [authority(of: query)] }
        return answer
    }

    /// Nil: there is no such name.
    private func records(of name: String) -> [DNSRecord]? {
        if let address = address(ofHost: name) { return [DNSRecord(.address(address))] }
        if let host = Self.host(ofService: name) {
            guard address(ofHost: host) != nil, let publicKeyDigest else { return nil }
            return [DNSRecord(.tlsa(publicKeyDigest))]
        }
        // What begins with an underscore is a service's name, not a domain with mail.
        guard !name.hasPrefix("_"), let rule = rules.first(where: { $0.pattern.matches(name.utf8) }) else { return nil }
        let exchangers = rule.exchangers.enumerated().map { position, exchanger in
            DNSRecord(
                .exchanger(
                    preference: UInt16(10 * min(position + 1, 6000)), host: exchanger.host(exchanger.index(of: name))))
        }
        return exchangers + [DNSRecord(.text(senderPolicy))]
    }

    private func address(ofHost name: String) -> NetworkAddress? {
        for rule in rules {
            for exchanger in rule.exchangers {
                if let index = exchanger.index(ofHost: name) { return exchanger.address(index) }
            }
        }
        return nil
    }

    private func addresses(of record: DNSRecord) -> [DNSRecord] {
        guard case .exchanger(_, let host) = record.value, let address = address(ofHost: host) else { return [] }
        return [DNSRecord(owner: host, .address(address))]
    }

    /// The host of `_25._tcp.mx.test`; any port, since a sink listens on any.
    private static func host(ofService name: String) -> String? {
        let labels = name.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        guard labels.count == 3, labels[0].first == "_", labels[1] == "_tcp",
            let port = UInt16(labels[0].dropFirst()), "_\(port)" == labels[0]
        else { return nil }
        return String(labels[2])
    }

    /// Names above those that there are exist and have nothing (RFC 8020): a resolver that asks label by label must not
    /// hear that there is nothing below.
    private func isAncestor(_ name: String) -> Bool {
        if name.isEmpty { return true }
        let names = rules.flatMap { rule in [rule.text] + rule.exchangers.map { $0.prefix + "*" + ($0.suffix ?? "") } }
        return names.contains { text in
            let labels = text.split(separator: ".", omittingEmptySubsequences: false)
            let wild = labels.lastIndex { $0.contains("*") || $0.contains("?") } ?? 0
            let tail = labels[(wild + 1)...].joined(separator: ".")
            return tail == name || tail.hasSuffix("." + name)
        } || Self.serviceParents.contains { name.hasPrefix($0) }
    }

    private static let serviceParents = ["_tcp."]

    private func authority(of query: DNSQuery) -> DNSRecord {
        DNSRecord(owner: query.labels.last.map { String(decoding: $0, as: UTF8.self) } ?? "", .startOfAuthority)
    }
}
