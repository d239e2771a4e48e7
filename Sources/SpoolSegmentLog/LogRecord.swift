import CByteLoops
import MailTypes
import NIOCore

/// The frame around everything in the log; `docs/SPOOL.md` is its specification. Little-endian, 64 bytes:
///
///     u32 magic · u8 kind · 3 zero · u32 head bytes · u32 CRC-32C of frame (with these four zero) and head
///     u64 content bytes · u64 generation of the segment · u64 sequence in the segment
///     u64 sequence of the first record not synced before · 16 id
///
/// Behind it the head, then the content; the next frame starts at the next multiple of 8, or behind zeros at a
/// multiple of 4096 where a batch ended.
struct LogRecord: Equatable {
    static let frameBytes = 64
    static let alignment = 8
    static let magic: UInt32 = 0x314C_524D  // "MRL1"
    private static let crcOffset = 12

    enum Kind: UInt8 {
        /// head and content of a message (``RecordCodec``)
        case message = 1
        /// head: a delivery state (``RecordCodec``)
        case state = 2
        /// head: ids of finished messages, 16 bytes each
        case completions = 3
    }

    var kind: Kind
    var headBytes: Int
    var contentBytes: Int
    var generation: UInt64
    var sequence: UInt64
    /// Of the first record in this segment that was not known to be on stable storage when this one was written:
    /// tells what a power cut may have torn from a damaged record.
    var batch: UInt64
    var id: MessageID

    /// Bytes in the log, padding included.
    var size: Int { Self.aligned(Self.frameBytes + headBytes + contentBytes, Self.alignment) }

    static func aligned(_ value: Int, _ alignment: Int) -> Int { (value + alignment - 1) / alignment * alignment }

    /// The frame for `head`; the content's own checksum is in a message's head.
    func frame(_ head: ByteBuffer) -> ByteBuffer {
        var out = ByteBufferAllocator().buffer(capacity: Self.frameBytes)
        out.writeInteger(Self.magic, endianness: .little)
        out.writeInteger(kind.rawValue)
        out.writeRepeatingByte(0, count: 3)
        out.writeInteger(UInt32(headBytes), endianness: .little)
        out.writeInteger(UInt32(0), endianness: .little)
        out.writeInteger(UInt64(contentBytes), endianness: .little)
        out.writeInteger(generation, endianness: .little)
        out.writeInteger(sequence, endianness: .little)
        out.writeInteger(batch, endianness: .little)
        out.writeBytes(id.bytes)
        out.setInteger(Self.checksum(out, head), at: Self.crcOffset, endianness: .little)
        return out
    }

    /// Reads the fields of a frame; whether they are as they were written, ``isWhole(_:)`` says. Mail may hold what looks
    /// like a frame, checksum and all: fields that no log has are no frame's.
    /// - Returns: nil if there is none.
    init?(fields bytes: UnsafeRawBufferPointer) {
        func field<Value: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, _ type: Value.Type) -> Value {
            Value(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: type))
        }
        guard bytes.count >= Self.frameBytes, field(0, UInt32.self) == Self.magic,
            field(4, UInt32.self) >> 8 == 0, let kind = Kind(rawValue: bytes[4]),
            field(16, UInt64.self) < 1 << 40, kind == .completions || field(8, UInt32.self) < 1 << 24,
            (1...SegmentHeader.mostGeneration).contains(field(24, UInt64.self)),
            let id = MessageID(bytes: UnsafeRawBufferPointer(rebasing: bytes[48..<64]))
        else { return nil }
        self.init(
            kind: kind, headBytes: Int(field(8, UInt32.self)), contentBytes: Int(field(16, UInt64.self)),
            generation: field(24, UInt64.self), sequence: field(32, UInt64.self), batch: field(40, UInt64.self), id: id)
    }

    /// Frame and head match the checksum.
    static func isWhole(_ frameAndHead: UnsafeRawBufferPointer) -> Bool {
        guard frameAndHead.count >= frameBytes, let base = frameAndHead.baseAddress else { return false }
        let zeros: UInt32 = 0
        var crc = mr_crc32c(0, base, crcOffset)
        crc = withUnsafeBytes(of: zeros) { mr_crc32c(crc, $0.baseAddress, 4) }
        crc = mr_crc32c(crc, base + crcOffset + 4, frameAndHead.count - crcOffset - 4)
        return crc == UInt32(littleEndian: frameAndHead.loadUnaligned(fromByteOffset: crcOffset, as: UInt32.self))
    }

    init(
        kind: Kind, headBytes: Int, contentBytes: Int, generation: UInt64, sequence: UInt64, batch: UInt64,
        id: MessageID
    ) {
        self.kind = kind
        self.headBytes = headBytes
        self.contentBytes = contentBytes
        self.generation = generation
        self.sequence = sequence
        self.batch = batch
        self.id = id
    }

    private static func checksum(_ frame: ByteBuffer, _ head: ByteBuffer) -> UInt32 {
        let crc = frame.withUnsafeReadableBytes { mr_crc32c(0, $0.baseAddress, $0.count) }
        return head.withUnsafeReadableBytes { mr_crc32c(crc, $0.baseAddress, $0.count) }
    }
}
