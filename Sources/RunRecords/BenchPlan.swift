/// A profile as written: one system, or the variants of it that are compared.
package struct BenchPlan: Sendable {
    /// The file, letter by letter.
    package let text: String
    /// At least one, in the order in which they are written.
    package private(set) var systems: [RunProfile]

    /// Whether the profile has variants.
    package var isComparison: Bool { systems[0].variant != nil }

    private static let keys = [
        "question", "messages", "message_size", "connections", "pipelining", "chunking", "threads", "domains", "mta",
        "variants", "stall_limit", "prices", "load", "ramp_up", "domain_count", "recipients", "tls", "dkim",
        "injection", "sink",
        "network", "disk", "memory", "crash", "find_max",
    ]

    /// Reads and checks a profile.
    /// - Parameters:
    ///   - file: named in faults; its base name becomes the profile's name.
    ///   - cores: the default of each thread count.
    /// - Throws: ``RecordFault`` as `FILE:LINE: key 'x': … expected …`.
    package init(text: String, file: String, cores: Int) throws(RecordFault) {
        self.text = text
        let values = try StrictMapping(text: text, file: file, keys: Self.keys)
        systems = try MTASettings.all(values).map { (settings) throws(RecordFault) in
            try RunProfile(values, settings, cores: cores)
        }
    }

    /// The plan with the named variants alone, in the order of the profile.
    /// - Throws: ``RecordFault`` that lists the names there are.
    package func only(_ names: [String]) throws(RecordFault) -> BenchPlan {
        guard !names.isEmpty else { return self }
        let known = systems.compactMap(\.variant)
        for name in names where !known.contains(name) {
            throw RecordFault(
                "'\(name)': "
                    + (known.isEmpty ? "the profile has no variants" : "expected \(known.joined(separator: " or "))"))
        }
        var plan = self
        plan.systems = systems.filter { names.contains($0.variant ?? "") }
        return plan
    }

    /// The systems in the order in which a repeat runs them: repeats 1 and 2 forward and backward, 3 and 4 the same from
    /// further down the list, and so on, so that the pairs begin all around it.
    ///
    /// Forward and backward, because then every system has the same mean position in each pair: what drifts steadily (a
    /// disk that fills, a machine that warms up) meets all alike, which turning the list alone achieves only after as many
    /// repeats as there are systems. And backward, each runs behind another neighbour: a durability that leaves its
    /// writes to the kernel may leave some to the next run. From further down in the next pair, because otherwise the
    /// first and the last of the list would take turns at being first, and nobody else.
    /// - Parameter repeatIndex: 1-based.
    package static func order<System>(_ systems: [System], repeatIndex: Int, repeats: Int) -> [System] {
        let (pair, pairs) = ((repeatIndex - 1) / 2, (repeats + 1) / 2)
        let start = systems.count * pair / pairs
        let forward = Array(systems[start...] + systems[..<start])
        return repeatIndex.isMultiple(of: 2) ? forward.reversed() : forward
    }
}

/// What the keys `mta` and `variants` say of the MTA.
struct MTASettings {
    /// Nil outside of `variants`.
    private(set) var variant: String?
    private(set) var spool = "segment"
    private(set) var smartHostConnections = 32
    private var durabilityOfFiles = SpoolPromise.fsync.rawValue
    private var optionsOfRocksDB: [String: String] = [:]

    private static let keys = ["spool", "durability", "smart_host_connections", "rocksdb_options"]

    var durability: String { hasFiles ? durabilityOfFiles : SpoolPromise.none.rawValue }
    var rocksdbOptions: [String: String] { spool == "rocksdb" ? optionsOfRocksDB : [:] }
    private var hasFiles: Bool { !SpoolPromise.spoolsWithoutFiles.contains(spool) }

    /// `rocksdb-fsync`; a spool without files has no durability to name.
    static func name(_ spool: String, _ durability: String) -> String {
        SpoolPromise.spoolsWithoutFiles.contains(spool) ? spool : "\(spool)-\(durability)"
    }

    /// The settings of each variant, or of the one system there is.
    static func all(_ profile: StrictMapping) throws(RecordFault) -> [MTASettings] {
        var base = MTASettings()
        if let mta = try profile.mapping("mta", keys: keys) { try base.override(mta) }
        guard let entries = try profile.mappings("variants", keys: keys + ["name"]) else { return [base] }
        guard !entries.isEmpty else { throw profile.fault("variants", "expected at least one variant") }
        var found: [MTASettings] = []
        for (index, entry) in entries.enumerated() {
            var settings = base
            try settings.override(entry)
            let name = try entry.text("name") ?? Self.name(settings.spool, settings.durability)
            guard !name.isEmpty, name.utf8.allSatisfy(isOfName) else {
                throw entry.fault("name", "'\(name)': expected small letters, digits and hyphens")
            }
            guard !found.contains(where: { $0.variant == name }) else {
                let text = "'\(name)' is the name of another variant: expected one of its own for each"
                throw entry.has("name")
                    ? entry.fault("name", text) : profile.fault("variants", item: index, text + " (key 'name')")
            }
            settings.variant = name
            found.append(settings)
        }
        return found
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
        default: false
        }
    }

    private mutating func override(_ values: StrictMapping) throws(RecordFault) {
        spool = try values.choice("spool", of: SpoolPromise.spools) ?? spool
        if let value = try values.choice("durability", of: SpoolPromise.durabilities) {
            guard hasFiles else {
                throw values.fault(
                    "durability", "the spool '\(spool)' has no files, and so no durability: leave it out")
            }
            durabilityOfFiles = value
        }
        smartHostConnections =
            try values.integer("smart_host_connections", in: 1...10_000) ?? smartHostConnections
        if let options = try values.texts("rocksdb_options") {
            guard spool == "rocksdb" else {
                throw values.fault("rocksdb_options", "the spool is '\(spool)': expected with rocksdb alone")
            }
            optionsOfRocksDB = options
        }
    }
}
