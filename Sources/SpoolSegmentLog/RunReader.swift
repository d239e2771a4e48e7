import MailTypes
import NIOCore
import SpoolContract

/// Reads records that lie nearly one behind the other, in a few places at once: a few windows are kept; one is read where
/// the next records lie in it too, and a single record where they do not.
struct RunReader {
    private static let windowBytes = 256 << 10
    private static let windows = 8

    private struct Window {
        var generation: UInt64
        var start: Int
        var bytes: ByteBuffer

        func holds(_ place: LogIndex.Place, _ count: Int) -> Bool {
            generation == place.generation && place.offset >= start
                && place.offset + count <= start + bytes.readableBytes
        }

        /// A slice would hold on to the whole window for as long as the record is kept.
        func copy(_ place: LogIndex.Place, _ count: Int) -> ByteBuffer {
            ByteBuffer(bytes: bytes.viewBytes(at: bytes.readerIndex + place.offset - start, length: count)!)
        }
    }
    private let spool: SegmentLogSpool
    /// The one used last comes last.
    private var windows: [Window] = []

    init(_ spool: SegmentLogSpool) { self.spool = spool }

    /// - Parameters:
    ///   - withContent: else only the head.
    ///   - next: places of the records that will be asked for next.
    /// - Returns: what is behind the frame.
    /// - Throws: ``SpoolFault/corrupt(_:)`` if another record lies there, or none.
    mutating func record(
        _ kind: LogRecord.Kind, _ id: MessageID, _ place: LogIndex.Place, withContent: Bool = true,
        next: () -> [LogIndex.Place]
    ) throws(SpoolFault) -> ByteBuffer {
        let count = LogRecord.frameBytes + place.headBytes + (withContent ? place.contentBytes : 0)
        if let position = windows.lastIndex(where: { $0.holds(place, count) }) {
            if position != windows.count - 1 { windows.append(windows.remove(at: position)) }
            return try SegmentLogSpool.checked(windows[windows.count - 1].copy(place, count), kind, id, place)
        }
        let isRun = next().contains {
            $0.generation == place.generation && $0.offset > place.offset
                && $0.offset + $0.headBytes < place.offset + Self.windowBytes / 4
        }
        guard let file = spool.file(place) else { throw .corrupt("\(id): its segment is gone") }
        // A sector that cannot be read costs the records that it holds, and not those that would have been read with them.
        if isRun, let window = try? readWindow(file, at: place, count) {
            if windows.count == Self.windows { windows.removeFirst() }
            windows.append(window)
            return try SegmentLogSpool.checked(window.copy(place, count), kind, id, place)
        }
        guard let bytes = try file.read(at: place.offset, count: count) else {
            throw .corrupt("\(id): its segment ends before it")
        }
        return try SegmentLogSpool.checked(bytes, kind, id, place)
    }

    /// Nil: the file ends before the record.
    private func readWindow(
        _ file: SegmentFile, at place: LogIndex.Place, _ count: Int
    ) throws(SpoolFault) -> Window? {
        let wanted = min(max(count, Self.windowBytes), file.bytes - place.offset)
        guard wanted >= count, let bytes = try file.read(at: place.offset, count: wanted) else { return nil }
        return Window(generation: place.generation, start: place.offset, bytes: bytes)
    }
}
