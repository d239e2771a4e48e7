/// xtext of RFC 3461 §4: printable ASCII, with `+` and two upper-case hexadecimal digits for everything else.
package enum XText {
    /// The form alone; `utf-8-addr-xtext` and `utf-8-addr-unitext` (RFC 6533 §3) are told by their address type and
    /// pass as well.
    package static func isValid(_ text: some StringProtocol) -> Bool {
        var rest = Substring(text).utf8
        while let byte = rest.popFirst() {
            switch byte {
            case 0x2B:
                guard hexDigit(rest.popFirst()) != nil, hexDigit(rest.popFirst()) != nil else { return false }
            case 0x21...0x7E where byte != 0x3D: break
            default: return false
            }
        }
        return true
    }

    /// - Returns: nil if it is malformed.
    package static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
        var out: [UInt8] = []
        var rest = Array(text)[...]
        while let byte = rest.popFirst() {
            if byte == 0x2B {
                guard let high = hexDigit(rest.popFirst()), let low = hexDigit(rest.popFirst()) else { return nil }
                out.append(high << 4 | low)
            } else {
                guard (0x21...0x7E).contains(byte), byte != 0x3D else { return nil }
                out.append(byte)
            }
        }
        return out
    }

    package static func encode(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for byte in bytes {
            if (0x21...0x7E).contains(byte), byte != 0x2B, byte != 0x3D {
                out.append(byte)
            } else {
                out += [0x2B, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return out
    }

    private static func hexDigit(_ byte: UInt8?) -> UInt8? {
        switch byte {
        case let digit? where (0x30...0x39).contains(digit): digit - 0x30
        case let digit? where (0x41...0x46).contains(digit): digit - 0x37
        default: nil
        }
    }
}
