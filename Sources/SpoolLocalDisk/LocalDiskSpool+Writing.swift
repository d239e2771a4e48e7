import CLinux
import Glibc
import MailTypes
import NIOCore
import SpoolContract

extension LocalDiskSpool {
    /// Descriptors that a commit holds open.
    private static let openAtOnce = 512

    /// All files and their syncs, then all names, then all directories; then the states.
    /// - Parameter published: counts the messages that have their own names.
    func write(_ batch: SpoolBatch, _ pool: SyncPool, _ published: inout Int) throws(SpoolFault) {
        let messages = batch.messages
        let isSynced = settings.durability == .fsync
        var sizes: [Int] = []
        sizes.reserveCapacity(messages.count)
        for start in stride(from: 0, to: messages.count, by: Self.openAtOnce) {
            let part = messages[start..<min(start + Self.openAtOnce, messages.count)]
            sizes += try writeFiles(part, isSynced, pool)
        }
        for message in messages {
            try files.publish(message.id, .message)
            published += 1
        }
        if isSynced { try files.sync(messages.lazy.map(\.id), pool) }
        for (id, state) in batch.states { try write(state, of: id) }
        known.withLock { known in
            for size in sizes { known.add(size, blockSize) }
        }
    }

    /// - Returns: the size of each.
    private func writeFiles(
        _ messages: ArraySlice<SpoolMessage>, _ isSynced: Bool, _ pool: SyncPool
    ) throws(SpoolFault) -> [Int] {
        var open: [Int32] = []
        defer { for file in open { Glibc.close(file) } }
        var sizes: [Int] = []
        for message in messages {
            let file = try files.create(message.id, .message)
            open.append(file)
            let head = RecordCodec.head(of: message)
            try SpoolFiles.write(
                [head] + message.content.slices, to: file, at: 0, files.path(message.id, .message, isTemporary: true))
            sizes.append(head.readableBytes + message.content.size)
            // Starts writing and does not wait: the sync that follows finds it done. Alone it would only be in the way.
            if isSynced, messages.count > 1 { mr_start_writeback(file) }
        }
        if isSynced { try pool.sync(open, .data) }
        return sizes
    }

    /// Replaced whole, so that it is never torn by the end of the process; not synced: see ``Spool/commit(_:)``.
    private func write(_ state: DeliveryState, of id: MessageID) throws(SpoolFault) {
        guard files.exists(id, .message) else { return }
        let isFirst = !files.exists(id, .state)
        do throws(SpoolFault) {
            let file = try files.create(id, .state)
            defer { Glibc.close(file) }
            try SpoolFiles.write(
                [RecordCodec.encode(state)], to: file, at: 0, files.path(id, .state, isTemporary: true))
            try files.publish(id, .state)
        } catch {
            _ = try? files.remove(id, .state, isTemporary: true)
            throw error
        }
        if isFirst { known.withLock { $0.states += 1 } }
    }

    /// Nothing of a batch that failed was promised to anybody, and nothing of it stays.
    /// - Parameter published: so many of the messages have their own names, the others temporary ones at most.
    func takeBack(_ messages: [SpoolMessage], published: Int, _ pool: SyncPool) {
        for message in messages[published...] { _ = try? files.remove(message.id, .message, isTemporary: true) }
        guard published > 0 else { return }
        for message in messages[..<published] {
            _ = try? files.remove(message.id, .message)
            if (try? files.remove(message.id, .state)) == true { known.withLock { $0.states -= 1 } }
        }
        if settings.durability == .fsync { try? files.sync(messages.lazy.map(\.id), pool) }
    }

    /// Removes a finished message and its state; neither is synced.
    func finish(_ id: MessageID) throws(SpoolFault) {
        if known.withLock({ $0.suspects.contains(id) }) {
            // What could not be read and cannot be put aside stays in the queue.
            guard (try? quarantine(id)) != nil else { return }
        }
        guard let size = try files.size(id, .message), try files.remove(id, .message) else { return }
        let hadState = try files.remove(id, .state)
        known.withLock { known in
            known.add(-size, blockSize)
            if hadState { known.states -= 1 }
        }
    }
}

extension LocalDiskSpool.Known {
    /// - Parameter size: of a message's file; negative: one is gone.
    mutating func add(_ size: Int, _ blockSize: Int) {
        let blocks = (abs(size) + blockSize - 1) / blockSize
        messages += size.signum()
        bytes += size
        blockBytes += size.signum() * blocks * blockSize
    }
}
