package import RunRecords

extension PublishedLibrary {
    /// Reads every `*.yaml` of a directory: a table each, or a list of single `figures`.
    /// - Throws: ``RecordFault`` as `FILE:LINE: key 'x': … expected …`.
    package init(directory: String) throws(RecordFault) {
        self.init()
        for (text, file) in try YAMLDirectory.texts(directory, missing: "nothing published") {
            try add(text: text, file: file)
        }
    }

    /// Adds what one file says.
    /// - Parameter file: named in faults.
    package mutating func add(text: String, file: String) throws(RecordFault) {
        let values = try StrictMapping(text: text, file: file, keys: PublishedTable.keys + ["figures"])
        guard let entries = try values.mappings("figures", keys: PublishedFigure.keys) else {
            let table = try PublishedTable(values)
            guard self.table(table.id) == nil else { throw values.fault("id", "'\(table.id)' is there twice") }
            tables.append(table)
            return
        }
        guard !values.has("rows") else { throw values.fault("figures", "expected either 'figures' or a table") }
        for entry in entries {
            let figure = try PublishedFigure(entry)
            guard self.figure(figure.id) == nil else { throw entry.fault("id", "'\(figure.id)' is there twice") }
            figures.append(figure)
        }
    }
}

extension PublishedTable {
    static let keys = [
        "id", "title", "published", "sources", "workload", "configuration", "rows", "cost_notes", "claims", "notes",
    ]
    private static let loadKeys = [
        "message_size_bytes", "messages", "connections", "procedure", "generator", "rate_basis", "duration_flag",
    ]
    private static let systemKeys = [
        "spool", "durability", "dkim", "disk_iops", "name_server", "policy_helpers", "sysctl",
    ]

    init(_ values: StrictMapping) throws(RecordFault) {
        id = try values.requiredText("id")
        title = try values.requiredText("title")
        published = try values.requiredText("published")
        let sources = try values.required("sources", try values.texts("sources"))
        guard !sources.isEmpty else { throw values.fault("sources", "expected at least one source") }
        self.sources = sources.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        let load = try values.required("workload", try values.mapping("workload", keys: Self.loadKeys))
        messageBytes = Double(
            try load.required("message_size_bytes", try load.integer("message_size_bytes", in: 1...1_000_000_000)))
        messages = Double(try load.required("messages", try load.integer("messages", in: 1...1_000_000_000)))
        connections = try load.integer("connections", in: 1...1_000_000)
        facts = try Self.facts(values, load)
        let rows = try values.required("rows", try values.mappings("rows", keys: PublishedRow.keys))
        guard !rows.isEmpty else { throw values.fault("rows", "expected at least one row") }
        self.rows = try rows.map { (row) throws(RecordFault) in try PublishedRow(row) }
        let prices = try values.mapping(
            "cost_notes", keys: ["region", "aws_transfer_usd_per_gb", "azure_transfer_usd_per_gb"])
        costNotes = try prices?.numbers(["aws_transfer_usd_per_gb", "azure_transfer_usd_per_gb"]) ?? [:]
        claims = try Self.claims(values, "claims")
        notes = try Self.claims(values, "notes")
    }

    private static func facts(
        _ values: StrictMapping, _ load: StrictMapping
    ) throws(RecordFault) -> [(key: String, text: String)] {
        var found: [(key: String, text: String)] = []
        for key in ["procedure", "generator", "rate_basis", "duration_flag"] {
            if let text = try load.text(key) { found.append((key, text)) }
        }
        guard let system = try values.mapping("configuration", keys: systemKeys) else { return found }
        for key in ["spool", "durability", "dkim", "disk_iops", "name_server"] {
            if let text = try system.text(key) { found.append((key, text)) }
        }
        if let helpers = try system.list("policy_helpers") {
            found.append(("policy_helpers", helpers.joined(separator: ", ")))
        }
        if let sysctl = try system.texts("sysctl") {
            found.append(
                ("sysctl", sysctl.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")))
        }
        return found
    }

    private static let claimNumbers = [
        "usd_per_month", "usd_per_month_below", "vcpu", "memory_gib", "messages_per_hour", "messages_per_hour_each",
        "messages_per_day", "messages_per_month", "hours_per_day", "days", "cpm_usd", "nodes", "servers", "mmh",
        "mmh_below", "nic_gbit_per_s", "disk_iops", "disk_iops_more",
    ]

    private static func claims(_ values: StrictMapping, _ key: String) throws(RecordFault) -> [PublishedClaim] {
        var found: [PublishedClaim] = []
        for entry in try values.mappings(key, keys: ["id", "text", "instance"] + claimNumbers) ?? [] {
            let claim = PublishedClaim(
                id: try entry.requiredText("id"), text: try entry.requiredText("text"),
                numbers: try entry.numbers(claimNumbers), instance: try entry.text("instance"))
            guard !found.contains(where: { $0.id == claim.id }) else {
                throw entry.fault("id", "'\(claim.id)' is there twice")
            }
            found.append(claim)
        }
        return found
    }
}

extension PublishedRow {
    static let keys = ["instance", "vcpu", "memory_gib", "messages_per_hour", "mmh", "postfix_mmh"]

    init(_ values: StrictMapping) throws(RecordFault) {
        let mmh = try values.required("mmh", try values.number("mmh", in: 0.000001...100_000))
        self.init(
            instance: try values.text("instance"),
            vcpu: try values.required("vcpu", try values.integer("vcpu", in: 1...4096)),
            memoryGiB: try values.required("memory_gib", try values.number("memory_gib", in: 0.1...100_000)),
            messagesPerHour: try values.number("messages_per_hour", in: 1...1e12) ?? mmh * 1e6, mmh: mmh,
            postfixMMH: try values.number("postfix_mmh", in: 0.000001...100_000))
        guard abs(messagesPerHour / 1e6 - mmh) < 0.001 else {
            throw values.fault("mmh", "\(mmh): expected messages_per_hour in millions, rounded")
        }
    }
}

extension PublishedFigure {
    static let keys = [
        "id", "system", "instance", "machine", "vcpu", "memory_gib", "mmh", "msg_per_s", "usd_per_million",
        "message_size_bytes", "messages", "connections", "disk", "os", "repeats", "durability", "latency_ms_p99",
        "basis",
    ]

    init(_ values: StrictMapping) throws(RecordFault) {
        id = try values.requiredText("id")
        system = try values.requiredText("system")
        instance = try values.text("instance")
        vcpu = try values.integer("vcpu", in: 1...4096)
        mmh = try values.required("mmh", try values.number("mmh", in: 0.000001...100_000))
        messagesPerSecond = try values.number("msg_per_s", in: 0.001...1e9)
        usdPerMillion = try values.number("usd_per_million", in: 0...1e6)
        connections = try values.integer("connections", in: 1...1_000_000)
        messageBytes = try values.number("message_size_bytes", in: 1...1e9)
        durability = try values.text("durability")
        basis = try values.requiredText("basis")
    }
}

extension StrictMapping {
    /// Those of the keys that are there.
    fileprivate func numbers(_ keys: [String]) throws(RecordFault) -> [String: Double] {
        var found: [String: Double] = [:]
        for key in keys { found[key] = try number(key, in: 0...1e15) }
        return found
    }
}
