import Glibc

/// Reads a log from outside of its relay, over closed, compressed and open segments, and on while it is written. Leaves
/// nothing behind in the log's directory. Confined to one task.
package struct LogTail: ~Copyable {
    private let directory: String
    /// The segment that is being read; nil: none has been begun.
    private var name: SegmentName?
    private var source: SegmentSource?
    /// The beginning of a line whose end is not there yet.
    private var rest: [UInt8] = []
    /// Only what is written from now on: what the newest segment holds is skipped.
    private var skipsPresent: Bool

    /// - Parameters:
    ///   - since: milliseconds since 1970: begins with the segment in which events of that time are; nil: with what comes
    ///     from now on.
    /// - Throws: ``EventLogFault`` where there is no such directory.
    package init(_ directory: String, since: UInt64?) throws(EventLogFault) {
        self.directory = directory
        var status = stat()
        guard stat(directory, &status) == 0 else { throw .system("read \(directory)") }
        let segments = SegmentName.list(directory)
        // A log that begins later has nothing to be skipped.
        skipsPresent = since == nil && !segments.isEmpty
        guard let since else {
            name = segments.last?.name
            return
        }
        // Its name says when a segment was begun.
        name = segments.last { ($0.name.milliseconds ?? 0) <= since }?.name ?? segments.first?.name
    }

    /// The newest lines that are there, oldest first.
    /// - Parameters:
    ///   - count: at most so many.
    ///   - isWanted: other lines are not counted.
    package static func last(
        _ count: Int, in directory: String, where isWanted: ([UInt8]) -> Bool
    ) throws(EventLogFault) -> [[UInt8]] {
        var found: [[UInt8]] = []
        for (name, _) in SegmentName.list(directory).reversed() where found.count < count {
            var lines: [[UInt8]] = []
            var splitter = LineSplitter()
            guard let source = try SegmentSource(name, directory) else { continue }
            while let block = try source.next() {
                splitter.add(block) { line in if isWanted(line) { lines.append(line) } }
                if lines.count > 2 * count { lines.removeFirst(lines.count - count) }
            }
            found = lines.suffix(count - found.count) + found
        }
        return found
    }

    /// Hands out each whole line that is there and was not yet.
    /// - Parameter body: without the line's end; returns false to hear no more for now.
    /// - Returns: false if nothing new was there.
    package mutating func read(_ body: ([UInt8]) -> Bool) throws(EventLogFault) -> Bool {
        if name == nil { name = SegmentName.list(directory).first?.name }
        guard let current = name else { return false }
        if source == nil {
            source = try SegmentSource(current, directory)
            if skipsPresent, let source { try Self.skip(source, &rest) }
            skipsPresent = false
        }
        if try pass(body) { return true }
        guard let next = SegmentName.list(directory).first(where: { $0.name > current })?.name else { return false }
        // One that has a younger one grows no more; it may have grown until a moment ago.
        if try pass(body) { return true }
        (name, source, rest) = (next, nil, [])
        return true
    }

    private static func skip(_ source: SegmentSource, _ rest: inout [UInt8]) throws(EventLogFault) {
        var splitter = LineSplitter()
        while let block = try source.next() { splitter.add(block) { _ in } }
        rest = splitter.rest
    }

    /// - Returns: false if there was nothing to be read.
    private mutating func pass(_ body: ([UInt8]) -> Bool) throws(EventLogFault) -> Bool {
        guard let source, let block = try source.next() else { return false }
        var splitter = LineSplitter(rest: rest)
        splitter.add(block) { line in _ = body(line) }
        rest = splitter.rest
        return true
    }
}

/// Blocks to lines.
struct LineSplitter {
    private(set) var rest: [UInt8] = []

    mutating func add(_ block: [UInt8], _ body: ([UInt8]) -> Void) {
        var start = 0
        while let end = block[start...].firstIndex(of: 0x0A) {
            let line = rest + block[start..<end]
            rest = []
            if !line.isEmpty { body(line) }
            start = end + 1
        }
        rest += block[start...]
    }
}
