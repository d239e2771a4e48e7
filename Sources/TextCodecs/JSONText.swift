/// Strings of JSON (RFC 8259 §7).
package enum JSONText {
    /// With its quotes.
    /// - Parameter isSafeInHTML: `<`, `>`, `&` and `'` are escaped, too.
    package static func quoted(_ text: String, isSafeInHTML: Bool = false) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(text.utf8.count + 2)
        var text = text
        text.withUTF8 { append($0, isSafeInHTML: isSafeInHTML, to: &out) }
        return String(decoding: out, as: UTF8.self)
    }

    /// With its quotes. What is no UTF-8 is repaired, since JSON that cannot be read is worth nothing.
    package static func append(_ text: UnsafeBufferPointer<UInt8>, isSafeInHTML: Bool = false, to out: inout [UInt8]) {
        out.append(0x22)
        if text.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C && !(isSafeInHTML && isMarkup($0)) }) {
            out.append(contentsOf: text)
        } else {
            for byte in String(decoding: text, as: UTF8.self).utf8 { escape(byte, isSafeInHTML, to: &out) }
        }
        out.append(0x22)
    }

    private static func isMarkup(_ byte: UInt8) -> Bool {
        byte == 0x3C || byte == 0x3E || byte == 0x26 || byte == 0x27
    }

    private static func escape(_ byte: UInt8, _ isSafeInHTML: Bool, to out: inout [UInt8]) {
        switch byte {
        case 0x22, 0x5C: out += [0x5C, byte]
        case 0x0A: out += [0x5C, 0x6E]
        case 0x0D: out += [0x5C, 0x72]
        case 0x09: out += [0x5C, 0x74]
        case 0x00..<0x20: out += hexadecimal(byte)
        case _ where isSafeInHTML && isMarkup(byte): out += hexadecimal(byte)
        default: out.append(byte)
        }
    }

    /// `\u003c`
    private static func hexadecimal(_ byte: UInt8) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        return Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
}
