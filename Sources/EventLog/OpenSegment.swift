import Glibc
import Measures

/// The segment that is being written. Confined to the writer's queue.
final class OpenSegment {
    let name: SegmentName
    private let directory: String
    private let file: Int32
    private(set) var bytes = 0
    let openedAt: UInt64
    private var isNameSafe = false

    /// - Parameter now: wall milliseconds; the segment's name.
    init(in directory: String, after last: SegmentName?, now: UInt64) throws(EventLogFault) {
        name = .next(after: last, now: now)
        self.directory = directory
        openedAt = now
        let path = name.path(directory, .open)
        file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o640)
        guard file >= 0 else { throw .system("create \(path)") }
    }

    deinit { close(file) }

    /// All lines or none: a write that fails half-way is taken back.
    func write(_ lines: [UInt8]) throws(EventLogFault) {
        let code = writeWhole(lines, to: file, at: bytes)
        guard code == 0 else {
            _ = ftruncate(file, off_t(bytes))
            throw .system("write \(name.path(directory, .open))", code)
        }
        bytes += lines.count
    }

    /// What was written is on the disk, and so is the name of its file.
    func sync() throws(EventLogFault) {
        let path = name.path(directory, .open)
        guard !isRemoved else { throw EventLogFault("\(path) was removed while it was written") }
        guard fdatasync(file) == 0 else { throw .system("sync \(path)") }
        guard !isNameSafe else { return }
        let folder = Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw .system("open \(directory)") }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw .system("sync \(directory)") }
        isNameSafe = true
    }

    /// Its file is in no directory any more: what is written is lost.
    var isRemoved: Bool {
        var status = stat()
        return fstat(file, &status) == 0 && status.st_nlink == 0
    }

    /// On the disk, under its final name; one without events is removed.
    func finish() throws(EventLogFault) {
        let path = name.path(directory, .open)
        if isRemoved { throw EventLogFault("\(path) was removed while it was written") }
        guard bytes > 0 else {
            unlink(path)
            return
        }
        guard fdatasync(file) == 0 else { throw .system("sync \(path)") }
        guard rename(path, name.path(directory, .closed)) == 0 else { throw .system("rename \(path)") }
    }

    /// Closes what a process that was killed left open, or one that could not close it: without the last line if that is
    /// not whole.
    static func recover(_ name: SegmentName, in directory: String) throws(EventLogFault) {
        let path = name.path(directory, .open)
        let file = open(path, O_RDWR | O_CLOEXEC)
        guard file >= 0 else { throw .system("open \(path)") }
        defer { close(file) }
        let end = try wholeLines(file, path)
        guard ftruncate(file, off_t(end)) == 0 else { throw .system("truncate \(path)") }
        guard end > 0 else {
            unlink(path)
            return
        }
        guard fdatasync(file) == 0 else { throw .system("sync \(path)") }
        guard rename(path, name.path(directory, .closed)) == 0 else { throw .system("rename \(path)") }
    }

    /// Where the last whole line ends.
    private static func wholeLines(_ file: Int32, _ path: String) throws(EventLogFault) -> Int {
        var end = fileSize(path) ?? 0
        var block = [UInt8](repeating: 0, count: 65_536)
        while end > 0 {
            let start = max(0, end - block.count)
            let length = end - start
            guard pread(file, &block, length, off_t(start)) == length else { throw .system("read \(path)") }
            if let feed = block[..<length].lastIndex(of: 0x0A) { return start + feed + 1 }
            end = start
        }
        return 0
    }
}
