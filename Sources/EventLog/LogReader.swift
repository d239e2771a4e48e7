import Glibc
import Measures

/// Reads the log line by line while it is written, from where it was last time. Confined to one task.
package struct LogReader: ~Copyable {
    /// Lines of events, and the place behind them.
    package struct Batch: Sendable {
        package fileprivate(set) var lines: [[UInt8]] = []
        package fileprivate(set) var end: LogCursor
        fileprivate var bytes = 0
    }

    package enum Progress: Sendable {
        /// The batch takes no more.
        case full
        /// There is more of the log to be looked at.
        case more
        /// Nothing more is written yet.
        case end
    }

    package let place: LogPlace
    private let prefixes: [[UInt8]]
    private var block: [UInt8] = []
    private var file: Int32 = -1
    private var opened: SegmentName?
    private var savedAt = MonotonicInstant.now()

    /// - Parameter kinds: events that are wanted.
    package init(_ place: LogPlace, kinds: Set<MailEvent.Kind>) {
        self.place = place
        prefixes = kinds.map(MailEvent.prefix)
    }

    deinit { if file >= 0 { close(file) } }

    /// Octets looked at at a time; a line of very many recipients is longer.
    private static let blockBytes = 1 << 18
    private static let lineLimit = 1 << 26
    /// Octets of a batch: lines of very many recipients make it full, too.
    private static let batchBytes = 4 << 20

    /// A batch that begins at the reader's place.
    package var batch: Batch { Batch(end: place.cursor) }

    /// Looks at the next block of the log behind the batch and puts what is wanted of it into the batch. The reader's
    /// place stays as it is.
    package mutating func fill(_ batch: inout Batch, atMost limit: Int) throws(EventLogFault) -> Progress {
        if isFull(batch, limit) { return .full }
        if try take(&batch, limit) { return isFull(batch, limit) ? .full : .more }
        guard let next = following(batch.end.segment) else { return .end }
        // A segment that has a younger one grows no more, whatever it is called. It may have grown until a moment ago.
        if try take(&batch, limit) { return isFull(batch, limit) ? .full : .more }
        batch.end = LogCursor(segment: next, offset: 0)
        return .more
    }

    private func isFull(_ batch: borrowing Batch, _ limit: Int) -> Bool {
        batch.lines.count >= limit || batch.bytes >= Self.batchBytes
    }

    /// These events are done with: the next ones come from behind them, in this process and after a restart.
    package mutating func advance(to end: LogCursor) throws(EventLogFault) {
        place.move(to: end)
        savedAt = .now()
        try place.save()
    }

    /// Nothing was wanted so far. Kept for a restart now and then: it costs a look at some of the log again, not events.
    package mutating func skip(to end: LogCursor) throws(EventLogFault) {
        place.move(to: end)
        if MonotonicInstant.now().seconds(since: savedAt) >= 1 { try advance(to: end) }
    }

    /// - Returns: false if there is no whole line, or no such segment.
    private mutating func take(_ batch: inout Batch, _ limit: Int) throws(EventLogFault) -> Bool {
        guard try openFile(batch.end.segment) else { return false }
        let count = try readBlock(batch.end)
        var start = 0
        while !isFull(batch, limit), let feed = block[start..<count].firstIndex(of: 0x0A) {
            let line = block[start..<feed]
            if prefixes.contains(where: { line.starts(with: $0) }) {
                batch.lines.append(Array(line))
                batch.bytes += line.count
            }
            start = feed + 1
        }
        batch.end.offset += start
        return start > 0
    }

    /// - Returns: octets of ``block``; a line's end is among them unless the segment has none.
    private mutating func readBlock(_ from: LogCursor) throws(EventLogFault) -> Int {
        var size = Self.blockBytes
        while true {
            if block.count != size { block = [UInt8](repeating: 0, count: size) }
            let count = pread(file, &block, size, off_t(from.offset))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system("read \(from.segment.base)") }
            if count < size || size >= Self.lineLimit || block.contains(0x0A) { return count }
            size *= 4
        }
    }

    /// The segment behind this one; compressed ones are read already.
    private func following(_ name: SegmentName) -> SegmentName? {
        SegmentName.list(place.directory).first { $0.name > name && $0.state != .compressed }?.name
    }

    private mutating func openFile(_ name: SegmentName) throws(EventLogFault) -> Bool {
        if opened == name { return true }
        if file >= 0 { close(file) }
        (file, opened) = (-1, nil)
        // It may be renamed between the look and the opening: both names are tried.
        for state in [SegmentName.State.open, .closed] {
            file = open(name.path(place.directory, state), O_RDONLY | O_CLOEXEC)
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
