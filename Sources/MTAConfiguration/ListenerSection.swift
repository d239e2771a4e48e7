package import DeliveryQueue
package import MailTypes
package import Measures
package import RunRecords

/// One entry of `listeners`.
package struct ListenerSection: ConfigurationSection {
    package enum Service: String, ConfigurationChoice { case smtp, submission, submissions, lmtp }
    package enum Mechanism: String, ConfigurationChoice {
        case plain, login
        case scramSHA256 = "scram-sha-256"
    }

    package var mapping: StrictMapping?
    package var name = ""
    package var address: Endpoint?
    package var service = Service.smtp
    package var tls: String?
    package var requiresTLS = false
    /// Nil: all on submission services, none elsewhere.
    package var auth: [Mechanism]?
    package var requiresAuth: Bool?
    package var hasProxyHeader = false
    package var proxyNetworks: [NetworkPrefix] = []
    package var xclientNetworks: [NetworkPrefix] = []
    package var banner = "ESMTP Millrace"
    package var supplementalHeader: String?
    package var includedMetaNames: [String] = []
    package var futureRelease: HumanDuration?
    package var deliverBy: HumanDuration?
    package var limits = LimitsSection()
    package var networks: [NetworkSection] = []
    package var verification = ListenerVerificationSection()

    package init() {}

    package static var keys: [ConfigurationKey<ListenerSection>] {
        [
            .value("name", \.name, "name in messages and metrics", shown: "required").needingRestart,
            .optional("address", \.address, "where it listens", shown: "required").needingRestart,
            .value(
                "protocol", \.service,
                "`submission` (RFC 6409) wants AUTH, `submissions` also begins with TLS (RFC 8314), `lmtp` is RFC 2033"
            ).needingRestart,
            .optional("tls", \.tls, "name of a certificate under `tls`, for STARTTLS or `submissions`", shown: "none"),
            .value("tls_required", \.requiresTLS, "mail only after STARTTLS: 530 5.7.0"),
            ConfigurationKey(
                name: "auth", form: "list of " + Mechanism.form, standard: "all for submission(s), none for others",
                meaning: "mechanisms of AUTH, offered over TLS only",
                reading: .list(takesOne: false) { (section, texts) throws(ItemFault) in
                    var found: [Mechanism] = []
                    for (index, text) in texts.enumerated() {
                        do { found.append(try Mechanism(written: text)) } catch {
                            throw ItemFault(item: index, text: "'\(text)': \(error)")
                        }
                    }
                    section.auth = found
                }, inner: []),
            .optional(
                "auth_required", \.requiresAuth, "MAIL only after AUTH: 530 5.7.0", shown: "true for submission(s)"),
            .value("proxy_protocol", \.hasProxyHeader, "each connection begins with a PROXY header (v1 or v2)")
                .needingRestart,
            .list("proxy_networks", \.proxyNetworks, "who may send PROXY headers; others are refused"),
            .list("xclient_networks", \.xclientNetworks, "who may say with XCLIENT for whom it speaks"),
            .value(
                "banner", \.banner, "what the greeting says behind the host name; has to have the word ESMTP in it",
                check: greeting),
            .optional(
                "supplemental_header", \.supplementalHeader,
                "a field such as X-KumoRef on each message: its recipient, if it has one alone, in base64",
                shown: "none",
                check: fieldName),
            .list(
                "include_meta_names", \.includedMetaNames,
                "metadata that stands in `supplemental_header`, too; `tenant` and `campaign` are labels"),
            .optional(
                "future_release", \.futureRelease,
                "how far ahead mail may be handed in that is to be sent later (FUTURERELEASE, RFC 4865); submission(s) only",
                shown: "not offered", check: releaseSpan),
            .optional(
                "deliver_by", \.deliverBy,
                "the shortest time within which clients may want mail delivered or returned (DELIVERBY, RFC 2852); `0s` any",
                shown: "not offered"),
            .section(
                "verification", \.verification,
                "what is verified of mail of clients that may not relay ([VERIFICATION.md](VERIFICATION.md))"),
            .sections("networks", \.networks, "limits for some clients; the most specific network wins, whole"),
        ] + LimitsSection.limitKeys(\.limits)
    }

    /// Clients look for ESMTP in it, and it is one line of a reply (RFC 5321 §4.2, §4.5.3.1.5).
    private static func greeting(_ text: String) throws(UnitFault) {
        guard text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }), text.utf8.count <= 200,
            text.split(separator: " ").contains("ESMTP")
        else { throw UnitFault("expected one line of ASCII, at most 200 octets, with the word ESMTP") }
    }

    private static func releaseSpan(_ span: HumanDuration) throws(UnitFault) {
        guard (1...999_999_999).contains(span.seconds) else {
            throw UnitFault("expected 1s to 999999999s (RFC 4865 §3)")
        }
    }

    /// RFC 5322 §2.2.
    static func fieldName(_ text: String) throws(UnitFault) {
        guard text.utf8.count <= 76, isFieldName(text) else { throw UnitFault("expected the name of a header field") }
    }

    static func isFieldName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x3A }
    }

    package var mechanisms: [Mechanism] {
        auth ?? (service == .submission || service == .submissions ? Mechanism.allCases : [])
    }
    package var isAuthRequired: Bool { requiresAuth ?? (service == .submission || service == .submissions) }
}

/// Limits of a listener, or of a network on it.
package struct LimitsSection {
    package var connections = 10_000
    package var connectionsPerClient = 0
    package var messagesPerConnection = 0
    package var recipients = 1000
    /// Nil: `max_message_size` of the whole.
    package var messageSize: ByteCount?
    package var errors = 20
    package var idleTimeout = HumanDuration(seconds: 300)
    package var messageRate: DeliveryRate?

    package init() {}

    static func limitKeys<Section: ConfigurationSection>(
        _ path: WritableKeyPath<Section, LimitsSection>
    ) -> [ConfigurationKey<Section>] {
        [
            .value(
                "max_connections", path.appending(path: \.connections), "clients at a time; 421 beyond; 0: no limit",
                check: notNegative),
            .value(
                "max_connections_per_client", path.appending(path: \.connectionsPerClient),
                "of one address; 0: no limit", check: notNegative),
            .value(
                "max_messages_per_connection", path.appending(path: \.messagesPerConnection),
                "then 421; announced with LIMITS (RFC 9422); 0: no limit", check: notNegative),
            .value(
                "max_recipients", path.appending(path: \.recipients), "of a message; 452 4.5.3 beyond",
                check: atLeastOne),
            .optional(
                "max_message_size", path.appending(path: \.messageSize), "announced with SIZE",
                shown: "that of the whole", check: atLeast(65_536)),
            .value(
                "max_errors", path.appending(path: \.errors), "refused commands before 421; 0: no limit",
                check: notNegative),
            .value(
                "idle_timeout", path.appending(path: \.idleTimeout), "a client may say nothing for so long",
                check: positive),
            .optional(
                "message_rate", path.appending(path: \.messageRate), "of one address; 450 4.7.1 beyond", shown: "none"),
        ]
    }
}

/// One entry of `networks` of a listener.
package struct NetworkSection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var network: NetworkPrefix?
    package var limits = LimitsSection()

    package init() {}

    package static var keys: [ConfigurationKey<NetworkSection>] {
        [.optional("network", \.network, "whose limits these are", shown: "required")]
            + LimitsSection.limitKeys(\.limits)
    }
}

/// One entry of `tls`.
package struct TLSSection: ConfigurationSection {
    package enum Version: String, ConfigurationChoice {
        case v12 = "1.2"
        case v13 = "1.3"
    }
    package enum ClientCertificates: String, ConfigurationChoice { case none, requested, required }

    package var mapping: StrictMapping?
    package var name = ""
    package var certificate = ""
    package var key = ""
    package var minimumVersion = Version.v12
    package var ciphers: [CipherSuite] = []
    package var clientCertificates = ClientCertificates.none
    package var clientCA: String?

    package init() {}

    package static var keys: [ConfigurationKey<TLSSection>] {
        [
            .value("name", \.name, "name that listeners use", shown: "required"),
            .value("certificate", \.certificate, "PEM file, the host's certificate first", shown: "required"),
            .value("key", \.key, "PEM file of the private key", shown: "required"),
            .value("minimum_version", \.minimumVersion, "oldest version of TLS"),
            .list("ciphers", \.ciphers, CipherSuite.meaning, shown: CipherSuite.usual),
            .value(
                "client_certificates", \.clientCertificates,
                "`requested` ones must verify, `required` ones must also be there"),
            .optional("client_ca", \.clientCA, "PEM file of who may have signed them", shown: "none"),
        ]
    }
}
