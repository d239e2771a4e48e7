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

    /// Octets of the whole line, CRLF included.
    package var length: Int { dueUnixNanoseconds == nil ? 65 : 86 }

    /// Appends the whole line, CRLF included.
    package func append(to out: inout [UInt8]) {
        withUnsafeTemporaryAllocation(byteCount: length, alignment: 8) { line in
            write(to: line)
            out.append(contentsOf: line)
        }
    }

    /// Writes the whole line, CRLF included, to the begin of `memory`.
    package func write(to memory: UnsafeMutableRawBufferPointer) {
        precondition(memory.count >= length, "no room for a stamp")
        func put(_ text: StaticString, at start: Int) {
            text.withUTF8Buffer { (memory.baseAddress! + start).copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        }
        put("X-Millrace-Id: ", at: 0)
        id.writeHex(to: UnsafeMutableRawBufferPointer(rebasing: memory[15...]))
        put(" crc32c=", at: 47)
        memory.storeBytes(of: HexDigits.eight(crc32c), toByteOffset: 55, as: UInt64.self)
        if let due = dueUnixNanoseconds {
            put(" due=", at: 63)
            memory.storeBytes(of: HexDigits.eight(UInt32(due >> 32)), toByteOffset: 68, as: UInt64.self)
            memory.storeBytes(
                of: HexDigits.eight(UInt32(truncatingIfNeeded: due)), toByteOffset: 76, as: UInt64.self)
        }
        put("\r\n", at: length - 2)
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
