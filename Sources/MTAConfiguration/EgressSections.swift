package import MailTypes
package import Measures
package import RunRecords

/// One entry of `egress_sources`: where connections to next hops come from.
package struct EgressSourceSection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var name = ""
    package var addresses: [NetworkAddress] = []
    package var ehloName: DomainName?
    package var port: Int?
    package var socks5: Endpoint?
    package var socks5User: String?
    package var socks5PasswordFile: String?
    package var haproxy: Endpoint?
    package var haproxySources: [NetworkAddress] = []
    package var suspendsWhenUnplumbed = false
    package var limits: LimitsOfSourceSection?
    package var limitsByDestination: LimitsOfSourceSection?

    package init() {}

    package static var keys: [ConfigurationKey<EgressSourceSection>] {
        [
            .value("name", \.name, "letters, digits, `.`, `-` and `_`", shown: "required"),
            .list(
                "addresses", \.addresses,
                "local addresses to send from, at most one of IPv4 and one of IPv6; hosts of another family are not tried",
                shown: "the system's choice"),
            .optional("ehlo_name", \.ehloName, "name in EHLO", shown: "as without sources"),
            .optional(
                "remote_port", \.port, "port of next hops, whatever port they have otherwise",
                shown: "theirs", check: MTAConfiguration.port),
            .optional("socks5", \.socks5, "proxy that connects for it (RFC 1928)", shown: "none"),
            .optional("socks5_user", \.socks5User, "user at the proxy (RFC 1929)", shown: "none"),
            .optional(
                "socks5_password_file", \.socks5PasswordFile, "file whose first line is the password", shown: "none"),
            .optional(
                "haproxy", \.haproxy,
                "proxy that is told in a PROXY header (version 2) where to connect and from which address",
                shown: "none"),
            .list(
                "haproxy_source_addresses", \.haproxySources,
                "addresses that the proxy is to connect from, at most one of each family", shown: "the proxy's choice"),
            .value(
                "suspend_when_unplumbed", \.suspendsWhenUnplumbed,
                "while this host has none of its addresses, its mail waits or leaves by the pool's other sources"),
            .optionalSection("limits", \.limits, "over everything that leaves by it"),
            .optionalSection("limits_by_destination", \.limitsByDestination, "from it to each destination"),
        ]
    }
}

/// One entry of `egress_pools`.
package struct EgressPoolSection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var name = ""
    package var sources: [PoolMemberSection] = []

    package init() {}

    package static var keys: [ConfigurationKey<EgressPoolSection>] {
        [
            .value("name", \.name, "letters, digits, `.`, `-` and `_`", shown: "required"),
            .sections("sources", \.sources, "they share its connections by their weights"),
        ]
    }
}

/// One entry of `sources` of a pool.
package struct PoolMemberSection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var source = ""
    package var weight = 1

    package init() {}

    package static var keys: [ConfigurationKey<PoolMemberSection>] {
        [
            .value("name", \.source, "one of `egress_sources`", shown: "required"),
            .value("weight", \.weight, "of as many connections as all weights add up to, so many", check: weight),
        ]
    }

    private static func weight(_ value: Int) throws(UnitFault) {
        guard (1...1_000_000).contains(value) else { throw UnitFault("expected 1 to 1000000") }
    }
}

/// One entry of `by_source` of a domain.
package struct LimitsBySourceSection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var source = ""
    package var values = LimitValues()

    package init() {}

    package static var keys: [ConfigurationKey<LimitsBySourceSection>] {
        [.value("source", \.source, "one of `egress_sources`", shown: "required")]
            + LimitsOfSourceSection.usualKeys(\.values)
    }
}

extension MTASettings {
    static var egressKeys: [ConfigurationKey<MTASettings>] {
        [
            .sections(
                "egress_sources", \.egressSources,
                "where connections to next hops come from ([EGRESS.md](EGRESS.md))"),
            .sections("egress_pools", \.egressPools, "sources that share mail by their weights"),
        ]
    }
}
