/// Base64 of RFC 4648 §4.
package enum Base64 {
    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    package static func encode(_ bytes: [UInt8]) -> String { String(decoding: self.bytes(bytes), as: UTF8.self) }

    /// - Parameters:
    ///   - lineWidth: digits in a line, a multiple of four; nil: one line, however long.
    ///   - fold: stands between lines.
    package static func bytes(_ bytes: [UInt8], lineWidth: Int? = nil, fold: [UInt8] = [0x0D, 0x0A]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count * 4 / 3 + bytes.count / 40 + 8)
        var column = 0
        var index = 0
        while index < bytes.count {
            let left = bytes.count - index
            let word =
                UInt32(bytes[index]) << 16 | (left > 1 ? UInt32(bytes[index + 1]) << 8 : 0)
                | (left > 2 ? UInt32(bytes[index + 2]) : 0)
            out.append(digits[Int(word >> 18)])
            out.append(digits[Int(word >> 12 & 63)])
            out.append(left > 1 ? digits[Int(word >> 6 & 63)] : 0x3D)
            out.append(left > 2 ? digits[Int(word & 63)] : 0x3D)
            index += 3
            column += 4
            if let lineWidth, column >= lineWidth, index < bytes.count {
                out += fold
                column = 0
            }
        }
        return out
    }

    /// Strict: padded, no line ends, no bits left over.
    /// - Returns: nil if it is not base64.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? { decode(Array(text.utf8)) }

    package static func decode(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count % 4 == 0 else { return nil }
        let padding = bytes.reversed().prefix { $0 == 0x3D }.count
        guard padding <= 2 else { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count / 4 * 3)
        var word: UInt32 = 0
        var bits = 0
        for byte in bytes.dropLast(padding) {
            guard let value = value(byte) else { return nil }
            word = word << 6 | value
            bits += 6
            if bits >= 8 {
                bits -= 8
                out.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
            }
        }
        return word & (1 << UInt32(bits) - 1) == 0 ? out : nil
    }

    private static func value(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x41...0x5A: UInt32(byte) - 0x41
        case 0x61...0x7A: UInt32(byte) - 0x61 + 26
        case 0x30...0x39: UInt32(byte) - 0x30 + 52
        case 0x2B: 62
        case 0x2F: 63
        default: nil
        }
    }
}
