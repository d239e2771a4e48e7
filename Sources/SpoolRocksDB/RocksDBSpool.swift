package import MailTypes
import NIOCore
package import SpoolContract
import Synchronization

/// The spool in a RocksDB database: one atomic, optionally synced WriteBatch a commit. Layout: ``RecordLayout``.
///
/// Mail is not forgotten in silence. A record that cannot be read is kept aside, counted and taken out at the listing;
/// a damaged log (``WriteAheadLogs``) or a table that is missing refuses the start; a damaged table ends the listing
/// with a fault; a damaged body is found when it is loaded. What cannot be told from a power cut is damage to the very
/// last batch, and a log that is gone as a whole.
///
/// Any thread may call ``load(_:)``; ``commit(_:)`` is called by one.
package final class RocksDBSpool: Spool, @unchecked Sendable {  // commit has one caller; the rest is behind `known`
    struct Known {
        /// What is not finished; from the listing at start and the commits since.
        var open = OpenMessages()
        /// What a failed write left behind; nothing may be written after it.
        var failure: SpoolFault?
    }
    let database: Database
    let settings: RocksDBSettings
    let known = Mutex(Known())
    let damagedLog: SpoolFault?
    private let reserveBytes: Int
    private let writes = WriteBatch()
    /// Everything up to here is there to stay; written into the log with each batch, see ``WriteAheadLogs``.
    private var mark: WriteAheadLogs.Mark
    private var lastFlush: ContinuousClock.Instant?
    package let wasCleanlyClosed: Bool

    /// Opens or creates the database.
    /// - Throws: ``SpoolFault`` that names the directory or the file, also for an option RocksDB does not know.
    package init(_ settings: RocksDBSettings) throws(SpoolFault) {
        self.settings = settings
        damagedLog = settings.access == .exclusive ? try WriteAheadLogs.check(settings) : nil
        database = try Database(settings)
        reserveBytes = settings.reserveBytes ?? database.unwrittenBytes
        mark = WriteAheadLogs.Mark(
            sequence: 0, isPromised: settings.durability == .fsync, salt: .random(in: 0...UInt64.max))
        do throws(SpoolFault) {
            wasCleanlyClosed = try database.checkFormat()
            if settings.access == .exclusive { try database.takeMarks() }
        } catch {
            database.close()
            throw error
        }
        mark.sequence = database.latestSequence
    }

    // MARK: Spool

    package func commit(_ batch: SpoolBatch) throws(SpoolFault) {
        guard settings.access == .exclusive else { throw .closed }
        if let failure = known.withLock({ $0.failure }) { throw failure }
        if !batch.messages.isEmpty { try checkReserve(batch) }
        do throws(SpoolFault) { try write(batch) } catch {
            // RocksDB takes no write after one that failed, whatever the reason was.
            let failure = SpoolFault.inputOutput(error.description + "; restart when the cause is gone")
            known.withLock { $0.failure = failure }
            throw failure
        }
    }

    /// New mail must leave room for completions and for all memtables to be written out: RocksDB cannot go on once it
    /// has run into a full disk.
    private func checkReserve(_ batch: SpoolBatch) throws(SpoolFault) {
        let size = batch.messages.reduce(0) { $0 + $1.content.size }
        guard let free = freeBytes, free < reserveBytes + size else { return }
        makeRoom()
        throw .noSpace("\(settings.directory): less than the reserve of \(reserveBytes) bytes is free")
    }

    /// The log of finished messages goes only when their memtable is written out: ask for that, at most once a second,
    /// and only where little in it is unfinished, since that would have to be written to the full disk.
    private func makeRoom() {
        let now = ContinuousClock.now
        guard lastFlush.map({ now - $0 > .seconds(1) }) ?? true,
            known.withLock({ $0.open.bytes }) < reserveBytes / 4
        else { return }
        lastFlush = now
        database.flush()
    }

    private func write(_ batch: SpoolBatch) throws(SpoolFault) {
        writes.clear()
        writes.log(mark.bytes)
        for message in batch.messages { RecordLayout.put(message, writes) }
        for (id, state) in batch.states { writes.put(RecordKey(.state, id), RecordCodec.encode(state)) }
        known.withLock { known in
            for message in batch.messages {
                known.open.add(
                    message.id, size: message.content.size, keys: RecordLayout.hasBody(message) ? .body : [])
            }
            for (id, _) in batch.states { known.open.hasState(id) }
            for id in batch.completions { RecordLayout.remove(id, known.open.finish(id), writes) }
        }
        let synced = settings.durability == .fsync && !batch.messages.isEmpty
        try database.write(writes, synced: synced)
        if synced || settings.durability != .fsync { mark.sequence = database.latestSequence }
    }

    package func load(_ id: MessageID) throws(SpoolFault) -> StoredMessage? {
        guard let record = try record(id) else { return nil }
        return StoredMessage(try RecordCodec.message(id, record), state: try state(id))
    }

    private func state(_ id: MessageID) throws(SpoolFault) -> DeliveryState? {
        guard let record = try database.get(RecordKey(.state, id)) else { return nil }
        return try RecordCodec.state(id, record)
    }

    /// Head and content one behind the other.
    private func record(_ id: MessageID) throws(SpoolFault) -> ByteBuffer? {
        guard let value = try database.get(RecordKey(.message, id)) else { return nil }
        guard var record = try RecordLayout.lone(id, value) else { return value }
        if try database.get(RecordKey(.body, id), { record.writeBytes($0) }) != nil { return record }
        // It may have been finished in between.
        return try database.get(RecordKey(.message, id)) == nil ? nil : record
    }

    package func quarantine(_ id: MessageID) throws(SpoolFault) -> String? {
        guard var value = try database.get(RecordKey(.message, id)) else { return nil }
        // A body that cannot be read must not keep the head from being kept.
        _ = try? database.get(RecordKey(.body, id)) { value.writeBytes($0) }
        return try SpoolFiles.keepAside(value, as: "\(id).record", below: settings.directory)
    }

    package var freeBytes: Int? { SpoolContract.freeBytes(holding: settings.directory) }

    package func close(clean: Bool) {
        // After a failed write closing runs into an assertion of RocksDB; what is on the disk is as safe without it.
        guard known.withLock({ $0.failure }) == nil else { return }
        if clean, settings.access == .exclusive { database.setCleanMark() }
        database.close()
    }
}
