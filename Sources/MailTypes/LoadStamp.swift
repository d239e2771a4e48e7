/// The header field that makes a generated message recognisable wherever it turns up, first in its header:
///
///     X-Millrace-Id: 0193…32 hex digits crc32c=8 hex digits
///
/// The checksum (CRC-32C) covers every octet of content behind this line, without stuffing dots; what a relay puts in
/// front of the line does not matter.
package struct LoadStamp: Equatable, Sendable {
    package var id: MessageID
    package var crc32c: UInt32

    private static let prefix = Array("X-Millrace-Id: ".utf8)
    private static let middle = Array(" crc32c=".utf8)

    package init(id: MessageID, crc32c: UInt32) {
        self.id = id
        self.crc32c = crc32c
    }

    /// Appends the whole line, CRLF included.
    package func append(to out: inout [UInt8]) {
        out.append(contentsOf: Self.prefix)
        id.appendHex(to: &out)
        out.append(contentsOf: Self.middle)
        for shift in stride(from: 28, through: 0, by: -4) {
            let nibble = UInt8(truncatingIfNeeded: crc32c >> UInt32(shift)) & 15
            out.append(nibble < 10 ? 0x30 + nibble : 0x57 + nibble)
        }
        out.append(0x0D)
        out.append(0x0A)
    }

    /// Reads the line (without CRLF) back; nil if it is any other line.
    package init?(headerLine line: some Collection<UInt8>) {
        guard line.count == Self.prefix.count + MessageID.textLength + Self.middle.count + 8,
            line.starts(with: Self.prefix)
        else { return nil }
        let rest = line.dropFirst(Self.prefix.count)
        let tail = rest.dropFirst(MessageID.textLength)
        let digits = tail.dropFirst(Self.middle.count)
        guard let id = MessageID(hex: rest.prefix(MessageID.textLength)), tail.starts(with: Self.middle),
            digits.first != 0x2B, digits.first != 0x2D,  // UInt32 would read a sign
            let crc = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        else { return nil }
        self.init(id: id, crc32c: crc)
    }
}
