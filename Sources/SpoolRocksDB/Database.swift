import CRocksDB
import NIOCore
import SpoolContract

/// RocksDB's handles for one database, and its calls as Swift's. Any thread.
final class Database: @unchecked Sendable {  // RocksDB's handles are thread-safe
    private static let lostFile = ["No such file", "End of file"]

    private let handle: OpaquePointer
    private let options: OpaquePointer
    private let syncedWrite = rocksdb_writeoptions_create()!
    private let unsyncedWrite = rocksdb_writeoptions_create()!
    private let read = rocksdb_readoptions_create()!

    /// - Throws: ``SpoolFault`` that names the directory, also for an option RocksDB does not know.
    init(_ settings: RocksDBSettings) throws(SpoolFault) {
        let base = rocksdb_options_create()!
        defer { rocksdb_options_destroy(base) }
        let parsed = rocksdb_options_create()!
        var opened: OpaquePointer?
        do throws(SpoolFault) {
            try check(settings.directory) { rocksdb_get_options_from_string(base, settings.optionText, parsed, $0) }
            // Half a microsecond a commit.
            rocksdb_options_enable_statistics(parsed)
            try check(settings.directory) {
                opened =
                    settings.access == .readOnly
                    ? rocksdb_open_for_read_only(parsed, settings.directory, 0, $0)
                    : rocksdb_open(parsed, settings.directory, $0)
            }
        } catch {
            rocksdb_options_destroy(parsed)
            throw error.withAdvice(settings.directory)
        }
        handle = opened!
        options = parsed
        rocksdb_writeoptions_set_sync(syncedWrite, 1)
        rocksdb_readoptions_set_fill_cache(read, 0)
    }

    /// No call may follow.
    func close() {
        rocksdb_readoptions_destroy(read)
        rocksdb_writeoptions_destroy(syncedWrite)
        rocksdb_writeoptions_destroy(unsyncedWrite)
        rocksdb_close(handle)
        rocksdb_options_destroy(options)
    }

    // MARK: Writing

    func write(_ batch: WriteBatch, synced: Bool) throws(SpoolFault) {
        try check("commit") { rocksdb_write(handle, synced ? syncedWrite : unsyncedWrite, batch.handle, $0) }
    }

    /// Starts to write the memtable out.
    func flush() {
        let flush = rocksdb_flushoptions_create()!
        defer { rocksdb_flushoptions_destroy(flush) }
        rocksdb_flushoptions_set_wait(flush, 0)
        var error: UnsafeMutablePointer<CChar>?
        rocksdb_flush(handle, flush, &error)
        rocksdb_free(error)
    }

    /// Counts every key ever written, in the order of writing.
    var latestSequence: UInt64 { rocksdb_get_latest_sequence_number(handle) }

    // MARK: Reading

    /// Calls `body` with the value, which is not copied; nil if there is none.
    func get<Result>(
        _ key: RecordKey, _ body: (UnsafeRawBufferPointer) -> Result
    ) throws(SpoolFault) -> Result? {
        var found: OpaquePointer?
        do throws(SpoolFault) {
            try check("\(key)") { error in
                key.withBytes { found = rocksdb_get_pinned(handle, read, $0, $1, error) }
            }
        } catch {
            // A file that is gone or too short is damage to what was in it, not a device that fails.
            if case .inputOutput(let text) = error, Self.lostFile.contains(where: text.contains) {
                throw .corrupt(text)
            }
            throw error
        }
        guard let found else { return nil }
        defer { rocksdb_pinnableslice_destroy(found) }
        var length = 0
        let value = rocksdb_pinnableslice_value(found, &length)
        return body(UnsafeRawBufferPointer(start: value, count: length))
    }

    func get(_ key: RecordKey) throws(SpoolFault) -> ByteBuffer? { try get(key) { ByteBuffer(bytes: $0) } }

    /// The text under a key that is no message's.
    func get(raw key: [UInt8]) throws(SpoolFault) -> String? {
        var length = 0
        var found: UnsafeMutablePointer<CChar>?
        try check("open") { error in
            key.withCharacters { found = rocksdb_get(handle, read, $0, $1, &length, error) }
        }
        guard let found else { return nil }
        defer { rocksdb_free(found) }
        return String(decoding: UnsafeRawBufferPointer(start: found, count: length), as: UTF8.self)
    }

    /// The keys of one kind in order.
    func iterator(_ kind: RecordKey.Kind) -> RecordIterator { RecordIterator(handle, read, kind) }

    // MARK: Figures

    /// All that memtables hold at most, and the next log, which is allocated ahead: a memtable and a tenth.
    var unwrittenBytes: Int {
        let memtable = rocksdb_options_get_write_buffer_size(options)
        return memtable * (Int(rocksdb_options_get_max_write_buffer_number(options)) + 1) + memtable / 10
    }

    /// A property by RocksDB's name; nil if it has none of that name.
    func property(_ name: String) -> Int? {
        var value: UInt64 = 0
        return rocksdb_property_int(handle, name, &value) == 0 ? Int(clamping: value) : nil
    }

    /// A property that is a text.
    func text(_ name: String) -> String? {
        guard let text = rocksdb_property_value(handle, name) else { return nil }
        defer { rocksdb_free(text) }
        return String(cString: text)
    }

    /// What RocksDB has counted since it was opened, a line a ticker.
    var statistics: String {
        guard let text = rocksdb_options_statistics_get_string(options) else { return "" }
        defer { rocksdb_free(text) }
        return String(cString: text)
    }
}

/// Goes over the keys of one kind.
struct RecordIterator: ~Copyable {
    private let handle: OpaquePointer
    private let kind: RecordKey.Kind

    fileprivate init(_ database: OpaquePointer, _ read: OpaquePointer, _ kind: RecordKey.Kind) {
        handle = rocksdb_create_iterator(database, read)!
        self.kind = kind
        var mark = CChar(bitPattern: kind.rawValue)
        rocksdb_iter_seek(handle, &mark, 1)
    }

    deinit { rocksdb_iter_destroy(handle) }

    /// The key it stands on; nil behind the last.
    var key: RecordKey? {
        guard rocksdb_iter_valid(handle) != 0 else { return nil }
        var length = 0
        guard let bytes = rocksdb_iter_key(handle, &length),
            let key = RecordKey(UnsafeRawBufferPointer(start: bytes, count: length)), key.kind == kind
        else { return nil }
        return key
    }

    var value: ByteBuffer {
        var length = 0
        let bytes = rocksdb_iter_value(handle, &length)
        return ByteBuffer(bytes: UnsafeRawBufferPointer(start: bytes, count: length))
    }

    func next() { rocksdb_iter_next(handle) }

    /// - Throws: what ended the iteration early.
    func checkEnd() throws(SpoolFault) { try check("list") { rocksdb_iter_get_error(handle, $0) } }
}

/// A batch of changes that is written at once; filled again and again, so that its memory is there already.
final class WriteBatch {
    /// Memory beyond this is given back.
    private static let keptBytes = 64 << 20

    fileprivate private(set) var handle = rocksdb_writebatch_create()!
    private var pointers: [UnsafePointer<CChar>?] = []
    private var sizes: [Int] = []

    deinit { rocksdb_writebatch_destroy(handle) }

    func clear() {
        var size = 0
        _ = rocksdb_writebatch_data(handle, &size)
        guard size > Self.keptBytes else { return rocksdb_writebatch_clear(handle) }
        rocksdb_writebatch_destroy(handle)
        handle = rocksdb_writebatch_create()
    }

    /// The parts of the value are handed over as they lie; RocksDB joins them while it copies them.
    func put(_ key: RecordKey, _ first: ByteBuffer, _ rest: [ByteBuffer] = []) {
        pointers.removeAll(keepingCapacity: true)
        sizes.removeAll(keepingCapacity: true)
        append(first)
        for part in rest { append(part) }
        // The buffers' storage does not move while they live.
        withExtendedLifetime((first, rest)) {
            key.withBytes { key, size in
                var key: UnsafePointer<CChar>? = key
                var size = size
                rocksdb_writebatch_putv(handle, 1, &key, &size, Int32(pointers.count), &pointers, &sizes)
            }
        }
    }

    private func append(_ part: ByteBuffer) {
        part.withUnsafeReadableBytes {
            pointers.append($0.baseAddress?.assumingMemoryBound(to: CChar.self))
            sizes.append($0.count)
        }
    }

    func delete(_ key: RecordKey) { key.withBytes { rocksdb_writebatch_delete(handle, $0, $1) } }

    /// A key that is no message's.
    func put(raw key: [UInt8], _ value: [UInt8]) {
        key.withCharacters { key, size in
            value.withCharacters { rocksdb_writebatch_put(handle, key, size, $0, $1) }
        }
    }

    func delete(raw key: [UInt8]) { key.withCharacters { rocksdb_writebatch_delete(handle, $0, $1) } }

    /// Goes into the write-ahead log and nowhere else.
    func log(_ bytes: [UInt8]) { bytes.withCharacters { rocksdb_writebatch_put_log_data(handle, $0, $1) } }
}

extension [UInt8] {
    fileprivate func withCharacters(_ body: (UnsafePointer<CChar>?, Int) -> Void) {
        withUnsafeBytes { body($0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count) }
    }
}

/// Calls RocksDB and turns its error text into a fault.
private func check(
    _ subject: String, _ call: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Void
) throws(SpoolFault) {
    var error: UnsafeMutablePointer<CChar>?
    call(&error)
    guard let error else { return }
    defer { rocksdb_free(error) }
    let text = String(cString: error)
    if text.contains("No space left") { throw .noSpace("\(subject): \(text)") }
    if text.hasPrefix("Corruption") { throw .corrupt("\(subject): \(text)") }
    throw .inputOutput("\(subject): \(text)")
}

extension SpoolFault {
    /// What to do about a database that cannot be read as a whole.
    func withAdvice(_ directory: String) -> SpoolFault {
        guard case .corrupt(let detail) = self else { return self }
        // A table that is missing is named as LevelDB named it.
        return .corrupt(
            "\(detail.replacing(".ldb", with: ".sst")). Nothing was changed. Put the file back from a copy; or copy \(directory) and let RocksDB keep "
                + "what it can read of the original: ldb --db=\(directory) repair (package rocksdb-tools)")
    }
}
