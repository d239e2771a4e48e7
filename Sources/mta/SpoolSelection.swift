import ProgramSupport
import SpoolContract
import SpoolLocalDisk
import SpoolRocksDB
import SpoolSegmentLog

/// Which spool, and how it is opened: the one place that names them.
struct SpoolSelection {
    static let names = ["segment", "rocksdb", "localdisk", "memory", "null"]

    var name: String
    var directory: String?
    var durability: String
    var rocksdbOptions: [String: String]
    /// `direct` or `cached`.
    var segmentWrites: String
    /// Of `deferred` durability: content kept in memory.
    var deferredBytes = 0
    /// Some mail may be deferred whatever the durability (`deferred_spool` of injection).
    var defersOnRequest = false

    /// Without files: as durable as the process.
    var isVolatile: Bool { name == "memory" || name == "null" }

    /// As printed in every result.
    func durabilityName() throws -> String { isVolatile ? "none" : try checkedDurability().rawValue }

    func open(_ access: SpoolAccess = .exclusive) throws -> any Spool {
        guard Self.names.contains(name) else {
            throw UsageFault("--spool '\(name)': expected \(Self.names.joined(separator: ", "))")
        }
        guard ["direct", "cached"].contains(segmentWrites) else {
            throw UsageFault("--segment-writes '\(segmentWrites)': expected direct or cached")
        }
        if name == "memory" { return MemorySpool() }
        if name == "null" { return NullSpool() }
        guard let directory else { throw UsageFault("--spool-dir is missing: the directory of the spool") }
        let durability = try checkedDurability()
        do {
            if durability == .deferred {
                return DeferringSpool(over: try open(directory, .os, access), limitBytes: deferredBytes)
            }
            let spool = try open(directory, durability, access)
            guard defersOnRequest, access == .exclusive else { return spool }
            return DeferringSpool(over: spool, limitBytes: deferredBytes, onlyMarked: true)
        } catch {
            throw RunFault("spool \(directory): \(error)")
        }
    }

    private func open(_ directory: String, _ durability: Durability, _ access: SpoolAccess) throws -> any Spool {
        switch name {
        case "localdisk":
            try LocalDiskSpool(LocalDiskSettings(directory: directory, durability: durability, access: access))
        case "segment": try SegmentLogSpool(segmentSettings(directory, durability, access))
        default:
            try RocksDBSpool(
                RocksDBSettings(
                    directory: directory, durability: durability, access: access, options: rocksdbOptions))
        }
    }

    private func segmentSettings(
        _ directory: String, _ durability: Durability, _ access: SpoolAccess
    ) -> SegmentLogSettings {
        var settings = SegmentLogSettings(directory: directory, durability: durability, access: access)
        settings.isDirect = segmentWrites == "direct"
        return settings
    }

    private func checkedDurability() throws -> Durability {
        guard let value = Durability(rawValue: durability) else {
            throw UsageFault("--durability '\(durability)': expected fsync, os or deferred")
        }
        return value
    }
}
