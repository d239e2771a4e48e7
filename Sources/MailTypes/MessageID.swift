/// A message's identity in Millrace: spool key, load id and ledger key in one, 16 bytes.
///
/// Layout, big-endian, so that the byte order of the keys is their order in time:
/// `48 bits` milliseconds since 1970 · `16 bits` random (the run or the process) · `64 bits` sequence.
/// Text form: 32 lower-case hexadecimal digits.
///
/// Public, since what `package` declares is not specialised or inlined in other targets, and tables of every layer are
/// keyed by it.
@frozen public struct MessageID: Hashable, Comparable, Sendable, BitwiseCopyable {
    public let high: UInt64
    public let low: UInt64

    @inlinable public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// - Parameters:
    ///   - milliseconds: since 1970; only the low 48 bits are kept.
    ///   - salt: tells apart two processes that started in the same millisecond.
    ///   - sequence: counts up within one process.
    package init(milliseconds: UInt64, salt: UInt16, sequence: UInt64) {
        self.init(high: milliseconds << 16 | UInt64(salt), low: sequence)
    }

    /// Milliseconds since 1970 of the run (load ids) or of the acceptance (spool keys).
    package var milliseconds: UInt64 { high >> 16 }

    @inlinable public static func == (a: MessageID, b: MessageID) -> Bool { a.high == b.high && a.low == b.low }

    @inlinable public func hash(into hasher: inout Hasher) {
        hasher.combine(high)
        hasher.combine(low)
    }

    @inlinable public static func < (a: MessageID, b: MessageID) -> Bool {
        a.high != b.high ? a.high < b.high : a.low < b.low
    }
}

extension MessageID: CustomStringConvertible {
    package static let textLength = 32

    public var description: String { String(decoding: hexDigits, as: UTF8.self) }

    /// The 32 hexadecimal digits as ASCII bytes.
    package var hexDigits: [UInt8] {
        var out = [UInt8]()
        out.reserveCapacity(Self.textLength)
        appendHex(to: &out)
        return out
    }

    package func appendHex(to out: inout [UInt8]) {
        withUnsafeTemporaryAllocation(byteCount: Self.textLength, alignment: 8) { digits in
            writeHex(to: digits)
            out.append(contentsOf: digits)
        }
    }

    /// Writes the 32 digits to the begin of `memory`.
    package func writeHex(to memory: UnsafeMutableRawBufferPointer) {
        for index in 0..<4 {
            let word = index < 2 ? high : low
            let part = index & 1 == 0 ? word >> 32 : word
            memory.storeBytes(
                of: HexDigits.eight(UInt32(truncatingIfNeeded: part)), toByteOffset: 8 * index, as: UInt64.self)
        }
    }

    /// Reads 32 hexadecimal digits, upper or lower case; nil for anything else.
    package init?(hex: some Sequence<UInt8>) {
        var words: (UInt64, UInt64) = (0, 0)
        var count = 0
        for byte in hex {
            guard count < Self.textLength, let nibble = Self.nibble(byte) else { return nil }
            if count < 16 { words.0 = words.0 << 4 | nibble } else { words.1 = words.1 << 4 | nibble }
            count += 1
        }
        guard count == Self.textLength else { return nil }
        self.init(high: words.0, low: words.1)
    }

    package init?(_ text: String) { self.init(hex: text.utf8) }

    private static func nibble(_ byte: UInt8) -> UInt64? {
        switch byte {
        case 0x30...0x39: UInt64(byte - 0x30)
        case 0x61...0x66: UInt64(byte - 0x57)
        case 0x41...0x46: UInt64(byte - 0x37)
        default: nil
        }
    }
}

extension MessageID {
    /// 16 bytes, big-endian: sorts as the ids do.
    package var bytes: [UInt8] {
        withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { Array($0) }
    }

    /// - Parameter bytes: exactly 16, as ``bytes`` writes them; nil otherwise.
    package init?(bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 16 else { return nil }
        self.init(
            high: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }
}

enum HexDigits {
    /// Eight hexadecimal digits in the order of memory, all at once: each nibble in a byte of its own, then from 10 on the
    /// distance between the digits and the letters.
    static func eight(_ value: UInt32) -> UInt64 {
        var spread = UInt64(value)
        spread = (spread << 16 | spread) & 0x0000_FFFF_0000_FFFF
        spread = (spread << 8 | spread) & 0x00FF_00FF_00FF_00FF
        spread = (spread << 4 | spread) & 0x0F0F_0F0F_0F0F_0F0F
        let letters = (spread &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return (spread &+ 0x3030_3030_3030_3030 &+ letters &* 0x27).bigEndian
    }
}
