import MailTypes
import SpoolContract
import SpoolLocalDisk
import SpoolRocksDB
import SpoolSegmentLog

/// Something that is measured: a spool behind the group commit, or a loop that does the least that could be called so.
struct Subject: Sendable {
    struct Place {
        var directory: String
        var durability: Durability
        var rocksDBOptions: [String: String]
    }
    enum Kind {
        /// Through ``GroupCommitter``, with waiters, as the relay does it.
        case spool(any Spool)
        /// One thread, this many messages a batch; nil: as many as the cell has waiters.
        case loop(any PlainLoop, batch: Int?)
    }
    var name: String
    /// Its files need a round of writing before they are as they are in the long run.
    var hasFiles = true
    var open: @Sendable (Place) throws -> Kind

    static let floor = Subject(name: "floor") { .spool(try SegmentFloor($0)) }
    static let floorLoop = Subject(name: "floor-loop") { .loop(try SegmentFloor($0), batch: 64) }
    static let rocksDBPlain = Subject(name: "rocksdb-plain") { .loop(try PlainRocksDB($0), batch: nil) }
    static let segment = Subject(name: "segment") {
        .spool(try SegmentLogSpool(SegmentLogSettings(directory: $0.directory, durability: $0.durability)))
    }
    static let segmentDirect = Subject(name: "segment-direct") {
        var settings = SegmentLogSettings(directory: $0.directory, durability: $0.durability)
        settings.isDirect = true
        return .spool(try SegmentLogSpool(settings))
    }
    static let rocksDB = Subject(name: "rocksdb") { .spool(try RocksDBSpool($0.rocksDBSettings)) }

    /// Spools are added here, one line each.
    static let all = [
        floor, floorLoop, segment, segmentDirect, rocksDBPlain, rocksDB,
        Subject(name: "localdisk") {
            .spool(try LocalDiskSpool(LocalDiskSettings(directory: $0.directory, durability: $0.durability)))
        },
        Subject(name: "memory", hasFiles: false) { _ in .spool(MemorySpool()) },
        Subject(name: "null", hasFiles: false) { _ in .spool(NullSpool()) },
    ]
}

extension Subject.Place {
    var rocksDBSettings: RocksDBSettings {
        RocksDBSettings(directory: directory, durability: durability, options: rocksDBOptions)
    }
}

/// The shortest loop that keeps messages: puts a batch and finishes the one before it, durable when it returns.
protocol PlainLoop: AnyObject {
    func commit(_ messages: [SpoolMessage], finishing: [MessageID]) throws
    func close()
}
