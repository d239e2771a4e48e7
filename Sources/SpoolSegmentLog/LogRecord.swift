import CByteLoops
import MailTypes
import NIOCore

/// The frame around everything in the log; `docs/SPOOL.md` is its specification. Little-endian, 64 bytes:
///
///     u32 magic · u8 kind · 3 zero · u32 head bytes · u32 CRC-32C of frame (with these four zero) and head
///     u64 content bytes · u64 generation of the segment · u64 sequence in the segment
///     u64 sequence of its batch's first record in the segment · 16 id
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
    /// Of the first record of the batch in this segment: tells a torn batch from a damaged record.
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

    /// Reads a frame and its head.
    /// - Returns: nil if this is no frame, or its checksum does not match.
    init?(frame: ByteBuffer, head: (Int) -> ByteBuffer?) {
        var rest = frame
        guard frame.readableBytes == Self.frameBytes,
            rest.readInteger(endianness: .little, as: UInt32.self) == Self.magic,
            let kind = rest.readInteger(as: UInt8.self).flatMap(Kind.init), rest.readBytes(length: 3) == [0, 0, 0],
            let headBytes = rest.readInteger(endianness: .little, as: UInt32.self),
            let crc = rest.readInteger(endianness: .little, as: UInt32.self),
            let contentBytes = rest.readInteger(endianness: .little, as: UInt64.self), contentBytes < 1 << 40,
            let generation = rest.readInteger(endianness: .little, as: UInt64.self),
            let sequence = rest.readInteger(endianness: .little, as: UInt64.self),
            let batch = rest.readInteger(endianness: .little, as: UInt64.self),
            let id = rest.withUnsafeReadableBytes({ MessageID(bytes: $0) }),
            let head = head(Int(headBytes))
        else { return nil }
        var blank = frame
        blank.setInteger(UInt32(0), at: frame.readerIndex + Self.crcOffset)
        guard crc == Self.checksum(blank, head) else { return nil }
        self.init(
            kind: kind, headBytes: Int(headBytes), contentBytes: Int(contentBytes), generation: generation,
            sequence: sequence, batch: batch, id: id)
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
