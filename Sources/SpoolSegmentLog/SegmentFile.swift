import NIOCore
import SpoolContract

/// One file of the log: a header block (``SegmentHeader``), then records. Allocated whole when it is made, so that
/// later writes change no metadata and their sync needs no journal commit; reused under a new generation when all in it
/// is finished.
final class SegmentFile: Sendable {
    static let headerBytes = SegmentHeader.blockBytes
    static let blockBytes = 4096
    /// Blocks of one file that may be unreadable in what is read at a time; with more it is not a sector that is bad but the
    /// disk.
    static let mostBadBlocks = 64

    private let file: any LogFile

    init(_ file: any LogFile) { self.file = file }

    var name: String { file.name }
    var bytes: Int { file.bytes }

    /// nil for a segment that was never used, or whose header is damaged or cannot be read.
    func header() throws(SpoolFault) -> SegmentHeader? {
        try salvage(at: 0, count: Self.headerBytes).flatMap { SegmentHeader(block: $0.bytes) }
    }

    /// - Returns: nil if the file ends before.
    func read(at offset: Int, count: Int) throws(SpoolFault) -> ByteBuffer? {
        try file.read(at: offset, count: count)
    }

    /// The same with zeros for blocks that the disk gives an error for: a bad sector costs what lies in its block.
    /// - Returns: the bytes, and where in the file they are zeros for want of better, in order.
    /// - Throws: the error where more than ``mostBadBlocks`` are bad.
    func salvage(at offset: Int, count: Int) throws(SpoolFault) -> (bytes: ByteBuffer, bad: [Range<Int>])? {
        do throws(SpoolFault) { return try read(at: offset, count: count).map { ($0, []) } } catch {
            guard case .inputOutput = error else { throw error }
        }
        var bytes = ByteBufferAllocator().buffer(capacity: count)
        var bad: [Range<Int>] = []
        var at = offset
        while at < offset + count {
            let end = min(offset + count, (at / Self.blockBytes + 1) * Self.blockBytes)
            do throws(SpoolFault) {
                guard let block = try read(at: at, count: end - at) else { return nil }
                bytes.writeImmutableBuffer(block)
            } catch {
                guard case .inputOutput = error, bad.count < Self.mostBadBlocks else { throw error }
                bytes.writeRepeatingByte(0, count: end - at)
                bad.append(at..<end)
            }
            at = end
        }
        return (bytes, bad)
    }

    func write(_ buffers: [ByteBuffer], at offset: Int) throws(SpoolFault) { try file.write(buffers, at: offset) }

    func sync() throws(SpoolFault) { try file.sync() }
}
