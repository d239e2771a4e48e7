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
package final class LocalDiskSpool: Spool, @unchecked Sendable {  // commit has one caller; the rest is behind `known`
    /// What is kept in memory: nothing a message.
    struct Known {
        var messages = 0
        /// Of the messages' files, heads included, and these rounded up to the blocks of the file system.
        var bytes = 0
        var blockBytes = 0
        var states = 0
        /// What a failed write, rename or sync left behind; nothing may be written after it.
        var failure: SpoolFault?
        /// A load failed and the message has not been put aside: it is not finished before it is.
        var suspects: Set<MessageID> = []
    }
    let settings: LocalDiskSettings
    let files: FanOut
    let known = Mutex(Known())
    let blockSize: Int
    private let claim: SpoolClaim?
    private let pool: SyncPool?
    package let wasCleanlyClosed: Bool

    /// Opens the spool; creates it unless it is only read.
    package init(_ settings: LocalDiskSettings) throws(SpoolFault) {
        self.settings = settings
        let directory = settings.directory
        guard settings.access == .exclusive else {
            claim = nil
            pool = nil
            files = try FanOut(directory, isExclusive: false)
            blockSize = Self.blockSize(directory)
            wasCleanlyClosed = access(directory + "/clean", F_OK) == 0
            return
        }
        let claim = try SpoolClaim(directory)
        do throws(SpoolFault) {
            let isNew = access(directory + "/queue", F_OK) != 0
            files = try FanOut(directory, isExclusive: true)
            wasCleanlyClosed = try claim.takeCleanMark() || isNew
        } catch {
            claim.release()
            throw error
        }
        self.claim = claim
        blockSize = Self.blockSize(directory)
        pool = SyncPool(threads: settings.syncThreads)
    }

    private static func blockSize(_ path: String) -> Int {
        var status = statvfs()
        return statvfs(path, &status) == 0 ? max(1, Int(status.f_frsize)) : 4096
    }

    // MARK: Spool

    package func commit(_ batch: SpoolBatch) throws(SpoolFault) {
        guard let pool else { throw .closed }
        if let failure = known.withLock({ $0.failure }) { throw failure }
        var published = 0
        do throws(SpoolFault) { try write(batch, pool, &published) } catch {
            takeBack(batch.messages, published: published, pool)
            guard case .noSpace = error else { throw latch(error) }
            throw error
        }
        // The messages are there to stay: what fails now is the next batch's fault.
        do throws(SpoolFault) { for id in batch.completions { try finish(id) } } catch { _ = latch(error) }
    }

    /// After a failed write or sync nobody knows what is on the disk.
    private func latch(_ fault: SpoolFault) -> SpoolFault {
        let failure = SpoolFault.inputOutput(fault.description)
        known.withLock { $0.failure = failure }
        return failure
    }

    package func load(_ id: MessageID) throws(SpoolFault) -> StoredMessage? {
        var record = ByteBuffer()
        do throws(SpoolFault) {
            guard try files.read(id, .message, into: &record) != nil else { return nil }
            let message = try RecordCodec.message(id, record)
            known.withLock { _ = $0.suspects.remove(id) }
            return StoredMessage(message, state: try? state(id))
        } catch {
            known.withLock { _ = $0.suspects.insert(id) }
            throw error
        }
    }

    /// - Throws: ``SpoolFault/corrupt(_:)`` for one that is damaged.
    func state(_ id: MessageID) throws(SpoolFault) -> DeliveryState? {
        var record = ByteBuffer()
        guard try files.read(id, .state, into: &record) != nil else { return nil }
        return try RecordCodec.state(id, record)
    }

    package var report: SpoolReport {
        known.withLock { known in
            SpoolReport(
                messages: known.messages, liveBytes: known.bytes,
                diskBytes: known.blockBytes + known.states * blockSize, fault: known.failure,
                details: [.init("states", known.states, "count")])
        }
    }

    package var freeBytes: Int? { SpoolContract.freeBytes(holding: settings.directory) }

    package func close(clean: Bool) {
        defer { files.close() }
        guard let claim, let pool else { return }
        pool.stop()
        if clean, known.withLock({ $0.failure }) == nil {
            do throws(SpoolFault) {
                // The mark vouches for all of it: also for states and completions, which were not synced.
                if settings.durability == .fsync { try files.syncAll() }
                claim.setCleanMark()
            } catch {
                _ = latch(error)
            }
        }
        claim.release()
    }
}
