import Dispatch
import Glibc
import Synchronization

/// The files of the log: the open segment, and what becomes of the closed ones. Confined to the writer's queue, but for
/// where readers are.
final class LogFiles: @unchecked Sendable {
    private let settings: EventLogSettings
    private var segment: OpenSegment?
    private var last: SegmentName?
    private let readers = Mutex<[String: SegmentName]>([:])
    /// Compressing takes seconds: not while events wait.
    private let packer = DispatchQueue(label: "event-log-zstd", qos: .utility)
    private let isPacking = Atomic<Bool>(false)
    private let packingFault = Mutex<EventLogFault?>(nil)

    /// Held while the process lives: another one would take the open segment for a dead one's.
    private let lock: Int32

    init(_ settings: EventLogSettings) throws(EventLogFault) {
        self.settings = settings
        let path = settings.directory + "/lock"
        lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard lock >= 0 else { throw .system("create \(path)") }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw EventLogFault("\(settings.directory) is another process's log")
        }
        let found = SegmentName.list(settings.directory)
        for (name, state) in found where state == .open { OpenSegment.recover(name, in: settings.directory) }
        last = found.last?.name
    }

    deinit { close(lock) }

    func write(_ lines: [UInt8], now: UInt64) throws(EventLogFault) {
        if let segment, isDue(segment, now) { try closeSegment() }
        if segment == nil {
            let fresh = try OpenSegment(in: settings.directory, after: last, now: now)
            last = fresh.name
            segment = fresh
        }
        try segment?.write(lines)
    }

    private func isDue(_ segment: OpenSegment, _ now: UInt64) -> Bool {
        segment.bytes >= settings.segmentBytes
            || Double(now) >= Double(segment.openedAt) + settings.segmentSeconds * 1000
    }

    func closeSegment() throws(EventLogFault) {
        defer { segment = nil }
        try segment?.finish()
    }

    func note(reader: String, at name: SegmentName?) { readers.withLock { $0[reader] = name } }

    /// Once a second.
    /// - Returns: segments removed that a reader had not read.
    func maintain(now: UInt64) throws(EventLogFault) -> Int {
        if let segment, isDue(segment, now) { try closeSegment() }
        let unread = removeOld(now)
        compress()
        if let fault = packingFault.withLock({ $0 }) { throw fault }
        return unread
    }

    /// The first segment that a reader still needs.
    private var needed: SegmentName? { readers.withLock { $0.values.min() } }

    private func removeOld(_ now: UInt64) -> Int {
        guard settings.keptSeconds != nil || settings.keptBytes != nil else { return 0 }
        let directory = settings.directory
        let closed = SegmentName.list(directory).filter { $0.state != .open }
        var total = closed.reduce(0) { $0 + (fileSize($1.name.path(directory, $1.state)) ?? 0) }
        var unread = 0
        for (name, state) in closed {
            let path = name.path(directory, state)
            guard isTooOld(path, now) || settings.keptBytes.map({ total > $0 }) ?? false else { break }
            total -= fileSize(path) ?? 0
            unlink(path)
            if let needed, name >= needed { unread += 1 }
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
        if let needed, next >= needed { return }
        isPacking.store(true, ordering: .relaxed)
        packer.async { [self] in
            var fault: EventLogFault?
            do throws(EventLogFault) { try SegmentCompression.compress(next, in: directory) } catch { fault = error }
            packingFault.withLock { $0 = fault }
            isPacking.store(false, ordering: .relaxed)
        }
    }
}
