import Dispatch
import Glibc
import Measures
import Synchronization

/// The files of the log: the open segment, and what becomes of the closed ones. Confined to the writer's queue.
final class LogFiles: @unchecked Sendable {
    private let settings: EventLogSettings
    private let directory: LogDirectory
    private var segment: OpenSegment?
    private var last: SegmentName?
    /// Where the readers are: what is before all of them is theirs no more.
    let places: [LogPlace]
    /// Why a segment still has the name of an open one; tried again once a second.
    private var closingFault: EventLogFault?
    private var shortage: EventLogFault?
    /// Compressing takes seconds: not while events wait.
    private let packer = DispatchQueue(label: "event-log-zstd", qos: .utility)
    private let isPacking = Atomic<Bool>(false)
    private let packingFault = Mutex<EventLogFault?>(nil)

    init(_ settings: EventLogSettings, readers: [String]) throws(EventLogFault) {
        self.settings = settings
        directory = try LogDirectory(settings.directory)
        shortage = Self.shortage(settings)
        closingFault = Self.recover(settings.directory, but: nil)
        places = readers.map { LogPlace(settings.directory, name: $0) }
        // Behind the readers, too: the segments that they know may be gone, and the clock may have been set back.
        let known = places.map(\.cursor.segment) + SegmentName.list(settings.directory).map(\.name)
        last = known.max()
    }

    /// What the file system has too little of, asked once a second: the log leaves the rest to others.
    private static func shortage(_ settings: EventLogSettings) -> EventLogFault? {
        guard settings.minimumFreeBytes > 0 || settings.minimumFreeInodes > 0,
            let space = FileSystemSpace(holding: settings.directory)
        else { return nil }
        if space.freeBytes < settings.minimumFreeBytes {
            return EventLogFault(
                "\(settings.directory): \(space.freeBytes) bytes free, less than min_free_space: events are dropped")
        }
        if let inodes = space.freeInodes, inodes < settings.minimumFreeInodes {
            return EventLogFault(
                "\(settings.directory): \(inodes) inodes free, less than min_free_inodes: events are dropped")
        }
        return nil
    }

    /// Closes segments that were left open.
    private static func recover(_ directory: String, but current: SegmentName?) -> EventLogFault? {
        var fault: EventLogFault?
        for (name, state) in SegmentName.list(directory) where state == .open && name != current {
            do throws(EventLogFault) { try OpenSegment.recover(name, in: directory) } catch { fault = error }
        }
        return fault
    }

    func write(_ lines: [UInt8], now: UInt64) throws(EventLogFault) {
        if let shortage { throw shortage }
        if let segment, isDue(segment, now) { closeSegment() }
        if segment == nil {
            try directory.hold()
            let fresh = try OpenSegment(in: settings.directory, after: last, now: now)
            last = fresh.name
            segment = fresh
        }
        try segment?.write(lines)
    }

    /// What was written is on the disk.
    func sync() throws(EventLogFault) { try segment?.sync() }

    private func isDue(_ segment: OpenSegment, _ now: UInt64) -> Bool {
        segment.isRemoved || segment.bytes >= settings.segmentBytes
            || Double(now) >= Double(segment.openedAt) + settings.segmentSeconds * 1000
    }

    /// One that cannot be closed keeps nobody up: the next one begins, and closing is tried again.
    func closeSegment() {
        defer { segment = nil }
        do throws(EventLogFault) { try segment?.finish() } catch { closingFault = error }
    }

    /// What of the closed segments is not as it should be.
    var fault: EventLogFault? { shortage ?? closingFault ?? packingFault.withLock { $0 } }

    /// Once a second.
    /// - Returns: segments removed that a reader had not read, and what went wrong.
    func maintain(now: UInt64) -> (unread: Int, fault: EventLogFault?) {
        if let segment, isDue(segment, now) { closeSegment() }
        shortage = Self.shortage(settings)
        let fault = fault
        if closingFault != nil { closingFault = Self.recover(settings.directory, but: segment?.name) }
        let unread = removeOld(now)
        compress()
        return (unread, fault)
    }

    /// Every reader is past it.
    private func isRead(_ name: SegmentName, size: Int) -> Bool {
        places.allSatisfy { $0.cursor >= LogCursor(segment: name, offset: size) }
    }

    private func removeOld(_ now: UInt64) -> Int {
        guard settings.keptSeconds != nil || settings.keptBytes != nil else { return 0 }
        let directory = settings.directory
        let closed = SegmentName.list(directory).filter { $0.state != .open }
        var total = closed.reduce(0) { $0 + (fileSize($1.name.path(directory, $1.state)) ?? 0) }
        var unread = 0
        for (name, state) in closed {
            let path = name.path(directory, state)
            guard isTooOld(path, now) || settings.keptBytes.map({ total > $0 }) ?? false else { break }
            let size = fileSize(path) ?? 0
            total -= size
            // Compressed ones were read before.
            let isUnread = state == .closed && !isRead(name, size: size)
            if unlink(path) == 0, isUnread { unread += 1 }
        }
        return unread
    }

    private func isTooOld(_ path: String, _ now: UInt64) -> Bool {
        var status = stat()
        guard let kept = settings.keptSeconds, stat(path, &status) == 0 else { return false }
        return Double(status.st_mtim.tv_sec) + kept < Double(now) / 1000
    }

    /// One at a time, the oldest first, each when every reader is past it.
    private func compress() {
        guard settings.compresses, !isPacking.load(ordering: .relaxed) else { return }
        let directory = settings.directory
        let next = SegmentName.list(directory).first { $0.state == .closed }?.name
        guard let next else { return }
        guard isRead(next, size: fileSize(next.path(directory, .closed)) ?? 0) else { return }
        isPacking.store(true, ordering: .relaxed)
        packer.async { [self] in
            var fault: EventLogFault?
            do throws(EventLogFault) { try SegmentCompression.compress(next, in: directory) } catch { fault = error }
            packingFault.withLock { $0 = fault }
            isPacking.store(false, ordering: .relaxed)
        }
    }
}
