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
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.textLength) { digits in
            for at in 0..<Self.textLength {
                let word = at < 16 ? high : low
                let nibble = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * (at & 15))) & 15
                digits[at] = nibble < 10 ? 0x30 + nibble : 0x57 + nibble
            }
            out.append(contentsOf: digits)
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
