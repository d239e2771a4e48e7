package import MailTypes
package import Measures
package import RunRecords

/// The configuration of `mta serve`, as one strict YAML file says it. Values are checked one by one while they are read
/// and together by ``check(_:)``.
package struct MTASettings: ConfigurationSection {
    package var mapping: StrictMapping?

    package var hostname: DomainName?
    package var listen = Endpoint(host: "127.0.0.1", port: 2525)
    package var listeners: [ListenerSection] = []
    package var tls: [TLSSection] = []
    package var users: String?
    package var relayNetworks: [NetworkPrefix] = [NetworkPrefix("127.0.0.0/8")!, NetworkPrefix("::1")!]
    package var relayClientSubjects: [String] = []
    package var relayDomains: [String] = []
    package var localHostnames: [DomainName] = []

    package var threads: Int?
    package var smartHost: Endpoint?
    package var smartHostConnections = 32
    package var dns = DNSSection()
    package var delivery = DeliverySection()
    package var mtaSTS = StrictTransportSection()
    package var tlsReports: TLSReportsSection?
    package var domains: [DomainSection] = []
    package var egressSources: [EgressSourceSection] = []
    package var egressPools: [EgressPoolSection] = []
    package var tenants: [TenantSection] = []
    package var campaigns: [CampaignSection] = []
    package var shaping: [String] = []
    package var dkim: [DKIMSection] = []
    package var dkimThreads = 0
    package var rules: [PolicyRuleSection] = []
    package var schedulingHeader: String?
    package var verification = VerificationSection()
    package var blockLists: [BlockListSection] = []

    package var spool = "segment"
    package var spoolDirectory: String?
    package var durability = "fsync"
    package var segmentWrites = "direct"
    package var rocksdbOptions: [String: String] = [:]
    package var maxMessageSize = ByteCount(bytes: 32 << 20)
    package var receiveMemory = ByteCount(bytes: 256 << 20)
    package var residentMemory = ByteCount(bytes: 1 << 30)
    package var inflowDelay = HumanDuration(seconds: 0.25)
    package var minFreeDisk = ByteCount(bytes: 256 << 20)
    package var retryFirst = HumanDuration(seconds: 300)
    package var retryFactor = 2.0
    package var retryCap = HumanDuration(seconds: 14_400)
    package var retryMaxAge = HumanDuration(seconds: 432_000)
    package var delayWarning: HumanDuration?
    package var returnedContent = ByteCount(bytes: 1 << 20)
    package var drain = HumanDuration(seconds: 10)
    package var control: String?
    package var record: String?
    package var http: HTTPSection?
    package var metrics = MetricsSection()
    package var log: LogSection?
    package var webHooks: [WebHookSection] = []
    package var classification: ClassificationSection?
    package var reports: [ReportSection] = []
    package var production = ProductionSettings()

    package init() {}

    package static var keys: [ConfigurationKey<MTASettings>] {
        identityKeys + receptionKeys + deliveryKeys + egressKeys + senderKeys + spoolKeys + operationKeys
            + productionKeys + verificationKeys
            + reportKeys
    }

    private static var identityKeys: [ConfigurationKey<MTASettings>] {
        [
            .optional(
                "hostname", \.hostname, "name in the greeting, in EHLO and in Received", shown: "the machine's"
            ).needingRestart,
            .list(
                "local_hostnames", \.localHostnames,
                "further names that are this host: mail whose exchanger is one of them loops and is returned"),
            .optional("threads", \.threads, "event loops", shown: "one a core", check: atLeastOne).needingRestart,
        ]
    }

    private static var receptionKeys: [ConfigurationKey<MTASettings>] {
        [
            .value("listen", \.listen, "address to accept mail on, where `listeners` says nothing").needingRestart,
            .sections(
                "listeners", \.listeners,
                "addresses to accept mail on, each with its own rules; addresses and protocols change with a restart"),
            .sections("tls", \.tls, "certificates, by name"),
            .optional("users", \.users, "file of users and salted hashes (`mta users add`), for AUTH"),
            .sections("rules", \.rules, "what becomes of which mail, in this order ([POLICY.md](POLICY.md))"),
            .optional(
                "scheduling_header", \.schedulingHeader,
                "field in which clients that may relay say when a message may be tried ([MTA.md](MTA.md#later-and-in-time)), KumoMTA's `X-Schedule`; it is taken off",
                shown: "none", check: ListenerSection.fieldName),
            .list("relay_networks", \.relayNetworks, "clients that may send to anywhere without AUTH"),
            .list(
                "relay_client_subjects", \.relayClientSubjects,
                "names in verified client certificates (DNS or e-mail) whose holders may send to anywhere"),
            .list(
                "relay_domains", \.relayDomains,
                "domains whose mail is taken from anyone; `.example.org` for what is below it"),
            .value("max_message_size", \.maxMessageSize, "announced with SIZE (RFC 1870)", check: atLeast(65_536)),
            .value(
                "receive_memory", \.receiveMemory,
                "content received and not yet in the spool; beyond it clients are not read from",
                check: atLeast(1 << 20)
            ).needingRestart,
        ]
    }

    private static var deliveryKeys: [ConfigurationKey<MTASettings>] {
        [
            .optional(
                "smart_host", \.smartHost, "everything goes there which has no next hop of its own",
                shown: "none: by MX records"),
            .value(
                "smart_host_connections", \.smartHostConnections, "connections to all next hops together",
                check: atLeastOne
            ).needingRestart,
            .section("dns", \.dns, "how exchangers are looked up").needingRestart,
            .section("delivery", \.delivery, "how mail leaves, where `domains` says nothing else"),
            .section("mta_sts", \.mtaSTS, "how MTA-STS policies are fetched ([TLS.md](TLS.md))").needingRestart,
            .optionalSection(
                "tls_reports", \.tlsReports, "daily reports about the TLS of recipients' domains (RFC 8460)"
            ).needingRestart,
            .sections(
                "domains", \.domains, "what is different for a destination domain, which then has a queue of its own"),
            .oneOrMore(
                "shaping", \.shaping,
                "shaping files, later ones over earlier ones; `default`: the one that comes with the program ([EGRESS.md](EGRESS.md#shaping))",
                shown: "none"),
            .sections("dkim", \.dkim, "signatures by the domain in From (RFC 6376)"),
            .value("dkim_threads", \.dkimThreads, "threads that sign; 0: one a core").needingRestart,
            .value(
                "retry_first", \.retryFirst, "delay after the first failed attempt, spread by 10 %", check: positive),
            .value("retry_factor", \.retryFactor, "each further delay is this times the one before", check: factor),
            .value("retry_cap", \.retryCap, "longest delay", check: positive),
            .value(
                "retry_max_age", \.retryMaxAge,
                "older messages are returned to their sender (RFC 5321 §4.5.4.1)", check: positive),
            .optional(
                "delay_warning", \.delayWarning,
                "the sender is told once that a message waits when it is this old (RFC 3464, Action: delayed)",
                shown: "never", check: positive),
            .value(
                "returned_content", \.returnedContent,
                "larger messages are not sent back with RET=FULL, only their header"),
        ]
    }

    private static var spoolKeys: [ConfigurationKey<MTASettings>] {
        let keys: [ConfigurationKey<MTASettings>] = [
            .value("spool", \.spool, "`segment`, `rocksdb`, `localdisk`, `memory`, `null` ([SPOOL.md](SPOOL.md))"),
            .optional("spool_dir", \.spoolDirectory, "directory of the spool", shown: "required with files"),
            .value(
                "durability", \.durability,
                "before 250: `fsync` on stable storage, `os` given to the kernel, `deferred` in memory until the first attempt fails"
            ),
            .value(
                "segment_writes", \.segmentWrites,
                "segment log with `fsync`: `direct` past the page cache (O_DIRECT), less CPU; `cached` if much mail is read back"
            ),
            .texts(
                "rocksdb_options", \.rocksdbOptions,
                "RocksDB's own options by RocksDB's own names (`--rocksdb-option name=value`)"),
            .value(
                "resident_memory", \.residentMemory,
                "content kept for the first attempt; beyond it read back from the spool"),
            .value(
                "inflow_delay", \.inflowDelay,
                "while mail comes in faster than it goes out (half of `resident_memory` is in use and deliveries are under way), 250 waits up to so long; `0s` never"
            ),
            .value("min_free_disk", \.minFreeDisk, "with less free, new mail is told 452 4.3.1; queued mail goes on"),
        ]
        return keys.map(\.needingRestart)
    }

    private static var operationKeys: [ConfigurationKey<MTASettings>] {
        [
            .value("drain", \.drain, "what SIGTERM gives clients and deliveries in progress").needingRestart,
            .optional("control", \.control, "Unix socket for `mta queue`", shown: "SPOOL_DIR/control").needingRestart,
            .optional(
                "record", \.record, "run record (JSON) written at the end; `FILE.live` tells the count meanwhile"
            ).needingRestart,
            .optionalSection("http", \.http, "injection, metrics and liveness over HTTP").needingRestart,
            .section("metrics", \.metrics, "what `/metrics` tells beyond the totals ([METRICS.md](METRICS.md))")
                .needingRestart,
            .optionalSection("log", \.log, "what happens to mail, a line of JSON an event ([MTA.md](MTA.md#events))")
                .needingRestart,
            .sections("web_hooks", \.webHooks, "receivers of these events over HTTP").needingRestart,
        ]
    }
}

// Bounds that several keys share.
package func atLeastOne(_ value: Int) throws(UnitFault) {
    guard value >= 1 else { throw UnitFault("expected 1 or more") }
}
func notNegative(_ value: Int) throws(UnitFault) {
    guard value >= 0 else { throw UnitFault("expected 0 or more") }
}
package func positive(_ value: HumanDuration) throws(UnitFault) {
    guard value.seconds > 0, value.seconds <= 31_536_000 else {
        throw UnitFault("expected more than 0 s and at most 365d")
    }
}
func factor(_ value: Double) throws(UnitFault) {
    guard (1...10).contains(value) else { throw UnitFault("expected 1 to 10") }
}
func port(_ value: Int) throws(UnitFault) {
    guard (1...65_535).contains(value) else { throw UnitFault("expected 1 to 65535") }
}
func atLeast(_ bytes: Int) -> (ByteCount) throws(UnitFault) -> Void {
    { (value) throws(UnitFault) in
        guard value.bytes >= bytes else { throw UnitFault("expected at least \(bytes) bytes") }
    }
}
