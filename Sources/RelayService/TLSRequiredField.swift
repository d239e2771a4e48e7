import Glibc
import NIOCore
package import SpoolContract

/// Looks for `TLS-Required: No` in a header (RFC 8689 §5): its sender would rather have the message read by somebody than
/// not delivered. Looks at the header only, line by line.
package struct TLSRequiredField {
    private static let name = Array("tls-required:".utf8)
    /// Octets of the value that are kept; more cannot be `No`.
    private static let longestValue = 256
    /// Octets of a header that are looked at.
    private static let headerLimit = 1 << 18

    private var line: [UInt8] = []
    private var values: [[UInt8]] = []
    private var isInField = false
    private var isOver = false
    private var looked = 0

    /// Exactly one field, and it says no; whatever else is written there is not to be heeded.
    package static func saysNo(_ content: MessageContent) -> Bool {
        var search = TLSRequiredField()
        for slice in content.slices where !search.isOver { search.add(slice) }
        guard search.values.count == 1 else { return false }
        let text = search.values[0].filter { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D && $0 != 0x0A }
        return text.count == 2 && text[0] | 0x20 == 0x6E && text[1] | 0x20 == 0x6F
    }

    private mutating func add(_ slice: ByteBuffer) {
        slice.withUnsafeReadableBytes { bytes in
            var at = 0
            while at < bytes.count, !isOver {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[at...])
                let end = memchr(rest.baseAddress!, 0x0A, rest.count).map { rest.baseAddress!.distance(to: $0) }
                keep(UnsafeRawBufferPointer(rebasing: rest[..<(end ?? rest.count)]))
                if end != nil { endLine() }
                at += end.map { $0 + 1 } ?? rest.count
            }
            looked += bytes.count
        }
        if looked > Self.headerLimit { isOver = true }
    }

    private mutating func keep(_ part: UnsafeRawBufferPointer) {
        line += part.prefix(max(0, Self.longestValue + Self.name.count - line.count))
    }

    private mutating func endLine() {
        defer { line.removeAll(keepingCapacity: true) }
        guard !line.isEmpty, line != [0x0D] else {
            isOver = true
            return
        }
        if line[0] == 0x20 || line[0] == 0x09 {
            if isInField { values[values.count - 1] += line }
            return
        }
        isInField = line.count >= Self.name.count && zip(line, Self.name).allSatisfy { Self.isSame($0, $1) }
        if isInField { values.append(Array(line[Self.name.count...])) }
        if values.count > 1 { isOver = true }
    }

    private static func isSame(_ byte: UInt8, _ lower: UInt8) -> Bool {
        byte == lower || ((0x61...0x7A).contains(lower) && byte | 0x20 == lower)
    }
}
