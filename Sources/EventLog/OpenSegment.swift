import Glibc

/// The segment that is being written. Confined to the writer's queue.
final class OpenSegment {
    let name: SegmentName
    private let directory: String
    private let file: Int32
    private(set) var bytes = 0
    let openedAt: UInt64

    /// - Parameter now: wall milliseconds; the segment's name.
    init(in directory: String, after last: SegmentName?, now: UInt64) throws(EventLogFault) {
        var name = SegmentName(base: Timestamp.name(milliseconds: now))
        // Two in one millisecond, or a clock that was set back: names only ever grow.
        if let last, name <= last { name = SegmentName(base: last.base + "1") }
        self.name = name
        self.directory = directory
        openedAt = now
        let path = name.path(directory, .open)
        file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o640)
        guard file >= 0 else { throw .system("create \(path)") }
    }

    deinit { close(file) }

    /// All lines or none: a write that fails half-way is taken back.
    func write(_ lines: [UInt8]) throws(EventLogFault) {
        var offset = 0
        while offset < lines.count {
            let written = lines.withUnsafeBytes {
                pwrite(file, $0.baseAddress! + offset, lines.count - offset, off_t(bytes + offset))
            }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else {
                let fault = EventLogFault.system("write \(name.path(directory, .open))")
                _ = ftruncate(file, off_t(bytes))
                throw fault
            }
            offset += written
        }
        bytes += lines.count
    }

    /// On the disk, under its final name; one without events is removed.
    func finish() throws(EventLogFault) {
        let path = name.path(directory, .open)
        guard bytes > 0 else {
            unlink(path)
            return
        }
        guard fdatasync(file) == 0 else { throw .system("sync \(path)") }
        guard rename(path, name.path(directory, .closed)) == 0 else { throw .system("rename \(path)") }
    }

    /// What a process that was killed left open: without the last line if that is not whole.
    static func recover(_ name: SegmentName, in directory: String) {
        let path = name.path(directory, .open)
        let file = open(path, O_RDWR | O_CLOEXEC)
        guard file >= 0 else { return }
        defer { close(file) }
        var end = fileSize(path) ?? 0
        var block = [UInt8](repeating: 0, count: 65_536)
        while end > 0 {
            let start = max(0, end - block.count)
            let length = end - start
            let count = block.withUnsafeMutableBytes { pread(file, $0.baseAddress!, length, off_t(start)) }
            guard count == length else { return }
            if let feed = block[..<count].lastIndex(of: 0x0A) {
                end = start + feed + 1
                break
            }
            end = start
        }
        _ = ftruncate(file, off_t(end))
        if end == 0 { unlink(path) } else { rename(path, name.path(directory, .closed)) }
    }
}
