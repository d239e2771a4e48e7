import NIOCore
import SpoolContract

/// One file of the log: a header block (``SegmentHeader``), then records. Allocated whole when it is made, so that
/// later writes change no metadata and their sync needs no journal commit; reused under a new generation when all in it
/// is finished.
final class SegmentFile: Sendable {
    static let headerBytes = SegmentHeader.blockBytes
    static let blockBytes = 4096

    private let file: any LogFile

    init(_ file: any LogFile) { self.file = file }

    var name: String { file.name }
    var bytes: Int { file.bytes }

    /// nil for a segment that was never used, or whose header is damaged.
    func header() throws(SpoolFault) -> SegmentHeader? {
        try read(at: 0, count: Self.headerBytes).flatMap(SegmentHeader.init(block:))
    }

    /// - Returns: nil if the file ends before.
    func read(at offset: Int, count: Int) throws(SpoolFault) -> ByteBuffer? {
        try file.read(at: offset, count: count)
    }

    func write(_ buffers: [ByteBuffer], at offset: Int) throws(SpoolFault) { try file.write(buffers, at: offset) }

    func sync() throws(SpoolFault) { try file.sync() }
}
