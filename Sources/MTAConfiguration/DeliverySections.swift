package import DeliveryQueue
package import MailTypes
package import Measures
package import RunRecords

/// Whether mail leaves encrypted.
package enum OutgoingTLS: String, ConfigurationChoice { case none, opportunistic, required, verified }

/// `dns`.
package struct DNSSection: ConfigurationSection {
    package enum Families: String, ConfigurationChoice { case both, ipv4, ipv6 }

    package var mapping: StrictMapping?
    package var servers: [String] = []
    package var isRecursive = false
    package var stubZones: [StubZoneSection] = []
    package var dnssec = true
    package var trustAnchor: String?
    package var timeout = HumanDuration(seconds: 10)
    package var families = Families.both
    package var prohibitedNetworks: [NetworkPrefix] = ["127.0.0.0/8", "0.0.0.0/8", "::1", "::"].map {
        NetworkPrefix($0)!
    }
    package var cacheEntries = 65_536
    package var cacheMinimum = HumanDuration(seconds: 30)
    package var cacheMaximum = HumanDuration(seconds: 86_400)

    package init() {}

    package static var keys: [ConfigurationKey<DNSSection>] {
        [
            .list("servers", \.servers, "name servers to ask, ADDRESS or ADDRESS@PORT", shown: "/etc/resolv.conf"),
            .value("recursive", \.isRecursive, "ask the root and follow, instead of asking `servers`"),
            .sections("stub_zones", \.stubZones, "zones with name servers of their own"),
            .value("dnssec", \.dnssec, "validate, where there is a trust anchor"),
            .optional("trust_anchor", \.trustAnchor, "file of the root's key", shown: "Debian's, if it is there"),
            .value("timeout", \.timeout, "for one look-up; then 451 4.4.3", check: positive),
            .value("ip", \.families, "addresses of exchangers that are used"),
            .list(
                "prohibited_networks", \.prohibitedNetworks,
                "no exchanger may be there: mail is not sent to this machine because a stranger's DNS says so"),
            .value("cache_entries", \.cacheEntries, "domains whose exchangers are remembered", check: atLeastOne),
            .value("cache_ttl_min", \.cacheMinimum, "remembered at least so long"),
            .value("cache_ttl_max", \.cacheMaximum, "and at most so long"),
        ]
    }
}

/// One entry of `stub_zones` of `dns`.
package struct StubZoneSection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var name = ""
    package var server = ""

    package init() {}

    package static var keys: [ConfigurationKey<StubZoneSection>] {
        [
            .value("name", \.name, "the zone", shown: "required"),
            .value("server", \.server, "its name server, ADDRESS or ADDRESS@PORT", shown: "required"),
        ]
    }
}

/// `delivery`.
package struct DeliverySection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var connections: Int?
    package var messagesPerConnection = 0
    package var rate: DeliveryRate?
    package var port = 25
    package var sources: [NetworkAddress] = []
    package var ehloName: DomainName?
    package var tls = OutgoingTLS.opportunistic
    package var tlsCA: String?
    package var obeysTLSRequired = false
    package var security = SecurityValues()
    package var egressPool: String?
    package var limits = LimitValues()
    package var hosts = HostValues()

    package init() {}

    package static var keys: [ConfigurationKey<DeliverySection>] {
        [
            .optional(
                "connections", \.connections, "to one destination at a time", shown: "no limit", check: atLeastOne),
            .value(
                "messages_per_connection", \.messagesPerConnection, "then it is closed; 0: no limit", check: notNegative
            ),
            .optional("rate", \.rate, "messages to one destination in a span of time", shown: "none"),
            .value("port", \.port, "of exchangers found by MX records", check: MTAConfiguration.port),
            .list("source_addresses", \.sources, "local addresses to send from, at most one of IPv4 and one of IPv6"),
            .optional("ehlo_name", \.ehloName, "name in EHLO", shown: "hostname"),
            .value(
                "tls", \.tls,
                "`opportunistic`: where offered, with any certificate; `required`: never in the clear; `verified`: with a certificate valid for the host's name"
            ),
            .value(
                "tls_required_header", \.obeysTLSRequired,
                "mail whose header says `TLS-Required: No` goes in the clear rather than not at all, whatever `tls`, `dane` and `mta_sts` say (RFC 8689 §5)"
            ),
            .optional("tls_ca", \.tlsCA, "PEM file of who may have signed it", shown: "the system's").needingRestart,
            .optional(
                "egress_pool", \.egressPool, "sources that mail leaves by, one of `egress_pools`", shown: "none"),
        ] + LimitValues.keys(\.limits) + HostValues.keys(\.hosts) + SecurityValues.keys(\.security)
    }
}

/// One entry of `domains`. What is not said is as for all.
package struct DomainSection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var name: DomainName?
    package var nextHop: NextHop?
    package var connections: Int?
    package var messagesPerConnection: Int?
    package var rate: DeliveryRate?
    package var port: Int?
    package var sources: [NetworkAddress] = []
    package var ehloName: DomainName?
    package var tls: OutgoingTLS?
    package var security = SecurityValues()
    package var retryFirst: HumanDuration?
    package var retryFactor: Double?
    package var retryCap: HumanDuration?
    package var retryMaxAge: HumanDuration?
    package var delayWarning: HumanDuration?
    package var egressPool: String?
    package var limits = LimitValues()
    package var bySource: [LimitsBySourceSection] = []
    package var hosts = HostValues()

    package init() {}

    package static var keys: [ConfigurationKey<DomainSection>] {
        let usual = "as for all"
        return [
            .optional("name", \.name, "the domain", shown: "required"),
            .optional(
                "next_hop", \.nextHop,
                "where its mail goes; `lmtp:HOST:PORT` to a mailbox server, `mx` by its MX records",
                shown: usual),
            .optional("connections", \.connections, "at a time, over all event loops", shown: usual, check: upTo10000),
            .optional(
                "messages_per_connection", \.messagesPerConnection, "then it is closed; 0: no limit", shown: usual,
                check: notNegative),
            .optional(
                "rate", \.rate,
                "messages begun in a span of time; `,max_burst=N` behind it: so many at once, else a quarter of a second's worth",
                shown: usual),
            .optional("port", \.port, "of its exchangers", shown: usual, check: MTAConfiguration.port),
            .list("source_addresses", \.sources, "local addresses to send from", shown: usual),
            .optional("ehlo_name", \.ehloName, "name in EHLO", shown: usual),
            .optional("tls", \.tls, "as in `delivery`", shown: usual),
            .optional("retry_first", \.retryFirst, "as at the top", shown: usual, check: positive),
            .optional("retry_factor", \.retryFactor, "as at the top", shown: usual, check: factor),
            .optional("retry_cap", \.retryCap, "as at the top", shown: usual, check: positive),
            .optional("retry_max_age", \.retryMaxAge, "as at the top", shown: usual, check: positive),
            .optional("delay_warning", \.delayWarning, "as at the top", shown: usual, check: positive),
            .optional("egress_pool", \.egressPool, "sources that its mail leaves by", shown: usual),
            .sections("by_source", \.bySource, "limits of single sources to this domain"),
        ] + LimitValues.keys(\.limits, shown: usual) + HostValues.keys(\.hosts, shown: usual)
            + SecurityValues.keys(\.security, shown: usual)
    }

    private static func upTo10000(_ value: Int) throws(UnitFault) {
        guard (1...10_000).contains(value) else { throw UnitFault("expected 1 to 10000") }
    }
}

/// `next_hop` of a domain.
package enum NextHop: Hashable, Sendable, ConfigurationValue {
    case smtp(Endpoint)
    case lmtp(Endpoint)
    case exchangers

    package static var form: String { "HOST:PORT or lmtp:HOST:PORT or mx" }
    package init(written text: String) throws(UnitFault) {
        if text == "mx" {
            self = .exchangers
            return
        }
        let isLMTP = text.hasPrefix("lmtp:")
        do throws(UnitFault) {
            let endpoint = try Endpoint(parsing: isLMTP ? String(text.dropFirst(5)) : text, flag: "")
            self = isLMTP ? .lmtp(endpoint) : .smtp(endpoint)
        } catch {
            throw UnitFault("expected HOST:PORT, lmtp:HOST:PORT or mx")
        }
    }
    package var written: String {
        switch self {
        case .smtp(let endpoint): endpoint.description
        case .lmtp(let endpoint): "lmtp:\(endpoint)"
        case .exchangers: "mx"
        }
    }
}

/// One entry of `dkim`.
package struct DKIMSection: ConfigurationSection {
    package enum Form: String, ConfigurationChoice { case simple, relaxed }

    package var mapping: StrictMapping?
    package var domain: DomainName?
    package var selector = ""
    package var key = ""
    package var headers: [String] = []
    package var overSigned = ["From"]
    package var headerForm = Form.relaxed
    package var bodyForm = Form.relaxed
    package var expiresAfter: HumanDuration?
    package var coversSubdomains = false
    package var identity: String?

    package init() {}

    package static var keys: [ConfigurationKey<DKIMSection>] {
        [
            .optional("domain", \.domain, "d=, and the domain in From that is signed", shown: "required"),
            .value("selector", \.selector, "selector of the public key (s=)", shown: "required"),
            .value(
                "key", \.key, "PEM file, RSA or Ed25519; several entries of a domain are several signatures",
                shown: "required"),
            .list("headers", \.headers, "fields that are signed", shown: "those of RFC 6376 §5.4.1 and of lists"),
            .list(
                "over_sign", \.overSigned, "fields that nobody may add one of (signed once more than they are there)"),
            .value("header_canonicalization", \.headerForm, "how much the header may be changed on its way (c=)"),
            .value("body_canonicalization", \.bodyForm, "how much the body may be changed on its way (c=)"),
            .optional(
                "expires_after", \.expiresAfter, "how long the signature holds (x=)", shown: "never", check: positive),
            .value("subdomains", \.coversSubdomains, "mail from below the domain is signed, too"),
            .optional("identity", \.identity, "who signs within the domain (i=)", shown: "none"),
        ]
    }
}
