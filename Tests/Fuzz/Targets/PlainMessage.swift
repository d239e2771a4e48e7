import COpenSSL
import DKIMSigning

/// RFC 6376 §3.4.3 and §3.4.4, read plainly: no pieces, no haste.
enum PlainMessage {
    /// What stands behind the empty line, dots unstuffed.
    static func body(_ message: [UInt8], isStuffed: Bool) -> [UInt8] {
        var rest = message[...]
        while let feed = rest.firstIndex(of: 0x0A) {
            var line = rest[..<feed]
            rest = rest[(feed + 1)...]
            if isStuffed, line.first == 0x2E { line = line.dropFirst() }
            if line.allSatisfy({ $0 == 0x0D }) { return isStuffed ? unstuffed(Array(rest)) : Array(rest) }
        }
        return []
    }

    private static func unstuffed(_ bytes: [UInt8]) -> [UInt8] {
        Array(lines(bytes).map { $0.first == 0x2E ? $0.dropFirst() : $0[...] }.joined(separator: [0x0D, 0x0A]))
    }

    /// Split at CRLF; the last one has no line end.
    private static func lines(_ bytes: [UInt8]) -> [[UInt8]] {
        var lines: [[UInt8]] = [[]]
        for byte in bytes {
            lines[lines.count - 1].append(byte)
            guard lines[lines.count - 1].suffix(2) == [0x0D, 0x0A] else { continue }
            lines[lines.count - 1].removeLast(2)
            lines.append([])
        }
        return lines
    }

    static func canonical(_ body: [UInt8], _ form: CanonicalForm) -> [UInt8] {
        var lines = lines(body)
        if form == .relaxed { lines = lines.map(relaxed) }
        while lines.last?.isEmpty ?? false { lines.removeLast() }
        if lines.isEmpty { return form == .simple ? [0x0D, 0x0A] : [] }
        return lines.flatMap { $0 + [0x0D, 0x0A] }
    }

    private static func relaxed(_ line: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        for byte in line {
            let isBlank = byte == 0x20 || byte == 0x09
            if isBlank, out.last == 0x20 { continue }
            out.append(isBlank ? 0x20 : byte)
        }
        if out.last == 0x20 { out.removeLast() }
        return out
    }

    static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: 32)
        var written: UInt32 = 0
        require(EVP_Digest(bytes, bytes.count, &out, &written, EVP_sha256(), nil) == 1, "libcrypto has no SHA-256")
        return out
    }
}
