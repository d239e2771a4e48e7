import MailTypes
import NIOCore
import SpoolContract

/// Lays records out over one or more segments before anything is written: what cannot be placed fails the batch while
/// nothing has happened yet.
struct BatchPlan {
    /// The part of a batch that goes to one segment in one write.
    struct Part {
        var segment: SegmentFile
        var generation: UInt64
        var start: Int
        var buffers: [ByteBuffer] = []
        /// Behind the last record.
        var end: Int
        var nextSequence: UInt64
        /// Sequence of the first record here that is not synced.
        var batch: UInt64
        /// Of a segment that begins with this part.
        var header: SegmentHeader?
    }

    private(set) var parts: [Part]
    private(set) var places: [(id: MessageID, kind: LogRecord.Kind, place: LogIndex.Place)] = []
    /// How the log ended where it goes on in a new segment.
    private let previous: SegmentExtent?
    /// Gives a segment with room for so many bytes, and its generation.
    private let nextSegment: (Int) throws(SpoolFault) -> (SegmentFile, UInt64)

    /// - Parameters:
    ///   - tail: where the log ends now; nil to begin with a new segment.
    ///   - previous: then how the last one ended.
    init(
        tail: Part?, previous: SegmentExtent?,
        nextSegment: @escaping (Int) throws(SpoolFault) -> (SegmentFile, UInt64)
    ) {
        parts = tail.map { [$0] } ?? []
        self.previous = previous
        self.nextSegment = nextSegment
    }

    mutating func add(_ kind: LogRecord.Kind, _ id: MessageID, head: ByteBuffer, content: [ByteBuffer] = [])
        throws(SpoolFault)
    {
        let contentBytes = content.reduce(0) { $0 + $1.readableBytes }
        let size = LogRecord.aligned(
            LogRecord.frameBytes + head.readableBytes + contentBytes, LogRecord.alignment)
        try makeRoom(size)
        let last = parts.count - 1
        let record = LogRecord(
            kind: kind, headBytes: head.readableBytes, contentBytes: contentBytes, generation: parts[last].generation,
            sequence: parts[last].nextSequence, batch: parts[last].batch, id: id)
        let offset = parts[last].end
        parts[last].buffers.append(record.frame(head))
        parts[last].buffers.append(head)
        parts[last].buffers += content
        Zeros.append(size - LogRecord.frameBytes - head.readableBytes - contentBytes, to: &parts[last].buffers)
        parts[last].end += size
        parts[last].nextSequence += 1
        places.append(
            (
                id, kind,
                LogIndex.Place(
                    generation: record.generation, offset: offset, headBytes: record.headBytes,
                    contentBytes: contentBytes)
            ))
    }

    /// The next records of so many bytes together go to one segment: they are written together.
    mutating func makeRoom(_ size: Int) throws(SpoolFault) {
        if parts.isEmpty || parts[parts.count - 1].end + size > parts[parts.count - 1].segment.bytes {
            try openPart(size)
        }
    }

    /// Fills up to whole blocks: a later write then never has to read a block first.
    mutating func pad() {
        for index in parts.indices {
            let end = LogRecord.aligned(parts[index].end, SegmentFile.blockBytes)
            Zeros.append(min(end, parts[index].segment.bytes) - parts[index].end, to: &parts[index].buffers)
            parts[index].end = end
        }
    }

    /// What it takes in the log, whole blocks.
    var paddedBytes: Int {
        parts.reduce(0) { $0 + LogRecord.aligned($1.end, SegmentFile.blockBytes) - $1.start }
    }

    private mutating func openPart(_ size: Int) throws(SpoolFault) {
        let (segment, generation) = try nextSegment(SegmentFile.headerBytes + size)
        let header = SegmentHeader(generation: generation, previous: parts.last.map(\.extent) ?? previous)
        parts.append(
            Part(
                segment: segment, generation: generation, start: SegmentFile.headerBytes, end: SegmentFile.headerBytes,
                nextSequence: 0, batch: 0, header: header))
    }
}

extension BatchPlan.Part {
    /// How far the segment goes with this part; all of it was synced, or nobody asked for that.
    var extent: SegmentExtent {
        SegmentExtent(generation: generation, records: nextSequence, sureRecords: nextSequence, dropped: [])
    }
}

private enum Zeros {
    static let block = ByteBuffer(repeating: 0, count: SegmentFile.blockBytes)

    static func append(_ count: Int, to buffers: inout [ByteBuffer]) {
        guard count > 0, let zeros = block.getSlice(at: 0, length: count) else { return }
        buffers.append(zeros)
    }
}
