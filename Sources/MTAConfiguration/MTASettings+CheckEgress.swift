import DeliveryQueue
import MailTypes
import RunRecords

// Sources, pools and who uses them.
extension MTASettings {
    /// More of either are refused: each connection looks at all sources of its pool.
    static let mostSources = 1_000
    /// RFC 1929 §2: one octet of length.
    private static let mostCredentialOctets = 255

    func checkEgress(_ probe: any FileProbe, _ faults: inout [RecordFault]) {
        var seen: Set<String> = []
        for source in egressSources {
            checkName(source.name, source.mapping, &seen, &faults)
            check(source, probe, &faults)
        }
        seen = []
        for pool in egressPools {
            checkName(pool.name, pool.mapping, &seen, &faults)
            check(pool, &faults)
        }
        for (key, count) in [("egress_sources", egressSources.count), ("egress_pools", egressPools.count)]
        where count > Self.mostSources {
            note(&faults, mapping, key, "\(count) entries, at most \(Self.mostSources)")
        }
        checkUses(&faults)
    }

    private func checkName(
        _ name: String, _ mapping: StrictMapping?, _ seen: inout Set<String>, _ faults: inout [RecordFault]
    ) {
        if name.isEmpty {
            note(&faults, mapping, "name", "is missing")
        } else if !QueueName.isNameOfPool(name) {
            note(&faults, mapping, "name", "'\(name)': expected at most 64 letters, digits, '.', '-' and '_'")
        } else if !seen.insert(name).inserted {
            note(&faults, mapping, "name", "'\(name)' appears twice")
        }
    }

    private func check(_ source: EgressSourceSection, _ probe: any FileProbe, _ faults: inout [RecordFault]) {
        for (key, addresses) in [("addresses", source.addresses), ("haproxy_source_addresses", source.haproxySources)]
        where addresses.count(where: \.isIPv4) > 1 || addresses.count(where: { !$0.isIPv4 }) > 1 {
            note(&faults, source.mapping, key, "at most one IPv4 and one IPv6 address")
        }
        if source.socks5 != nil, source.haproxy != nil {
            note(&faults, source.mapping, "haproxy", "there is a `socks5` proxy already")
        }
        if source.haproxy == nil, !source.haproxySources.isEmpty {
            note(&faults, source.mapping, "haproxy_source_addresses", "needs `haproxy`")
        }
        if source.suspendsWhenUnplumbed, source.addresses.isEmpty {
            note(&faults, source.mapping, "suspend_when_unplumbed", "needs `addresses`")
        }
        checkCredentials(source, probe, &faults)
    }

    private func checkCredentials(
        _ source: EgressSourceSection, _ probe: any FileProbe, _ faults: inout [RecordFault]
    ) {
        let keys = [("socks5_user", source.socks5User), ("socks5_password_file", source.socks5PasswordFile)]
        for (key, value) in keys where value != nil && source.socks5 == nil {
            note(&faults, source.mapping, key, "needs `socks5`")
        }
        if (source.socks5User == nil) != (source.socks5PasswordFile == nil) {
            let isUser = source.socks5User == nil
            note(
                &faults, source.mapping, isUser ? "socks5_user" : "socks5_password_file", "is missing beside the other")
        }
        if source.socks5User?.utf8.count ?? 0 > Self.mostCredentialOctets {
            note(&faults, source.mapping, "socks5_user", "expected at most 255 octets (RFC 1929 §2)")
        }
        guard let file = source.socks5PasswordFile else { return }
        switch probe.text(file).map(Self.password(in:)) {
        case nil: note(&faults, source.mapping, "socks5_password_file", "'\(file)' cannot be read")
        case let password? where !(1...Self.mostCredentialOctets).contains(password.utf8.count):
            note(
                &faults, source.mapping, "socks5_password_file",
                "'\(file)': expected 1 to 255 octets on its first line (RFC 1929 §2)")
        default: break
        }
    }

    /// The first line of a file.
    package static func password(in text: String) -> String {
        String(text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false).first ?? "")
    }

    private func check(_ pool: EgressPoolSection, _ faults: inout [RecordFault]) {
        if pool.sources.isEmpty { note(&faults, pool.mapping, "sources", "is missing: a pool has at least one source") }
        var seen: Set<String> = []
        for member in pool.sources {
            checkSource(member.source, "name", member.mapping, &faults)
            if !seen.insert(member.source).inserted {
                note(&faults, member.mapping, "name", "'\(member.source)' appears twice")
            }
        }
    }

    private func checkSource(
        _ name: String, _ key: String, _ mapping: StrictMapping?, _ faults: inout [RecordFault]
    ) {
        checkKnown(name, egressSources.map(\.name), "source", key, mapping, &faults)
    }

    private func checkUses(_ faults: inout [RecordFault]) {
        let pools = egressPools.map(\.name)
        for (name, section) in [(delivery.egressPool, delivery.mapping)] + domains.map({ ($0.egressPool, $0.mapping) })
        {
            if let name { checkKnown(name, pools, "pool", "egress_pool", section, &faults) }
        }
        for domain in domains {
            for entry in domain.bySource { checkSource(entry.source, "source", entry.mapping, &faults) }
        }
    }

    func checkPool(_ name: String?, _ mapping: StrictMapping?, _ faults: inout [RecordFault]) {
        if let name { checkKnown(name, egressPools.map(\.name), "pool", "egress_pool", mapping, &faults) }
    }

    private func checkKnown(
        _ name: String, _ names: [String], _ kind: String, _ key: String, _ mapping: StrictMapping?,
        _ faults: inout [RecordFault]
    ) {
        guard !names.contains(name) else { return }
        if name.isEmpty { return note(&faults, mapping, key, "is missing") }
        let known = names.isEmpty ? "there are none" : "there are \(names.prefix(20).joined(separator: ", "))"
        note(
            &faults, mapping, key,
            "no egress \(kind) is named '\(name)'\(StrictMapping.suggestion(name, names)); \(known)")
    }
}
