import MailTypes
package import RunRecords

// What single values cannot show: names that lead nowhere, keys that want one another, and an open relay.
extension MTASettings {
    /// Everything that is wrong with the settings together.
    package func check(_ probe: any FileProbe) -> [RecordFault] {
        var faults: [RecordFault] = []
        checkNames(&faults)
        for listener in listeners { check(listener, &faults) }
        checkAddresses(&faults)
        checkRelaying(&faults)
        for entry in tls { check(entry, probe, &faults) }
        checkDomains(&faults)
        checkEgress(probe, &faults)
        checkSenders(&faults)
        checkSecurity(probe, &faults)
        for entry in dkim { check(entry, probe, &faults) }
        checkOperation(probe, &faults)
        checkEvents(probe, &faults)
        checkReports(probe, &faults)
        checkAdmin(&faults)
        checkProduction(&faults)
        checkVerification(probe, &faults)
        return faults
    }

    /// What is allowed and perhaps not meant.
    package func warnings(_ probe: any FileProbe) -> [String] {
        let outgoing = ([delivery.security] + domains.map(\.security)).compactMap(\.key).map { ("tls_key", $0) }
        let keys = tls.map { ("tls", $0.key) } + dkim.map { ("dkim", $0.key) } + outgoing
        return Set(
            keys.filter { probe.isWorldReadable($0.1) }.map { "\($0.1): the private key is readable by everyone" }
        )
        .sorted()
    }

    func note(_ faults: inout [RecordFault], _ mapping: StrictMapping?, _ key: String, _ text: String) {
        faults.append(mapping?.fault(key, text) ?? RecordFault("key '\(key)': \(text)"))
    }

    private func checkNames(_ faults: inout [RecordFault]) {
        var seen: Set<String> = []
        for entry in tls {
            if entry.name.isEmpty { note(&faults, entry.mapping, "name", "is missing") }
            if !seen.insert(entry.name).inserted {
                note(&faults, entry.mapping, "name", "'\(entry.name)' appears twice")
            }
        }
        seen = []
        for entry in listeners {
            if entry.name.isEmpty { note(&faults, entry.mapping, "name", "is missing") }
            if !seen.insert(entry.name).inserted {
                note(&faults, entry.mapping, "name", "'\(entry.name)' appears twice")
            }
        }
    }

    private func checkTLSName(_ name: String, _ mapping: StrictMapping?, _ faults: inout [RecordFault]) {
        let names = tls.map(\.name)
        guard !names.contains(name) else { return }
        let known = names.isEmpty ? "there are none" : "there are \(names.joined(separator: ", "))"
        note(
            &faults, mapping, "tls",
            "no certificate is named '\(name)'\(StrictMapping.suggestion(name, names)); \(known)")
    }

    private func check(_ listener: ListenerSection, _ faults: inout [RecordFault]) {
        if listener.address == nil { note(&faults, listener.mapping, "address", "is missing") }
        if let name = listener.tls { checkTLSName(name, listener.mapping, &faults) }
        if listener.tls == nil {
            if listener.service == .submissions {
                note(&faults, listener.mapping, "tls", "is missing: submissions begins with TLS")
            }
            if listener.requiresTLS { note(&faults, listener.mapping, "tls_required", "needs `tls`") }
            if !(listener.auth ?? []).isEmpty {
                note(&faults, listener.mapping, "auth", "is offered over TLS only: needs `tls`")
            }
            if listener.service == .submission {
                note(&faults, listener.mapping, "tls", "is missing: submission wants AUTH, and AUTH wants TLS")
            }
        }
        if listener.isAuthRequired, listener.mechanisms.isEmpty {
            note(&faults, listener.mapping, "auth_required", "needs `auth`")
        }
        if !listener.mechanisms.isEmpty, users == nil {
            note(&faults, listener.mapping, "auth", "needs `users`: the file of users and hashes")
        }
        if listener.futureRelease != nil, listener.service != .submission, listener.service != .submissions {
            note(&faults, listener.mapping, "future_release", "is for submission and submissions (RFC 4865 §4.2)")
        }
        if let least = listener.deliverBy, least.seconds > 999_999_999 {
            note(&faults, listener.mapping, "deliver_by", "expected at most 999999999s (RFC 2852 §3)")
        }
        if listener.hasProxyHeader, listener.proxyNetworks.isEmpty {
            note(&faults, listener.mapping, "proxy_networks", "is missing: who may send PROXY headers")
        }
        for network in listener.networks where network.network == nil {
            note(&faults, network.mapping, "network", "is missing")
        }
    }

    private func checkAddresses(_ faults: inout [RecordFault]) {
        var seen: Set<String> = []
        for listener in listeners {
            guard let address = listener.address, address.port != 0 else { continue }
            if !seen.insert(address.description).inserted {
                note(&faults, listener.mapping, "address", "'\(address)' is another listener's, too")
            }
        }
    }

    /// Whole parts of the Internet are nobody's own clients.
    private func checkRelaying(_ faults: inout [RecordFault]) {
        for (index, network) in relayNetworks.enumerated() {
            let isIPv4 = network.address.isIPv4
            guard network.length < (isIPv4 ? 96 + 8 : 16) else { continue }
            let text = "'\(network)' would make an open relay: expected \(isIPv4 ? "/8" : "/16") or longer"
            faults.append(mapping?.fault("relay_networks", item: index, text) ?? RecordFault(text))
        }
        for (index, domain) in relayDomains.enumerated() {
            let name = domain.hasPrefix(".") ? String(domain.dropFirst()) : domain
            let isName = (try? DomainName(written: name)) != nil && name.contains { $0 != "." }
            if !isName {
                faults.append(
                    mapping?.fault("relay_domains", item: index, "'\(domain)': expected example.org or .example.org")
                        ?? RecordFault(domain))
            }
        }
    }

    private func check(_ entry: TLSSection, _ probe: any FileProbe, _ faults: inout [RecordFault]) {
        for (key, path) in [("certificate", entry.certificate), ("key", entry.key)] {
            if path.isEmpty {
                note(&faults, entry.mapping, key, "is missing")
            } else if probe.text(path) == nil {
                note(&faults, entry.mapping, key, "'\(path)' \(probe.unreadable(path))")
            }
        }
        if entry.clientCertificates != .none, entry.clientCA == nil {
            note(&faults, entry.mapping, "client_ca", "is missing: who may have signed client certificates")
        }
        if let file = entry.clientCA, probe.text(file) == nil {
            note(&faults, entry.mapping, "client_ca", "'\(file)' \(probe.unreadable(file))")
        }
    }

    private func checkDomains(_ faults: inout [RecordFault]) {
        var seen: Set<String> = []
        for domain in domains {
            guard let name = domain.name?.text else {
                note(&faults, domain.mapping, "name", "is missing")
                continue
            }
            if !seen.insert(name).inserted { note(&faults, domain.mapping, "name", "'\(name)' appears twice") }
            if Set(domain.nextHops.map(\.kind)).count > 1 || domain.nextHops.count > 1 && domain.nextHops[0].kind == 2 {
                note(&faults, domain.mapping, "next_hop", "several are all HOST:PORT or all lmtp:HOST:PORT")
            }
        }
        for (section, sources) in [(delivery.mapping, delivery.sources)] + domains.map({ ($0.mapping, $0.sources) }) {
            if sources.count(where: \.isIPv4) > 1 || sources.count(where: { !$0.isIPv4 }) > 1 {
                note(&faults, section, "source_addresses", "at most one IPv4 and one IPv6 address")
            }
        }
    }

    private func check(_ entry: DKIMSection, _ probe: any FileProbe, _ faults: inout [RecordFault]) {
        if entry.domain == nil { note(&faults, entry.mapping, "domain", "is missing") }
        let names = (entry.headers.isEmpty ? ["From"] : entry.headers) + entry.overSigned
        if !names.contains(where: { $0.lowercased() == "from" }) {
            note(&faults, entry.mapping, "headers", "From has to be among them (RFC 6376 §5.4)")
        }
        if entry.selector.isEmpty { note(&faults, entry.mapping, "selector", "is missing") }
        if entry.key.isEmpty {
            note(&faults, entry.mapping, "key", "is missing")
        } else if probe.text(entry.key) == nil {
            note(&faults, entry.mapping, "key", "'\(entry.key)' \(probe.unreadable(entry.key))")
        }
    }

    private func checkOperation(_ probe: any FileProbe, _ faults: inout [RecordFault]) {
        for (key, file) in [("users", users), ("api_keys", http?.apiKeys)] {
            guard let file, probe.text(file) == nil else { continue }
            note(&faults, key == "users" ? mapping : http?.mapping, key, "'\(file)' \(probe.unreadable(file))")
        }
        if let name = http?.tls { checkTLSName(name, http?.mapping, &faults) }
        for zone in dns.stubZones where zone.name.isEmpty || zone.server.isEmpty {
            note(&faults, zone.mapping, zone.name.isEmpty ? "name" : "server", "is missing")
        }
    }
}
