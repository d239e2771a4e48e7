import Glibc

/// A place in the log: how far a reader has come. Written to a file of its own, so that a restart goes on there.
package struct LogCursor: Sendable, Hashable {
    package var segment: SegmentName
    package var offset: Int

    package init(segment: SegmentName, offset: Int) {
        self.segment = segment
        self.offset = offset
    }

    /// `20261125-221300.123 4711`
    var text: String { "\(segment.base) \(offset)\n" }

    init?(_ text: String) {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 2, let offset = Int(words[1]), offset >= 0 else { return nil }
        self.init(segment: SegmentName(base: String(words[0])), offset: offset)
    }
}

/// Reads the log line by line while it is written, from where it was last time. Confined to one task.
package struct LogReader: ~Copyable {
    /// Lines of events, and the place behind them.
    package struct Batch: Sendable {
        package var lines: [[UInt8]]
        package var end: LogCursor
        /// Lines read, those that were not wanted included.
        package var count: Int
    }

    private let directory: String
    private let cursorPath: String
    private let prefixes: [[UInt8]]
    package private(set) var cursor: LogCursor?
    private var file: Int32 = -1
    private var opened: SegmentName?

    /// - Parameters:
    ///   - name: of the reader; its place is kept in `NAME.cursor`.
    ///   - kinds: events that are wanted.
    package init(_ directory: String, name: String, kinds: Set<MailEvent.Kind>) {
        self.directory = directory
        cursorPath = "\(directory)/\(name).cursor"
        prefixes = kinds.map(MailEvent.prefix)
        cursor = Self.stored(cursorPath)
        // A new reader begins with what happens from now on; one whose place was lost begins with the oldest there is.
        if cursor == nil, access(cursorPath, F_OK) != 0, let last = SegmentName.list(directory).last {
            cursor = LogCursor(
                segment: last.name,
                offset: last.state == .compressed ? 0 : fileSize(last.name.path(directory, last.state)) ?? 0)
        }
    }

    deinit { if file >= 0 { close(file) } }

    private static func stored(_ path: String) -> LogCursor? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(file, &bytes, bytes.count)
        return count > 0 ? LogCursor(String(decoding: bytes[..<count], as: UTF8.self)) : nil
    }

    /// Octets read at a time; a line of very many recipients is longer.
    private static let blockBytes = 1 << 18
    private static let lineLimit = 1 << 26

    /// The next events; nil: there are none yet.
    package mutating func next(atMost limit: Int) throws(EventLogFault) -> Batch? {
        guard try position(), let start = cursor else { return nil }
        var block = [UInt8](repeating: 0, count: Self.blockBytes)
        var count = pread(file, &block, block.count, off_t(start.offset))
        while count == block.count, !block.contains(0x0A), count < Self.lineLimit {
            block = [UInt8](repeating: 0, count: block.count * 4)
            count = pread(file, &block, block.count, off_t(start.offset))
        }
        guard count >= 0 else { throw .system("read \(start.segment.base)") }
        var batch = Batch(lines: [], end: start, count: 0)
        var lineStart = 0
        while batch.lines.count < limit, let feed = block[lineStart..<count].firstIndex(of: 0x0A) {
            let line = block[lineStart..<feed]
            if prefixes.contains(where: { line.starts(with: $0) }) { batch.lines.append(Array(line)) }
            batch.count += 1
            lineStart = feed + 1
        }
        batch.end.offset += lineStart
        return batch.count > 0 ? batch : nil
    }

    /// These events are done with: the next ones come from behind them, in this process and after a restart.
    package mutating func advance(to place: LogCursor) throws(EventLogFault) {
        cursor = place
        let temporary = cursorPath + ".tmp"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        guard file >= 0 else { throw .system("create \(temporary)") }
        defer { close(file) }
        let text = Array(place.text.utf8)
        guard write(file, text, text.count) == text.count, rename(temporary, cursorPath) == 0 else {
            throw .system("write \(cursorPath)")
        }
    }

    /// Octets between the reader and the end of the log.
    package var lag: Int {
        guard let cursor else { return 0 }
        var bytes = 0
        for (name, state) in SegmentName.list(directory) where name >= cursor.segment && state != .compressed {
            bytes += fileSize(name.path(directory, state)) ?? 0
        }
        return max(0, bytes - cursor.offset)
    }

    /// Opens the cursor's segment, or the next one if it is read to its end or gone.
    /// - Returns: false if there is nothing to read.
    private mutating func position() throws(EventLogFault) -> Bool {
        while true {
            let segments = SegmentName.list(directory).filter { $0.state != .compressed }
            guard let place = cursor ?? segments.first.map({ LogCursor(segment: $0.name, offset: 0) }) else {
                return false
            }
            cursor = place
            if opened == place.segment, hasMore(place) { return true }
            if opened != place.segment, try openFile(place.segment), hasMore(place) { return true }
            // The writer has closed it for good only when there is a younger one or its name says so.
            guard let index = segments.firstIndex(where: { $0.name >= place.segment }) else { return false }
            let isGone = segments[index].name > place.segment
            if !isGone, segments[index].state == .open || hasMore(place) { return hasMore(place) }
            let next = isGone ? index : index + 1
            guard next < segments.count else { return false }
            cursor = LogCursor(segment: segments[next].name, offset: 0)
        }
    }

    private func hasMore(_ place: LogCursor) -> Bool {
        var status = stat()
        return file >= 0 && fstat(file, &status) == 0 && Int(status.st_size) > place.offset
    }

    private mutating func openFile(_ name: SegmentName) throws(EventLogFault) -> Bool {
        if file >= 0 { close(file) }
        (file, opened) = (-1, nil)
        // It may be renamed between the look and the opening: both names are tried.
        for state in [SegmentName.State.open, .closed] {
            file = open(name.path(directory, state), O_RDONLY | O_CLOEXEC)
            if file >= 0 { break }
        }
        guard file >= 0 else {
            guard errno == ENOENT else { throw .system("read \(name.base)") }
            return false
        }
        opened = name
        return true
    }
}
