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
            let window = windows[windows.count - 1]
            let offset = window.bytes.readerIndex + place.offset - window.start
            return try SegmentLogSpool.checked(window.bytes.getSlice(at: offset, length: count)!, kind, id, place)
        }
        let isRun = next().contains {
            $0.generation == place.generation && $0.offset > place.offset
                && $0.offset + $0.headBytes < place.offset + Self.windowBytes / 4
        }
        guard let file = spool.file(place) else { throw .corrupt("\(id): its segment is gone") }
        let wanted = min(isRun ? max(count, Self.windowBytes) : count, file.bytes - place.offset)
        guard wanted >= count, let bytes = try file.read(at: place.offset, count: wanted) else {
            throw .corrupt("\(id): its segment ends before it")
        }
        if isRun {
            if windows.count == Self.windows { windows.removeFirst() }
            windows.append(Window(generation: place.generation, start: place.offset, bytes: bytes))
        }
        return try SegmentLogSpool.checked(bytes.getSlice(at: bytes.readerIndex, length: count)!, kind, id, place)
    }
}
