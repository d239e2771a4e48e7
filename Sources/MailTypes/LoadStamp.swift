/// The header field that makes a generated message recognisable wherever it turns up, first in its header:
///
///     X-Millrace-Id: 0193…32 hex digits crc32c=8 hex digits due=16 hex digits
///
/// The checksum (CRC-32C) covers every octet of content behind this line, without stuffing dots; what a relay puts in
/// front of the line does not matter. `due` is when the message was to be sent, in nanoseconds since 1970: from it to the
/// receiver's clock is the end-to-end latency. It may be missing.
package struct LoadStamp: Equatable, Sendable {
    package var id: MessageID
    package var crc32c: UInt32
    package var dueUnixNanoseconds: UInt64?

    private static let prefix = Array("X-Millrace-Id: ".utf8)
    private static let checksumKey = Array(" crc32c=".utf8)
    private static let dueKey = Array(" due=".utf8)

    package init(id: MessageID, crc32c: UInt32, dueUnixNanoseconds: UInt64? = nil) {
        self.id = id
        self.crc32c = crc32c
        self.dueUnixNanoseconds = dueUnixNanoseconds
    }

    /// Appends the whole line, CRLF included.
    package func append(to out: inout [UInt8]) {
        out.append(contentsOf: Self.prefix)
        id.appendHex(to: &out)
        out.append(contentsOf: Self.checksumKey)
        Self.appendHex(crc32c, to: &out)
        if let dueUnixNanoseconds {
            out.append(contentsOf: Self.dueKey)
            Self.appendHex(UInt32(dueUnixNanoseconds >> 32), to: &out)
            Self.appendHex(UInt32(truncatingIfNeeded: dueUnixNanoseconds), to: &out)
        }
        out.append(0x0D)
        out.append(0x0A)
    }

    /// Writes the checksum into a line that ``append(to:)`` has written at `start`: it covers what comes behind the line,
    /// so that it is known last.
    package static func setChecksum(_ crc32c: UInt32, at start: Int, in out: inout [UInt8]) {
        let digits = start + prefix.count + MessageID.textLength + checksumKey.count
        withUnsafeBytes(of: hexDigits(crc32c)) { text in
            for index in 0..<8 { out[digits + index] = text[index] }
        }
    }

    /// Eight hexadecimal digits in the order of memory, all at once: each nibble in a byte of its own, then from 10 on the
    /// distance between the digits and the letters.
    private static func hexDigits(_ value: UInt32) -> UInt64 {
        var spread = UInt64(value)
        spread = (spread << 16 | spread) & 0x0000_FFFF_0000_FFFF
        spread = (spread << 8 | spread) & 0x00FF_00FF_00FF_00FF
        spread = (spread << 4 | spread) & 0x0F0F_0F0F_0F0F_0F0F
        let letters = (spread &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return (spread &+ 0x3030_3030_3030_3030 &+ letters &* 0x27).bigEndian
    }

    private static func appendHex(_ value: UInt32, to out: inout [UInt8]) {
        withUnsafeBytes(of: hexDigits(value)) { out.append(contentsOf: $0) }
    }

    /// Reads the line (without CRLF) back; nil if it is any other line.
    package init?(headerLine line: some Collection<UInt8>) {
        guard line.starts(with: Self.prefix) else { return nil }
        var rest = line.dropFirst(Self.prefix.count)
        guard let id = MessageID(hex: rest.prefix(MessageID.textLength)) else { return nil }
        rest = rest.dropFirst(MessageID.textLength)
        guard let crc = Self.takeHex(behind: Self.checksumKey, digits: 8, from: &rest) else { return nil }
        var due: UInt64?
        if !rest.isEmpty {
            due = Self.takeHex(behind: Self.dueKey, digits: 16, from: &rest)
            guard due != nil, rest.isEmpty else { return nil }
        }
        self.init(id: id, crc32c: UInt32(crc), dueUnixNanoseconds: due)
    }

    /// Exactly so many hexadecimal digits behind `key`.
    private static func takeHex<Bytes: Collection<UInt8>>(
        behind key: [UInt8], digits: Int, from rest: inout Bytes
    ) -> UInt64? where Bytes.SubSequence == Bytes {
        guard rest.starts(with: key) else { return nil }
        let text = rest.dropFirst(key.count).prefix(digits)
        // The number's own reader would take a sign.
        guard text.count == digits, text.first != 0x2B, text.first != 0x2D,
            let value = UInt64(String(decoding: text, as: UTF8.self), radix: 16)
        else { return nil }
        rest = rest.dropFirst(key.count + digits)
        return value
    }
}
