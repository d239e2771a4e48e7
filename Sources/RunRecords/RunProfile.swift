import Measures

/// What one benchmark run does: read from `profiles/NAME.yaml`, every key explained in `profiles/README.md`.
package struct RunProfile: Codable, Hashable, Sendable {
    /// The file's name without `.yaml`.
    package var name: String
    /// What the run is meant to find out, in one line.
    package var question: String
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
    package var spool: String
    package var durability: String
    package var smartHostConnections: Int
    package var rocksdbOptions: [String: String]
    /// Seconds without a message more before the run is given up.
    package var stallSeconds: Double
    package var prices: [Price]

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
        case name, question, messages, connections, pipelining, chunking, domains, spool, durability, prices
        case messageSizeBytes = "message_size_bytes"
        case generatorThreads = "generator_threads"
        case mtaThreads = "mta_threads"
        case sinkThreads = "sink_threads"
        case smartHostConnections = "smart_host_connections"
        case rocksdbOptions = "rocksdb_options"
        case stallSeconds = "stall_s"
    }

    /// `mta-rocksdb-fsync`: names the system in results.
    package var system: String { "mta-\(spool)-\(durability)" }
}

extension RunProfile {
    private static let keys = [
        "question", "messages", "message_size", "connections", "pipelining", "chunking", "threads", "domains", "mta",
        "stall_limit", "prices",
    ]

    /// Reads and checks a profile.
    /// - Parameters:
    ///   - file: named in faults; its base name becomes the profile's name.
    ///   - cores: the default of each thread count.
    /// - Throws: ``RecordFault`` as `FILE:LINE: key 'x': … expected …`.
    package init(text: String, file: String, cores: Int) throws(RecordFault) {
        let values = try StrictMapping(text: text, file: file, keys: Self.keys)
        let base = file.split(separator: "/").last.map(String.init) ?? file
        name = base.hasSuffix(".yaml") ? String(base.dropLast(5)) : base
        question = try values.requiredText("question")
        messages = try values.required("messages", try values.integer("messages", in: 1...1_000_000_000))
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
        let mta = try values.mapping("mta", keys: ["spool", "durability", "smart_host_connections", "rocksdb_options"])
        spool = try mta?.choice("spool", of: ["rocksdb", "segment", "memory"]) ?? "rocksdb"
        durability = try mta?.choice("durability", of: ["fsync", "os"]) ?? "fsync"
        smartHostConnections = try mta?.integer("smart_host_connections", in: 1...10_000) ?? 32
        rocksdbOptions = try mta?.texts("rocksdb_options") ?? [:]
        stallSeconds = try values.seconds("stall_limit", in: 1...86_400) ?? 60
        prices =
            try values.mappings("prices", keys: ["name", "usd_per_hour", "egress_usd_per_gb", "source"])?
            .map { (entry) throws(RecordFault) in try Price(entry) } ?? []
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

// Values with their bounds, for profiles and configurations.
extension StrictMapping {
    package func required<Value>(_ key: String, _ value: Value?) throws(RecordFault) -> Value {
        guard let value else { throw fault(key, "is missing") }
        return value
    }

    /// One line that says something.
    package func requiredText(_ key: String) throws(RecordFault) -> String {
        let text = try required(key, try text(key))
        guard !text.isEmpty, !text.contains(where: \.isNewline) else { throw fault(key, "expected one line of text") }
        return text
    }

    package func integer(_ key: String, in range: ClosedRange<Int>) throws(RecordFault) -> Int? {
        guard let value = try integer(key) else { return nil }
        guard range.contains(value) else {
            throw fault(key, "\(value): expected \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    package func number(_ key: String, in range: ClosedRange<Double>) throws(RecordFault) -> Double? {
        guard let value = try number(key) else { return nil }
        guard range.contains(value) else {
            throw fault(key, "\(value): expected \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    package func bytes(_ key: String, in range: ClosedRange<Int>) throws(RecordFault) -> Int? {
        guard let text = try text(key) else { return nil }
        let value: Int
        do throws(UnitFault) { value = try ByteCount(parsing: text).bytes } catch {
            throw fault(key, error.description)
        }
        guard range.contains(value) else {
            throw fault(key, "'\(text)': expected \(range.lowerBound) to \(range.upperBound) bytes")
        }
        return value
    }

    package func seconds(_ key: String, in range: ClosedRange<Double>) throws(RecordFault) -> Double? {
        guard let text = try text(key) else { return nil }
        let value: Double
        do throws(UnitFault) { value = try HumanDuration(parsing: text).seconds } catch {
            throw fault(key, error.description)
        }
        guard range.contains(value) else {
            throw fault(key, "'\(text)': expected \(range.lowerBound) s to \(range.upperBound) s")
        }
        return value
    }

    package func choice(_ key: String, of allowed: [String]) throws(RecordFault) -> String? {
        guard let value = try text(key) else { return nil }
        guard allowed.contains(value) else {
            throw fault(key, "'\(value)': expected \(allowed.joined(separator: " or "))")
        }
        return value
    }
}
