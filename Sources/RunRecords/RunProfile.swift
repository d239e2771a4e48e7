/// What one benchmark run does to one system: read from `profiles/NAME.yaml`, every key explained in
/// `profiles/README.md`.
package struct RunProfile: Codable, Hashable, Sendable {
    /// The file's name without `.yaml`.
    package var name: String
    /// What the run is meant to find out, in one line.
    package var question: String
    /// 0: as many as the load's duration brings.
    package var messages: Int
    package var messageSizeBytes: Int
    package var connections: Int
    package var pipelining: Bool
    package var chunking: Bool
    package var generatorThreads: Int
    package var mtaThreads: Int
    package var sinkThreads: Int
    /// `name` or `name:weight`.
    package var domains: [String]
    /// Which of the profile's variants this is; nil if it has none.
    package var variant: String?
    package var spool: String
    /// `fsync`, `os` or `deferred`; `none` for a spool without files.
    package var durability: String
    package var smartHostConnections: Int
    package var rocksdbOptions: [String: String]
    /// Seconds without a message more before the run is given up.
    package var stallSeconds: Double
    package var prices: [Price]

    // Absent from records of before there were any, and from profiles that do not ask for them.
    /// Nil: a closed load.
    package var load: LoadPlan?
    /// Connections are opened evenly over this time; nil: all at once.
    package var rampUpSeconds: Double?
    /// So many generated domains instead of ``domains``.
    package var domainCount: Int?
    /// Of each message; nil: one.
    package var recipients: Int?
    package var tls: TLSPlan?
    /// What the system signs with: `rsa2048`.
    package var dkim: String?
    /// Nil: `smtp`.
    package var injection: String?
    /// What the sink is told to do, as YAML.
    package var sink: String?
    package var network: NetworkLimit?
    package var disk: DiskLimit?
    package var memoryBytes: Int?
    /// The system is killed so long after the load began, and started again.
    package var crashAfterSeconds: Double?
    package var findMax: FindMaxPlan?

    /// What an hour of a machine and a gigabyte of its traffic cost.
    package struct Price: Codable, Hashable, Sendable {
        package var name: String
        package var usdPerHour: Double
        package var egressUSDPerGB: Double
        /// Where the price comes from, with its date.
        package var source: String

        enum CodingKeys: String, CodingKey {
            case name, source
            case usdPerHour = "usd_per_hour"
            case egressUSDPerGB = "egress_usd_per_gb"
        }

        package init(name: String, usdPerHour: Double, egressUSDPerGB: Double, source: String) {
            self.name = name
            self.usdPerHour = usdPerHour
            self.egressUSDPerGB = egressUSDPerGB
            self.source = source
        }
    }

    enum CodingKeys: String, CodingKey {
        case name, question, messages, connections, pipelining, chunking, domains, variant, spool, durability, prices
        case load, recipients, tls, dkim, injection, sink, network, disk
        case domainCount = "domain_count"
        case rampUpSeconds = "ramp_up_s"
        case memoryBytes = "memory_bytes"
        case crashAfterSeconds = "crash_after_s"
        case findMax = "find_max"
        case messageSizeBytes = "message_size_bytes"
        case generatorThreads = "generator_threads"
        case mtaThreads = "mta_threads"
        case sinkThreads = "sink_threads"
        case smartHostConnections = "smart_host_connections"
        case rocksdbOptions = "rocksdb_options"
        case stallSeconds = "stall_s"
    }

    /// `mta-rocksdb-fsync`, `mta-memory`, or with the name that the variant was given: names the system in results.
    package var system: String { "mta-" + (variant ?? MTASettings.name(spool, durability)) }

    /// - Throws: ``RecordFault`` as `FILE:LINE: key 'x': … expected …`.
    init(_ values: StrictMapping, _ mta: MTASettings, cores: Int) throws(RecordFault) {
        let base = values.file.split(separator: "/").last.map(String.init) ?? values.file
        name = base.hasSuffix(".yaml") ? String(base.dropLast(5)) : base
        question = try values.requiredText("question")
        messages = try values.integer("messages", in: 1...1_000_000_000) ?? 0
        messageSizeBytes = try values.required(
            "message_size", try values.bytes("message_size", in: 1...1_000_000_000))
        connections = try values.required("connections", try values.integer("connections", in: 1...100_000))
        pipelining = try values.flag("pipelining") ?? true
        chunking = try values.flag("chunking") ?? false
        let threads = try values.mapping("threads", keys: ["generator", "mta", "sink"])
        generatorThreads = try threads?.integer("generator", in: 1...1024) ?? cores
        mtaThreads = try threads?.integer("mta", in: 1...1024) ?? cores
        sinkThreads = try threads?.integer("sink", in: 1...1024) ?? cores
        domains = try values.list("domains") ?? []
        for (index, domain) in domains.enumerated() where !Self.isDomain(domain) {
            throw values.fault(
                "domains", item: index, "'\(domain)': expected name or name:weight, such as gmail.com:67.4")
        }
        (variant, spool, durability) = (mta.variant, mta.spool, mta.durability)
        (smartHostConnections, rocksdbOptions) = (mta.smartHostConnections, mta.rocksdbOptions)
        stallSeconds = try values.seconds("stall_limit", in: 1...86_400) ?? 60
        prices =
            try values.mappings("prices", keys: ["name", "usd_per_hour", "egress_usd_per_gb", "source"])?
            .map { (entry) throws(RecordFault) in try Price(entry) } ?? []
        try takeConditions(values)
        guard messages > 0 || load?.seconds != nil || findMax != nil else {
            throw values.fault("messages", "is missing")
        }
    }

    /// What `traffic-gen --domain` takes: `name` or `name:weight` with a weight above 0.
    private static func isDomain(_ text: String) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard let name = parts.first, !name.isEmpty, !text.contains(where: \.isWhitespace) else { return false }
        guard parts.count == 2 else { return parts.count == 1 }
        guard let weight = Double(parts[1]) else { return false }
        return weight > 0 && weight.isFinite
    }
}

extension RunProfile.Price {
    init(_ values: StrictMapping) throws(RecordFault) {
        self.init(
            name: try values.requiredText("name"),
            usdPerHour: try values.required("usd_per_hour", try values.number("usd_per_hour", in: 0...100_000)),
            egressUSDPerGB: try values.number("egress_usd_per_gb", in: 0...1000) ?? 0,
            source: try values.requiredText("source"))
    }
}
