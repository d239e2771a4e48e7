import CLinux
import Glibc
package import MailTypes
import NIOCore
package import SpoolContract
import Synchronization

/// The spool as one file a message, the way most mail systems keep their queues: temporary name, fdatasync, rename,
/// fsync of the directory, the last once a batch.
///
/// Every message costs the file system an inode, a name and a journal entry, which is what makes this the slowest of
/// the durable spools; it is here because it is what everybody knows, and as good as it can be made: all files of a
/// batch are written first, writeback starts for all of them, and their syncs wait together (``SyncPool``).
/// Format and order of operations: `docs/SPOOL.md`.
package final class LocalDiskSpool: Spool, @unchecked Sendable {  // commit has one caller; the rest is locked
    private struct Sizes {
        var messages = 0
        /// Of the files, heads included.
        var bytes = 0
        var failure: SpoolFault?
    }
    private let settings: LocalDiskSettings
    private let claim: SpoolClaim?
    private let files: FanOut
    private let pool: SyncPool?
    private let sizes = Mutex(Sizes())
    package let wasCleanlyClosed: Bool

    /// Opens or creates the spool.
    package init(_ settings: LocalDiskSettings) throws(SpoolFault) {
        self.settings = settings
        guard settings.access == .exclusive else {
            claim = nil
            pool = nil
            files = try FanOut(settings.directory, isExclusive: false)
            wasCleanlyClosed = true
            return
        }
        let claim = try SpoolClaim(settings.directory)
        let isNew = access(settings.directory + "/queue", F_OK) != 0
        files = try FanOut(settings.directory, isExclusive: true)
        self.claim = claim
        pool = SyncPool(threads: settings.syncThreads)
        wasCleanlyClosed = try claim.takeCleanMark() || isNew
    }

    // MARK: Spool

    package func commit(_ batch: SpoolBatch) throws(SpoolFault) {
        guard let pool else { throw .closed }
        if let failure = sizes.withLock({ $0.failure }) { throw failure }
        var written = 0
        do throws(SpoolFault) {
            written = try write(batch.messages, pool)
            for (id, state) in batch.states { try write(state, of: id) }
        } catch {
            // Nothing of the batch was promised to anybody.
            for message in batch.messages { remove(message.id) }
            guard case .noSpace = error else {
                // After a failed write or sync nobody knows what is on the disk: the spool latches.
                let fault = SpoolFault.inputOutput(error.description)
                sizes.withLock { $0.failure = fault }
                throw fault
            }
            throw error
        }
        sizes.withLock { sizes in
            sizes.messages += batch.messages.count
            sizes.bytes += written
        }
        for id in batch.completions { finish(id) }
    }

    package func load(_ id: MessageID) throws(SpoolFault) -> StoredMessage? {
        guard let (record, _) = try FanOut.read(files.path(id, .message)) else { return nil }
        return StoredMessage(try RecordCodec.message(id, record), state: state(id))
    }

    package func quarantine(_ id: MessageID) throws(SpoolFault) -> String? {
        guard let (record, _) = try FanOut.read(files.path(id, .message)) else { return nil }
        return try SpoolFiles.keepAside(record, as: "\(id).record", below: settings.directory)
    }

    package func enumerate(_ body: (SpoolEntry) -> Void) throws(SpoolFault) -> UnreadableRecords {
        let isExclusive = settings.access == .exclusive
        // A temporary name was never acknowledged: its client was told nothing.
        let (ids, states) = try files.list { if isExclusive { unlink($0) } }
        var unreadable = UnreadableRecords()
        var (messages, bytes) = (0, 0)
        for id in ids {
            do throws(SpoolFault) {
                guard let (found, size) = try entry(id) else { continue }
                var entry = found
                if states.contains(id) { entry.state = state(id) }
                messages += 1
                bytes += size
                body(entry)
            } catch {
                unreadable.note(try putAside(id, error))
            }
        }
        sizes.withLock { ($0.messages, $0.bytes) = (messages, bytes) }
        if isExclusive { removeStrayStates(ids, states) }
        return unreadable
    }

    package var report: SpoolReport {
        let (messages, bytes, failure) = sizes.withLock { ($0.messages, $0.bytes, $0.failure) }
        return SpoolReport(messages: messages, liveBytes: bytes, diskBytes: bytes + messages * 4096, fault: failure)
    }

    package var freeBytes: Int? { SpoolContract.freeBytes(holding: settings.directory) }

    package func close(clean: Bool) {
        guard let claim, let pool else { return }
        pool.stop()
        if clean, sizes.withLock({ $0.failure }) == nil { claim.setCleanMark() }
        files.close()
        claim.release()
    }

    // MARK: Writing

    /// All files and their syncs, then all names, then all directories.
    /// - Returns: octets written.
    private func write(_ messages: [SpoolMessage], _ pool: SyncPool) throws(SpoolFault) -> Int {
        let isSynced = settings.durability == .fsync
        var bytes = 0
        for start in stride(from: 0, to: messages.count, by: Self.openAtOnce) {
            bytes += try writeFiles(messages[start..<min(start + Self.openAtOnce, messages.count)], isSynced, pool)
        }
        for message in messages {
            try rename(files.temporaryPath(message.id, .message), files.path(message.id, .message))
        }
        if isSynced, !messages.isEmpty { try files.sync(Set(messages.map { files.index($0.id) }), pool) }
        return bytes
    }

    /// Descriptors that a commit holds open.
    private static let openAtOnce = 512

    private func writeFiles(
        _ messages: ArraySlice<SpoolMessage>, _ isSynced: Bool, _ pool: SyncPool
    ) throws(SpoolFault) -> Int {
        var open: [Int32] = []
        defer { for file in open { Glibc.close(file) } }
        var bytes = 0
        for message in messages {
            let file = try create(files.temporaryPath(message.id, .message))
            open.append(file)
            let head = RecordCodec.head(of: message)
            try writeAll([head] + message.content.slices, to: file)
            bytes += head.readableBytes + message.content.size
            // Starts writing and does not wait: the sync that follows finds it done.
            if isSynced { mr_start_writeback(file) }
        }
        if isSynced { try pool.sync(open) }
        return bytes
    }

    /// Replaced whole, so that it is never torn; not synced: see ``Spool/commit(_:)``.
    private func write(_ state: DeliveryState, of id: MessageID) throws(SpoolFault) {
        guard access(files.path(id, .message), F_OK) == 0 else { return }
        let path = files.temporaryPath(id, .state)
        let file = try create(path)
        defer { Glibc.close(file) }
        try writeAll([RecordCodec.encode(state)], to: file)
        try rename(path, files.path(id, .state))
    }

    private func create(_ path: String) throws(SpoolFault) -> Int32 {
        let file = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .system("create \(path)") }
        return file
    }

    private func rename(_ from: String, _ to: String) throws(SpoolFault) {
        guard Glibc.rename(from, to) == 0 else { throw .system("rename \(from)") }
    }

    private func remove(_ id: MessageID) {
        for path in [files.temporaryPath(id, .message), files.path(id, .message)] { unlink(path) }
    }

    private func finish(_ id: MessageID) {
        let path = files.path(id, .message)
        var status = stat()
        guard stat(path, &status) == 0, unlink(path) == 0 else { return }
        unlink(files.path(id, .state))
        sizes.withLock {
            $0.messages -= 1
            $0.bytes -= Int(status.st_size)
        }
    }

    // MARK: Reading

    /// - Returns: the entry and the size of its file.
    private func entry(_ id: MessageID) throws(SpoolFault) -> (SpoolEntry, Int)? {
        let path = files.path(id, .message)
        guard let (first, size) = try FanOut.read(path, limit: Self.headRead) else { return nil }
        var bytes = first
        guard let length = bytes.getInteger(at: bytes.readerIndex, endianness: .little, as: UInt32.self),
            Int(length) + 4 <= size
        else { throw .corrupt("\(id): shorter than its head") }
        if Int(length) + 4 > bytes.readableBytes {
            guard let whole = try FanOut.read(path, limit: Int(length) + 4) else { return nil }
            bytes = whole.bytes
        }
        let entry = try RecordCodec.entry(id, head: bytes)
        guard Int(length) + 4 + entry.size == size else {
            throw .corrupt("\(id): \(size) octets, expected \(Int(length) + 4 + entry.size)")
        }
        return (entry, size)
    }

    /// Bytes that hold the head of most messages.
    private static let headRead = 4096

    /// States are not synced: one that a power cut left torn counts as none, and its message is due at once.
    private func state(_ id: MessageID) -> DeliveryState? {
        guard let record = try? FanOut.read(files.path(id, .state))?.bytes else { return nil }
        return try? RecordCodec.state(id, record)
    }

    /// Into the quarantine by another name; both names' directories synced.
    private func putAside(_ id: MessageID, _ fault: SpoolFault) throws(SpoolFault) -> SpoolFault {
        guard settings.access == .exclusive, case .corrupt(let text) = fault else { return fault }
        guard let kept = try quarantine(id) else { return fault }
        unlink(files.path(id, .message))
        unlink(files.path(id, .state))
        return .corrupt("\(text); kept in \(kept)")
    }

    /// A state whose message is gone means nothing.
    private func removeStrayStates(_ ids: [MessageID], _ states: Set<MessageID>) {
        guard !states.isEmpty else { return }
        for id in states.subtracting(ids) { unlink(files.path(id, .state)) }
    }
}

/// Writes the buffers one behind the other.
private func writeAll(_ buffers: [ByteBuffer], to file: Int32) throws(SpoolFault) {
    for part in stride(from: 0, to: buffers.count, by: 1024) {  // IOV_MAX
        let group = buffers[part..<min(part + 1024, buffers.count)].filter { $0.readableBytes > 0 }
        var vectors = group.map { buffer in
            // The storage does not move while `buffers` lives.
            buffer.withUnsafeReadableBytes {
                iovec(iov_base: UnsafeMutableRawPointer(mutating: $0.baseAddress), iov_len: $0.count)
            }
        }
        let fault: SpoolFault? = withExtendedLifetime(buffers) { writeVectors(&vectors, file) }
        if let fault { throw fault }
    }
}

private func writeVectors(_ vectors: inout [iovec], _ file: Int32) -> SpoolFault? {
    var first = 0
    while first < vectors.count {
        let written = vectors.withUnsafeBufferPointer { writev(file, $0.baseAddress! + first, Int32($0.count - first)) }
        if written < 0 {
            if errno == EINTR { continue }
            return .system("write")
        }
        var rest = written
        while first < vectors.count, rest >= vectors[first].iov_len {
            rest -= vectors[first].iov_len
            first += 1
        }
        if rest > 0 {
            vectors[first].iov_base += rest
            vectors[first].iov_len -= rest
        }
    }
    return nil
}
