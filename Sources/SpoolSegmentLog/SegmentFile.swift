import CByteLoops
import NIOCore
import SpoolContract

/// One file of the log: a header block of 4096 bytes, then records. Allocated whole when it is made, so that later
/// writes change no metadata and their sync needs no journal commit; reused under a new generation when all in it is
/// finished.
///
///     header: u32 magic "MRS1" · u32 version=1 · u64 generation · u32 CRC-32C of the 16 bytes before; then zeros
final class SegmentFile: Sendable {
    static let headerBytes = 4096
    static let blockBytes = 4096
    private static let magic: UInt32 = 0x3153_524D
    private static let version: UInt32 = 1

    private let file: any LogFile

    init(_ file: any LogFile) { self.file = file }

    var name: String { file.name }
    var bytes: Int { file.bytes }

    /// The header block under which the next records are written.
    static func header(generation: UInt64) -> ByteBuffer {
        var out = ByteBufferAllocator().buffer(capacity: headerBytes)
        out.writeInteger(magic, endianness: .little)
        out.writeInteger(version, endianness: .little)
        out.writeInteger(generation, endianness: .little)
        let crc = out.withUnsafeReadableBytes { mr_crc32c(0, $0.baseAddress, $0.count) }
        out.writeInteger(crc, endianness: .little)
        out.writeRepeatingByte(0, count: headerBytes - out.readableBytes)
        return out
    }

    /// The generation in the header; nil for a segment that was never used, or whose header is damaged.
    func generation() throws(SpoolFault) -> UInt64? {
        guard var header = try read(at: 0, count: Self.headerBytes) else { return nil }
        let crc = header.readableBytesView.prefix(16).withUnsafeBytes { mr_crc32c(0, $0.baseAddress, $0.count) }
        guard header.readInteger(endianness: .little, as: UInt32.self) == Self.magic,
            header.readInteger(endianness: .little, as: UInt32.self) == Self.version,
            let generation = header.readInteger(endianness: .little, as: UInt64.self),
            header.readInteger(endianness: .little, as: UInt32.self) == crc
        else { return nil }
        return generation
    }

    /// - Returns: nil if the file ends before.
    func read(at offset: Int, count: Int) throws(SpoolFault) -> ByteBuffer? {
        try file.read(at: offset, count: count)
    }

    func write(_ buffers: [ByteBuffer], at offset: Int) throws(SpoolFault) { try file.write(buffers, at: offset) }

    func sync() throws(SpoolFault) { try file.sync() }
}
