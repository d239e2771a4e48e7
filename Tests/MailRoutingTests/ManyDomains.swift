import MailRouting

/// Ten thousand domains of ten kinds, with what must come out for each.
enum ManyDomains {
    static let count = 10_000

    static var zone: String {
        var lines = [
            "$ORIGIN test.", "$TTL 3600", "@ SOA ns.test. root.test. 1 3600 600 86400 300", "@ NS ns.test.",
            "ns A 127.0.0.1", "alias.mx CNAME h7.mx.test.",
        ]
        for host in 0..<100 {
            lines.append("h\(host).mx A 192.0.2.\(host + 1)")
            if host % 4 == 0 { lines.append("h\(host).mx AAAA 2001:db8::\(host + 1)") }
        }
        for index in 0..<count { lines += records(index) }
        return lines.joined(separator: "\n") + "\n"
    }

    static func name(_ index: Int) -> String { "d\(index).test" }

    private static func records(_ index: Int) -> [String] {
        let (first, second) = (index / 10 % 100, (index / 10 + 1) % 100)
        let name = "d\(index)"
        switch index % 10 {
        case 0: return ["\(name) MX 10 h\(first).mx.test."]
        case 1: return ["\(name) MX 20 h\(first).mx.test.", "\(name) MX 10 h\(second).mx.test."]
        case 2: return ["\(name) MX 10 h\(first).mx.test.", "\(name) MX 10 h\(second).mx.test."]
        case 3: return ["\(name) MX 0 ."]
        case 4: return ["\(name) A 198.51.100.\(first + 1)"]
        case 5: return ["\(name) AAAA 2001:db8:1::\(first + 1)"]
        case 6: return ["\(name) CNAME d\(index - 6)"]
        case 7: return ["\(name) MX 10 alias.mx.test."]
        case 8: return ["\(name) MX 5 gone.mx.test.", "\(name) MX 10 h\(first).mx.test."]
        default: return ["\(name) MX 5 gone.mx.test."]
        }
    }

    private static func addresses(_ host: Int) -> [String] {
        (host % 4 == 0 ? ["2001:db8::\(host + 1)"] : []) + ["192.0.2.\(host + 1)"]
    }

    /// Nil if the outcome is right; otherwise what is wrong.
    static func mistake(_ index: Int, _ outcome: ExchangerOutcome) -> String? {
        let (first, second) = (index / 10 % 100, (index / 10 + 1) % 100)
        let (one, two) = (addresses(first), addresses(second))
        let allowed: [[String]]
        switch index % 10 {
        case 0, 6, 8: allowed = [one]
        case 1: allowed = [two + one]
        case 2: allowed = [one + two, two + one]
        case 3, 9:
            let wanted: UInt16 = index % 10 == 3 ? 556 : 550
            guard case .permanent(let reply) = outcome, reply.code == wanted else {
                return "\(name(index)): \(outcome)"
            }
            return nil
        case 4: allowed = [["198.51.100.\(first + 1)"]]
        case 5: allowed = [["2001:db8:1::\(String(first + 1))"]]
        default: allowed = [["192.0.2.8"]]
        }
        guard case .hosts(_, let found) = outcome, allowed.contains(found.map { $0.address.ipAddress ?? "" }) else {
            return "\(name(index)): \(outcome), expected \(allowed)"
        }
        return nil
    }
}
