import MailTypes
import NIOCore
import SpoolContract

/// Reads a log back after a stop of any kind: segments in the order of their generations, records in the order of
/// their sequence numbers.
///
/// Three ways to end are told apart: an *old generation* or nothing valid behind (the end of the segment), a *torn
/// batch* at the very end of the log (never acknowledged: its readable records are taken, the rest is dropped), and a
/// *damaged record* (counted as unreadable, left where it is, reading goes on behind it).
struct LogRecovery {
    private(set) var index = LogIndex()
    private(set) var unreadable = UnreadableRecords()
    /// Messages of a torn batch whose head is whole and whose content is not. They must be finished in the log before
    /// it grows: later starts no longer look at the content there and would take them for mail.
    private(set) var torn: [MessageID] = []
    /// Frame and head are read together.
    private static let window = 4096

    /// - Parameter segments: oldest first.
    mutating func read(_ segments: [(generation: UInt64, file: SegmentFile)]) throws(SpoolFault) {
        for (position, segment) in segments.enumerated() {
            // A batch may lie across the last two segments.
            try read(segment.file, segment.generation, mayBeTorn: position + 2 >= segments.count)
        }
    }

    private mutating func read(_ file: SegmentFile, _ generation: UInt64, mayBeTorn: Bool) throws(SpoolFault) {
        var offset = SegmentFile.headerBytes
        var expected: UInt64 = 0
        var damaged: [(sequence: UInt64, id: MessageID?, fault: SpoolFault)] = []
        var lastBatch: UInt64 = 0
        while let (record, at) = try Self.next(file, generation, from: offset, atLeast: expected) {
            for sequence in expected..<record.sequence {
                damaged.append((sequence, nil, .corrupt("\(file.name): record \(sequence) before \(at)")))
            }
            if let fault = try take(record, file, at, checkContent: mayBeTorn) {
                damaged.append((record.sequence, record.id, fault))
            }
            expected = record.sequence + 1
            lastBatch = record.batch
            offset = at + record.size
        }
        for (sequence, id, fault) in damaged {
            if mayBeTorn, sequence >= lastBatch {
                if let id { torn.append(id) }
            } else {
                unreadable.note(fault)
            }
        }
    }

    /// - Returns: what is wrong with the record's content, if it was looked at.
    private mutating func take(
        _ record: LogRecord, _ file: SegmentFile, _ offset: Int, checkContent: Bool
    ) throws(SpoolFault) -> SpoolFault? {
        let place = LogIndex.Place(
            generation: record.generation, offset: offset, headBytes: record.headBytes,
            contentBytes: record.contentBytes)
        switch record.kind {
        case .message:
            if checkContent {
                guard
                    let whole = try file.read(
                        at: offset + LogRecord.frameBytes, count: record.headBytes + record.contentBytes)
                else { return .corrupt("\(record.id): longer than its segment") }
                do throws(SpoolFault) { _ = try RecordCodec.message(record.id, whole) } catch { return error }
            }
            index.add(record.id, place)
        case .state: index.setState(record.id, place)
        case .completions:
            guard var ids = try file.read(at: offset + LogRecord.frameBytes, count: record.headBytes) else {
                return nil
            }
            while let bytes = ids.readSlice(length: 16) {
                if let id = bytes.withUnsafeReadableBytes({ MessageID(bytes: $0) }) { index.finish(id) }
            }
        }
        return nil
    }

    /// The next valid record of the generation from `offset` on, looking at every place where one may begin.
    private static func next(
        _ file: SegmentFile, _ generation: UInt64, from offset: Int, atLeast sequence: UInt64
    ) throws(SpoolFault) -> (LogRecord, Int)? {
        var at = offset
        while at + LogRecord.frameBytes <= file.bytes {
            let count = min(max(window, LogRecord.frameBytes), file.bytes - at)
            guard let bytes = try file.read(at: at, count: count) else { return nil }
            if let record = try record(in: bytes, file, at), record.generation == generation,
                record.sequence >= sequence
            {
                return (record, at)
            }
            // Nothing here: look through the window for the next place that could be a frame.
            at += candidate(in: bytes) ?? max(LogRecord.alignment, count - LogRecord.frameBytes)
        }
        return nil
    }

    private static func record(in bytes: ByteBuffer, _ file: SegmentFile, _ at: Int) throws(SpoolFault) -> LogRecord? {
        guard let frame = bytes.getSlice(at: bytes.readerIndex, length: LogRecord.frameBytes) else { return nil }
        var fault: SpoolFault?
        let record = LogRecord(frame: frame) { headBytes in
            if let head = bytes.getSlice(at: bytes.readerIndex + LogRecord.frameBytes, length: headBytes) {
                return head
            }
            do throws(SpoolFault) { return try file.read(at: at + LogRecord.frameBytes, count: headBytes) } catch {
                fault = error
                return nil
            }
        }
        if let fault { throw fault }
        return record
    }

    /// Offset of the next aligned magic number behind the first place.
    private static func candidate(in bytes: ByteBuffer) -> Int? {
        var offset = LogRecord.alignment
        while offset + LogRecord.frameBytes <= bytes.readableBytes {
            let word: UInt32? = bytes.getInteger(at: bytes.readerIndex + offset, endianness: .little)
            if word == LogRecord.magic { return offset }
            offset += LogRecord.alignment
        }
        return nil
    }
}
