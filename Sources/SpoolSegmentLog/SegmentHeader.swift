import CByteLoops
import NIOCore

/// How far a segment goes, and what in it does not count.
struct SegmentExtent: Equatable {
    var generation: UInt64
    /// Records written: a segment that is found shorter is damaged.
    var records: UInt64
    /// Records that were on stable storage when the log went on: what is missing or torn behind them was never
    /// acknowledged.
    var sureRecords: UInt64
    /// Which those were, by sequence number; nil: whoever reads the segment finds out.
    var dropped: [Range<UInt64>]?

    /// No segment has more records than this; counting on goes wrong with what is not one.
    private static let mostRecords: UInt64 = 1 << 40
    var isPossible: Bool {
        generation <= SegmentHeader.mostGeneration && records <= Self.mostRecords && sureRecords <= Self.mostRecords
            && dropped?.allSatisfy { $0.upperBound <= Self.mostRecords } ?? true
    }
}

/// The first block of a segment, which says how the segment before it ended. Written and synced before the first
/// record is; there are two copies, so that neither a torn sector nor a flipped bit makes a segment unknown.
///
///     u32 magic "MRS1" · u32 version=2 · u64 generation
///     u64 generation of the segment before, 0: not known · u64 its records · u64 its sure records
///     u64 ranges of records dropped from it, all ones: not listed · each u64 first · u64 behind the last
///     u32 CRC-32C of all before; zeros; the same again at 2048; zeros
struct SegmentHeader: Equatable {
    static let blockBytes = 4096
    private static let copyOffset = 2048
    private static let magic: UInt32 = 0x3153_524D
    private static let version: UInt32 = 2
    /// Ranges that find room in half a block.
    private static let rangeLimit = 100
    /// The highest that is taken for one; as many again find room in ``LogIndex``.
    static let mostGeneration: UInt64 = 1 << 31

    var generation: UInt64
    var previous: SegmentExtent?

    init(generation: UInt64, previous: SegmentExtent?) {
        self.generation = generation
        self.previous = previous
    }

    var block: ByteBuffer {
        var copy = ByteBufferAllocator().buffer(capacity: Self.copyOffset)
        copy.writeInteger(Self.magic, endianness: .little)
        copy.writeInteger(Self.version, endianness: .little)
        copy.writeInteger(generation, endianness: .little)
        copy.writeInteger(previous?.generation ?? 0, endianness: .little)
        copy.writeInteger(previous?.records ?? 0, endianness: .little)
        copy.writeInteger(previous?.sureRecords ?? 0, endianness: .little)
        let dropped = previous?.dropped.flatMap { $0.count <= Self.rangeLimit ? $0 : nil }
        copy.writeInteger(dropped.map { UInt64($0.count) } ?? .max, endianness: .little)
        for range in dropped ?? [] {
            copy.writeInteger(range.lowerBound, endianness: .little)
            copy.writeInteger(range.upperBound, endianness: .little)
        }
        let crc = copy.withUnsafeReadableBytes { mr_crc32c(0, $0.baseAddress, $0.count) }
        copy.writeInteger(crc, endianness: .little)
        copy.writeRepeatingByte(0, count: Self.copyOffset - copy.readableBytes)
        var out = ByteBufferAllocator().buffer(capacity: Self.blockBytes)
        out.writeImmutableBuffer(copy)
        out.writeImmutableBuffer(copy)
        return out
    }

    /// The younger of the two copies: they differ where the power went while one was written over the other's.
    init?(block: ByteBuffer) {
        let copies = [0, Self.copyOffset].compactMap { offset in
            block.getSlice(at: block.readerIndex + offset, length: Self.copyOffset).flatMap(Self.init(copy:))
        }
        guard let newest = copies.max(by: { $0.generation < $1.generation }) else { return nil }
        self = newest
    }

    private init?(copy: ByteBuffer) {
        var rest = copy
        guard rest.readInteger(endianness: .little, as: UInt32.self) == Self.magic,
            rest.readInteger(endianness: .little, as: UInt32.self) == Self.version,
            let generation = rest.readInteger(endianness: .little, as: UInt64.self),
            (1...Self.mostGeneration).contains(generation),
            let before = rest.readInteger(endianness: .little, as: UInt64.self),
            let records = rest.readInteger(endianness: .little, as: UInt64.self),
            let sureRecords = rest.readInteger(endianness: .little, as: UInt64.self),
            let count = rest.readInteger(endianness: .little, as: UInt64.self)
        else { return nil }
        var dropped: [Range<UInt64>]? = count <= Self.rangeLimit ? [] : nil
        for _ in 0..<(count <= Self.rangeLimit ? count : 0) {
            guard let first = rest.readInteger(endianness: .little, as: UInt64.self),
                let end = rest.readInteger(endianness: .little, as: UInt64.self), first <= end
            else { return nil }
            dropped?.append(first..<end)
        }
        let length = rest.readerIndex - copy.readerIndex
        let crc = copy.withUnsafeReadableBytes { mr_crc32c(0, $0.baseAddress, length) }
        guard rest.readInteger(endianness: .little, as: UInt32.self) == crc else { return nil }
        self.generation = generation
        guard before > 0 else { return }
        previous = SegmentExtent(
            generation: before, records: records, sureRecords: sureRecords, dropped: dropped)
        guard previous?.isPossible ?? true else { return nil }
    }
}
