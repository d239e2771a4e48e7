/// Content-Transfer-Encoding taken off (RFC 2045 §6), as far as it makes sense: what is broken ends or stays as it is.
enum TransferDecoding {
    static func decode(_ bytes: ArraySlice<UInt8>, _ encoding: String?) -> ArraySlice<UInt8> {
        switch encoding?.trimmingBlanks.lowercased() {
        case "base64": base64(bytes)[...]
        case "quoted-printable": quotedPrintable(bytes)[...]
        default: bytes
        }
    }

    private static func base64(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count / 4 * 3 + 3)
        var word: UInt32 = 0
        var bits = 0
        for byte in bytes {
            let value: UInt32
            switch byte {
            case 0x41...0x5A: value = UInt32(byte) - 0x41
            case 0x61...0x7A: value = UInt32(byte) - 0x61 + 26
            case 0x30...0x39: value = UInt32(byte) - 0x30 + 52
            case 0x2B: value = 62
            case 0x2F: value = 63
            case 0x3D: return out
            default: continue
            }
            word = word << 6 | value
            bits += 6
            guard bits >= 8 else { continue }
            bits -= 8
            out.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
        }
        return out
    }

    private static func quotedPrintable(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            guard byte == 0x3D else {
                out.append(byte)
                index += 1
                continue
            }
            let rest = bytes[(index + 1)...]
            if let high = rest.first.flatMap(digit), let low = rest.dropFirst().first.flatMap(digit) {
                out.append(high << 4 | low)
                index += 3
            } else if let feed = rest.prefix(80).firstIndex(of: 0x0A), rest[..<feed].allSatisfy({ $0 <= 0x20 }) {
                index = feed + 1  // a soft line break
            } else {
                out.append(byte)
                index += 1
            }
        }
        return out
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}
