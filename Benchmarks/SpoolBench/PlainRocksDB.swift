import CRocksDB
import MailTypes
import NIOCore
import ProgramSupport
import SpoolContract

/// RocksDB with the spool's options, keys and values, used as its own example does: one WriteBatch, cleared and filled
/// again; the messages of the batch before are deleted in it. None of our code in between.
final class PlainRocksDB: PlainLoop {
    /// Content from this size on has a key of its own, as in the spool.
    private static let bodyBytes = 4096

    private let database: OpaquePointer
    private let options: OpaquePointer
    private let writeOptions = rocksdb_writeoptions_create()!
    private let writes = rocksdb_writebatch_create()!
    /// The spool's head of a message, with its checksum as it happens to be.
    private var head: [UInt8] = []
    private var hasBodies = false

    init(_ place: Subject.Place) throws {
        let base = rocksdb_options_create()!
        options = rocksdb_options_create()!
        defer { rocksdb_options_destroy(base) }
        var error: UnsafeMutablePointer<CChar>?
        rocksdb_get_options_from_string(base, place.rocksDBSettings.optionText, options, &error)
        try Self.check(error)
        let opened = rocksdb_open(options, place.directory, &error)
        try Self.check(error)
        database = opened!
        rocksdb_writeoptions_set_sync(writeOptions, place.durability == .fsync ? 1 : 0)
    }

    func commit(_ messages: [SpoolMessage], finishing: [MessageID]) throws {
        rocksdb_writebatch_clear(writes)
        for id in finishing {
            withKey("m", id) { rocksdb_writebatch_delete(writes, $0, 17) }
            if hasBodies { withKey("b", id) { rocksdb_writebatch_delete(writes, $0, 17) } }
        }
        for message in messages { put(message) }
        var error: UnsafeMutablePointer<CChar>?
        rocksdb_write(database, writeOptions, writes, &error)
        try Self.check(error)
    }

    private func put(_ message: SpoolMessage) {
        let content = message.content.slices[0]  // the load has one
        if head.isEmpty || hasBodies != (content.readableBytes >= Self.bodyBytes) {
            hasBodies = content.readableBytes >= Self.bodyBytes
            head = Array(RecordCodec.head(of: message).readableBytesView) + (hasBodies ? [0, 0, 0, 0] : [])
        }
        content.withUnsafeReadableBytes { content in
            head.withUnsafeBytes { head in
                if hasBodies {
                    put("m", message.id, CollectionOfOne(head))
                    put("b", message.id, CollectionOfOne(content))
                } else {
                    put("m", message.id, [head, content])
                }
            }
        }
    }

    private func put(_ mark: Unicode.Scalar, _ id: MessageID, _ parts: some Collection<UnsafeRawBufferPointer>) {
        withKey(mark, id) { key in
            var key: UnsafePointer<CChar>? = key
            var keySize = 17
            var values = parts.map { $0.baseAddress?.assumingMemoryBound(to: CChar.self) }
            var sizes = parts.map(\.count)
            rocksdb_writebatch_putv(writes, 1, &key, &keySize, Int32(values.count), &values, &sizes)
        }
    }

    func close() {
        rocksdb_writebatch_destroy(writes)
        rocksdb_writeoptions_destroy(writeOptions)
        rocksdb_close(database)
        rocksdb_options_destroy(options)
    }

    private func withKey(_ mark: Unicode.Scalar, _ id: MessageID, _ body: (UnsafePointer<CChar>) -> Void) {
        withUnsafeTemporaryAllocation(byteCount: 17, alignment: 8) { key in
            key[0] = UInt8(ascii: mark)
            key.storeBytes(of: id.high.bigEndian, toByteOffset: 1, as: UInt64.self)
            key.storeBytes(of: id.low.bigEndian, toByteOffset: 9, as: UInt64.self)
            body(key.baseAddress!.assumingMemoryBound(to: CChar.self))
        }
    }

    private static func check(_ error: UnsafeMutablePointer<CChar>?) throws {
        guard let error else { return }
        defer { rocksdb_free(error) }
        throw RunFault("RocksDB: \(String(cString: error))")
    }
}
