import NIOCore
import SpoolContract

/// Reads a segment from front to back through a large window, and finds the records in it.
struct LogReader {
    private static let largeWindow = 1 << 20
    private static let smallWindow = 4096
    /// Behind a record of this size only little is read, since most of it would be content that nobody looks at.
    private static let largeRecord = 32 << 10

    let file: SegmentFile
    private var window = ByteBuffer()
    private var start = 0
    private var windowBytes = largeWindow
    /// Blocks that were met and cannot be read: zeros stand for them.
    private(set) var bad: Set<Range<Int>> = []

    init(_ file: SegmentFile) { self.file = file }

    /// - Returns: nil if the file ends before.
    mutating func bytes(at offset: Int, count: Int) throws(SpoolFault) -> ByteBuffer? {
        guard offset >= 0, count >= 0, offset + count <= file.bytes else { return nil }
        if offset < start || offset + count > start + window.readableBytes {
            let wanted = min(max(count, windowBytes), file.bytes - offset)
            guard let found = try file.salvage(at: offset, count: wanted) else { return nil }
            (window, start) = (found.bytes, offset)
            bad.formUnion(found.bad)
        }
        return window.getSlice(at: window.readerIndex + offset - start, length: count)
    }

    /// The next whole record from `offset` on, looking at every place where one may begin.
    /// - Parameters:
    ///   - generation: nil: of any.
    ///   - sequence: the lowest that counts.
    mutating func next(
        from offset: Int, of generation: UInt64? = nil, atLeast sequence: UInt64 = 0
    ) throws(SpoolFault) -> (LogRecord, Int)? {
        var at = offset
        while let place = try nextMagic(from: at) {
            guard let frame = try bytes(at: place, count: LogRecord.frameBytes) else { return nil }
            if let record = frame.withUnsafeReadableBytes({ LogRecord(fields: $0) }),
                record.generation == generation ?? record.generation, record.sequence >= sequence,
                record.sequence < UInt64(file.bytes / LogRecord.frameBytes),
                place + record.size <= file.bytes,
                let whole = try bytes(at: place, count: LogRecord.frameBytes + record.headBytes),
                whole.withUnsafeReadableBytes({ LogRecord.isWhole($0) })
            {
                windowBytes = record.size > Self.largeRecord ? Self.smallWindow : Self.largeWindow
                return (record, place)
            }
            at = place + LogRecord.alignment
        }
        return nil
    }

    private mutating func nextMagic(from offset: Int) throws(SpoolFault) -> Int? {
        var at = offset
        while at + LogRecord.frameBytes <= file.bytes {
            guard try bytes(at: at, count: LogRecord.frameBytes) != nil else { return nil }
            if let found = magic(in: at - start) { return start + found }
            windowBytes = Self.largeWindow
            at += max(LogRecord.alignment, (start + window.readableBytes - at) & ~(LogRecord.alignment - 1))
        }
        return nil
    }

    /// Offset in the window.
    private func magic(in offset: Int) -> Int? {
        window.withUnsafeReadableBytes { bytes in
            var at = offset
            while at + 4 <= bytes.count {
                if bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self) == LogRecord.magic.littleEndian {
                    return at
                }
                at += LogRecord.alignment
            }
            return nil
        }
    }
}
