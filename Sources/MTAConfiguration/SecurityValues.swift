package import Measures
package import RunRecords

/// How connections are secured beyond `tls`, as the file says it: in `delivery`, and for a domain.
package struct SecurityValues {
    package var dane: Bool?
    package var mtaSTS: Bool?
    package var rememberBrokenTLS: HumanDuration?
    package var certificate: String?
    package var key: String?
    package var minimumVersion: TLSSection.Version?
    package var ciphers: [CipherSuite] = []
    package var auth: HopLoginSection?
    package var timeouts: TimeoutsSection?

    package init() {}

    /// - Parameter shown: how the reference shows what a domain does not say; nil: these are the keys for all.
    static func keys<Section>(
        _ path: WritableKeyPath<Section, SecurityValues>, shown: String? = nil
    ) -> [ConfigurationKey<Section>] {
        [
            .optional(
                "dane", path.appending(path: \.dane),
                "hosts with TLSA records that DNSSEC vouches for must match them, never in the clear (RFC 7672)",
                shown: shown ?? "false"),
            .optional(
                "mta_sts", path.appending(path: \.mtaSTS),
                "MTA-STS policies of recipients' domains are followed (RFC 8461)", shown: shown ?? "false"),
            .optional(
                "remember_broken_tls", path.appending(path: \.rememberBrokenTLS),
                "how long a host is used in the clear after a failed handshake, where TLS need not be; 0s: not at all",
                shown: shown ?? "1h", check: upToAMonth),
            .optional(
                "tls_certificate", path.appending(path: \.certificate),
                "PEM file that is shown to next hops that ask for a certificate", shown: shown ?? "none"),
            .optional("tls_key", path.appending(path: \.key), "PEM file of its key", shown: shown ?? "none"),
            .optional(
                "tls_minimum", path.appending(path: \.minimumVersion), "oldest version of TLS", shown: shown ?? "1.2"),
            .list(
                "tls_ciphers", path.appending(path: \.ciphers), CipherSuite.meaning, shown: shown ?? CipherSuite.usual),
            .optionalSection(
                "auth", path.appending(path: \.auth),
                "name and password for the next hop, told over TLS only: needs `tls: required` or `verified`"),
            .optionalSection(
                "timeouts", path.appending(path: \.timeouts),
                "how long a next hop is waited for (RFC 5321 §4.5.3.2)"),
        ]
    }

    private static func upToAMonth(_ value: HumanDuration) throws(UnitFault) {
        guard (0...2_678_400).contains(value.seconds) else { throw UnitFault("expected 0s to 31d") }
    }
}

/// `auth` of `delivery` and of a domain.
package struct HopLoginSection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var user = ""
    package var passwordFile = ""

    package init() {}

    package static var keys: [ConfigurationKey<HopLoginSection>] {
        [
            .value("user", \.user, "who we are there", shown: "required"),
            .value("password_file", \.passwordFile, "its first line is the password", shown: "required"),
        ]
    }
}

/// `timeouts` of `delivery` and of a domain.
package struct TimeoutsSection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var connect: HumanDuration?
    package var greeting: HumanDuration?
    package var command: HumanDuration?
    package var handshake: HumanDuration?
    package var data: HumanDuration?
    package var content: HumanDuration?

    package init() {}

    package static var keys: [ConfigurationKey<TimeoutsSection>] {
        [
            .optional(
                "connect", \.connect, "the connection to each address, and the answers of a proxy",
                shown: "30s; 10s where there are more addresses", check: positive),
            .optional("greeting", \.greeting, "the greeting", shown: "5m", check: positive),
            .optional(
                "command", \.command, "EHLO, STARTTLS, AUTH, MAIL, RCPT, RSET and QUIT", shown: "5m", check: positive),
            .optional("handshake", \.handshake, "the handshake of TLS", shown: "60s", check: positive),
            .optional("data", \.data, "354, the answer to DATA", shown: "2m", check: positive),
            .optional("content", \.content, "the answer to a message's content", shown: "10m", check: positive),
        ]
    }
}

/// `mta_sts`.
package struct StrictTransportSection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var port = 443
    package var ca: String?
    package var timeout = HumanDuration(seconds: 60)

    package init() {}

    package static var keys: [ConfigurationKey<StrictTransportSection>] {
        [
            .value(
                "port", \.port, "where policies are asked for; anything but 443 is for tests",
                check: MTAConfiguration.port),
            .optional("ca", \.ca, "PEM file of who may have signed policy hosts' certificates", shown: "the system's"),
            .value("timeout", \.timeout, "for all of one policy", check: positive),
        ]
    }
}

/// `tls_reports`.
package struct TLSReportsSection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var organization = ""
    package var contact = ""
    package var directory: String?
    package var keepDays = 30
    package var sends = true
    package var from: String?
    package var spread = HumanDuration(seconds: 14_400)

    package init() {}

    package static var keys: [ConfigurationKey<TLSReportsSection>] {
        [
            .value("organization", \.organization, "who reports", shown: "required"),
            .value("contact", \.contact, "mail address of who answers for it", shown: "required"),
            .optional("directory", \.directory, "of the reports", shown: "SPOOL_DIR/tls-reports"),
            .value("keep_days", \.keepDays, "older ones are removed", check: upTo3650),
            .value(
                "send", \.sends, "each day's reports are sent to who asks for them in the DNS (`_smtp._tls.DOMAIN`)"),
            .optional("from", \.from, "mail address that they are sent from", shown: "`contact`"),
            .value("spread", \.spread, "they are sent in so long after midnight (UTC), each at some time of its own"),
        ]
    }

    private static func upTo3650(_ value: Int) throws(UnitFault) {
        guard (1...3650).contains(value) else { throw UnitFault("expected 1 to 3650") }
    }
}
