import CRocksDB
package import MailTypes
import NIOCore
package import SpoolContract

/// The spool in a RocksDB database: one atomic, optionally synced WriteBatch a commit.
///
/// Keys: `m` + id is a message (head and content, ``RecordCodec``), `s` + id its delivery state, `clean` the mark of a
/// clean stop. Any thread may call ``load(_:)``; ``commit(_:)`` is called by one.
package final class RocksDBSpool: Spool, @unchecked Sendable {  // RocksDB's handles are thread-safe
    private static let messageMark = UInt8(ascii: "m")
    private static let stateMark = UInt8(ascii: "s")
    private static let cleanKey = Array("clean".utf8)

    private let database: OpaquePointer
    /// What a failed write left behind; nothing may be written after it.
    private var failure: SpoolFault?
    private let reserveBytes: Int
    private var lastFlush: ContinuousClock.Instant?
    /// Content octets of what is not finished, by message and in all; from the listing at start and the commits since.
    private var sizes: [MessageID: Int] = [:]
    private var liveBytes = 0
    private let directory: String
    private let options: OpaquePointer
    private let writeOptions: OpaquePointer
    /// For completions and states alone: a later synced commit takes them along.
    private let unsyncedOptions: OpaquePointer
    private let readOptions: OpaquePointer
    package let wasCleanlyClosed: Bool

    /// Opens or creates the database.
    /// - Throws: ``SpoolFault`` that names the directory, also for an option RocksDB does not know.
    package init(_ settings: RocksDBSettings) throws(SpoolFault) {
        let base = rocksdb_options_create()!
        let parsed = rocksdb_options_create()!
        try check(settings.directory) { rocksdb_get_options_from_string(base, settings.optionText, parsed, $0) }
        rocksdb_options_destroy(base)
        var opened: OpaquePointer?
        try check(settings.directory) { opened = rocksdb_open(parsed, settings.directory, $0) }
        options = parsed
        directory = settings.directory
        reserveBytes = settings.reserveBytes
        database = opened!
        writeOptions = rocksdb_writeoptions_create()
        rocksdb_writeoptions_set_sync(writeOptions, settings.durability == .fsync ? 1 : 0)
        unsyncedOptions = rocksdb_writeoptions_create()
        readOptions = rocksdb_readoptions_create()
        rocksdb_readoptions_set_fill_cache(readOptions, 0)
        wasCleanlyClosed = try Self.takeCleanMark(opened!, readOptions)
    }

    // MARK: Spool

    package func commit(_ batch: SpoolBatch) throws(SpoolFault) {
        if let failure { throw failure }
        if !batch.messages.isEmpty { try checkReserve(batch) }
        do throws(SpoolFault) { try write(batch) } catch {
            // RocksDB takes no write after one that failed, whatever the reason was.
            failure = .inputOutput(error.description + "; restart when the cause is gone")
            throw failure!
        }
        note(batch)
    }

    /// New mail must leave room for completions and for a memtable to be written out: RocksDB cannot go on once it has
    /// run into a full disk.
    private func checkReserve(_ batch: SpoolBatch) throws(SpoolFault) {
        let size = batch.messages.reduce(0) { $0 + $1.content.size }
        guard let free = freeBytes, free < reserveBytes + size else { return }
        makeRoom()
        throw .noSpace("\(directory): less than the reserve of \(reserveBytes) bytes is free")
    }

    /// The log of finished messages goes only when their memtable is written out: ask for that, at most once a second,
    /// and only where little in it is unfinished, since that would have to be written to the full disk.
    private func makeRoom() {
        let now = ContinuousClock.now
        guard lastFlush.map({ now - $0 > .seconds(1) }) ?? true, liveBytes < reserveBytes / 4 else { return }
        lastFlush = now
        let flush = rocksdb_flushoptions_create()!
        defer { rocksdb_flushoptions_destroy(flush) }
        rocksdb_flushoptions_set_wait(flush, 0)
        var error: UnsafeMutablePointer<CChar>?
        rocksdb_flush(database, flush, &error)
        rocksdb_free(error)
    }

    private func note(_ batch: SpoolBatch) {
        for message in batch.messages {
            sizes[message.id] = message.content.size
            liveBytes += message.content.size
        }
        for id in batch.completions { liveBytes -= sizes.removeValue(forKey: id) ?? 0 }
    }

    private func write(_ batch: SpoolBatch) throws(SpoolFault) {
        let writes = rocksdb_writebatch_create()!
        defer { rocksdb_writebatch_destroy(writes) }
        for message in batch.messages { put(message, writes) }
        for (id, state) in batch.states {
            let value = RecordCodec.encode(state)
            withKey(Self.stateMark, id) { key in
                value.withUnsafeReadableBytes {
                    rocksdb_writebatch_put(writes, key.baseAddress, key.count, $0.baseAddress, $0.count)
                }
            }
        }
        for id in batch.completions {
            for mark in [Self.messageMark, Self.stateMark] {
                withKey(mark, id) { rocksdb_writebatch_delete(writes, $0.baseAddress, $0.count) }
            }
        }
        let options = batch.messages.isEmpty ? unsyncedOptions : writeOptions
        try check("commit") { rocksdb_write(database, options, writes, $0) }
    }

    package func load(_ id: MessageID) throws(SpoolFault) -> StoredMessage? {
        guard let record = try get(Self.messageMark, id) else { return nil }
        return StoredMessage(try RecordCodec.message(id, record), state: try state(id))
    }

    private func state(_ id: MessageID) throws(SpoolFault) -> DeliveryState? {
        try get(Self.stateMark, id).map { (record) throws(SpoolFault) in try RecordCodec.state(id, record) }
    }

    package func quarantine(_ id: MessageID) throws(SpoolFault) -> String? {
        guard let record = try get(Self.messageMark, id) else { return nil }
        return try SpoolFiles.keepAside(record, as: "\(id).record", below: directory)
    }

    package var report: SpoolReport {
        SpoolReport(messages: 0, liveBytes: 0, diskBytes: nil)
    }

    package func enumerate(_ body: (SpoolEntry) -> Void) throws(SpoolFault) -> UnreadableRecords {
        let iterator = rocksdb_create_iterator(database, readOptions)!
        defer { rocksdb_iter_destroy(iterator) }
        var unreadable = UnreadableRecords()
        var mark = Self.messageMark
        withUnsafeBytes(of: &mark) {
            rocksdb_iter_seek(iterator, $0.baseAddress?.assumingMemoryBound(to: CChar.self), 1)
        }
        while rocksdb_iter_valid(iterator) != 0 {
            guard let id = key(of: iterator) else { break }
            do throws(SpoolFault) {
                var entry = try RecordCodec.entry(id, value(of: iterator))
                entry.state = try state(id)
                if sizes.updateValue(entry.size, forKey: id) == nil { liveBytes += entry.size }
                body(entry)
            } catch {
                unreadable.note(error)
            }
            rocksdb_iter_next(iterator)
        }
        try check("enumerate") { rocksdb_iter_get_error(iterator, $0) }
        return unreadable
    }

    package var freeBytes: Int? { SpoolContract.freeBytes(holding: directory) }

    package func close(clean: Bool) {
        if clean, failure == nil {
            var error: UnsafeMutablePointer<CChar>?
            rocksdb_writeoptions_set_sync(writeOptions, 1)
            Self.cleanKey.withUnsafeBytes {
                let key = $0.baseAddress?.assumingMemoryBound(to: CChar.self)
                rocksdb_put(database, writeOptions, key, $0.count, key, $0.count, &error)
            }
            rocksdb_free(error)
        }
        // After a failed write closing runs into an assertion of RocksDB; what is on the disk is as safe without it.
        guard failure == nil else { return }
        rocksdb_readoptions_destroy(readOptions)
        rocksdb_writeoptions_destroy(writeOptions)
        rocksdb_writeoptions_destroy(unsyncedOptions)
        rocksdb_close(database)
        rocksdb_options_destroy(options)
    }

    // MARK: Records

    /// The parts are handed over as they lie; RocksDB joins them while it copies them into its log.
    private func put(_ message: SpoolMessage, _ writes: OpaquePointer) {
        let parts = [RecordCodec.head(of: message)] + message.content.slices
        var pointers: [UnsafePointer<CChar>?] = []
        var sizes: [Int] = []
        for part in parts {
            part.withUnsafeReadableBytes {
                pointers.append($0.baseAddress?.assumingMemoryBound(to: CChar.self))
                sizes.append($0.count)
            }
        }
        // The buffers' storage does not move while `parts` lives.
        withExtendedLifetime(parts) {
            withKey(Self.messageMark, message.id) { key in
                var keyPointer: UnsafePointer<CChar>? = key.baseAddress
                var keySize = key.count
                rocksdb_writebatch_putv(
                    writes, 1, &keyPointer, &keySize, Int32(pointers.count), &pointers, &sizes)
            }
        }
    }

    private func get(_ mark: UInt8, _ id: MessageID) throws(SpoolFault) -> ByteBuffer? {
        var length = 0
        var found: UnsafeMutablePointer<CChar>?
        try check("\(id)") { error in
            withKey(mark, id) { found = rocksdb_get(database, readOptions, $0.baseAddress, $0.count, &length, error) }
        }
        guard let found else { return nil }
        defer { rocksdb_free(found) }
        return ByteBuffer(bytes: UnsafeRawBufferPointer(start: found, count: length))
    }

    private func key(of iterator: OpaquePointer) -> MessageID? {
        var length = 0
        guard let bytes = rocksdb_iter_key(iterator, &length), length == 17,
            UInt8(bitPattern: bytes[0]) == Self.messageMark
        else { return nil }
        return MessageID(bytes: UnsafeRawBufferPointer(start: bytes + 1, count: 16))
    }

    private func value(of iterator: OpaquePointer) -> ByteBuffer {
        var length = 0
        let bytes = rocksdb_iter_value(iterator, &length)
        return ByteBuffer(bytes: UnsafeRawBufferPointer(start: bytes, count: length))
    }

    /// The mark is gone from now on: only a clean stop writes it again.
    private static func takeCleanMark(_ database: OpaquePointer, _ read: OpaquePointer) throws(SpoolFault) -> Bool {
        var length = 0
        var found: UnsafeMutablePointer<CChar>?
        let key = cleanKey.map { CChar(bitPattern: $0) }
        try check("open") { found = rocksdb_get(database, read, key, key.count, &length, $0) }
        guard let found else { return isEmpty(database, read) }
        rocksdb_free(found)
        let synced = rocksdb_writeoptions_create()!
        defer { rocksdb_writeoptions_destroy(synced) }
        rocksdb_writeoptions_set_sync(synced, 1)
        try check("open") { rocksdb_delete(database, synced, key, key.count, $0) }
        return true
    }

    private static func isEmpty(_ database: OpaquePointer, _ read: OpaquePointer) -> Bool {
        let iterator = rocksdb_create_iterator(database, read)!
        defer { rocksdb_iter_destroy(iterator) }
        rocksdb_iter_seek_to_first(iterator)
        return rocksdb_iter_valid(iterator) == 0
    }
}

private func withKey<Result>(
    _ mark: UInt8, _ id: MessageID, _ body: (UnsafeBufferPointer<CChar>) -> Result
) -> Result {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 17) { key in
        key[0] = CChar(bitPattern: mark)
        let words = (id.high.bigEndian, id.low.bigEndian)
        withUnsafeBytes(of: words) {
            UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(key)[1...]).copyMemory(from: $0)
        }
        return body(UnsafeBufferPointer(key))
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
