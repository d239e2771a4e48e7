import Glibc
import NIOCore

/// Counts Received fields in a message's header while it arrives (RFC 5321 §6.3). Reads the header only: after the
/// blank line a piece costs nothing.
struct HopCounter {
    private static let name = Array("received:".utf8)
    private(set) var hops = 0
    private var column = 0
    private var matches = true
    private var lineIsEmpty = true
    private var isInHeader = true

    mutating func add(_ slice: ByteBuffer) {
        guard isInHeader else { return }
        slice.withUnsafeReadableBytes { bytes in
            var at = 0
            while at < bytes.count, isInHeader {
                if !matches || column == Self.name.count {
                    // What is left of this line says nothing.
                    guard let end = memchr(bytes.baseAddress! + at, 0x0A, bytes.count - at) else { return }
                    at = bytes.baseAddress!.distance(to: UnsafeRawPointer(end))
                }
                add(bytes[at])
                at += 1
            }
        }
    }

    private mutating func add(_ byte: UInt8) {
        switch byte {
        case 0x0D: break
        case 0x0A:
            isInHeader = !lineIsEmpty
            (column, matches, lineIsEmpty) = (0, true, true)
        default:
            lineIsEmpty = false
            guard matches, column < Self.name.count else { return }
            let lower = byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
            matches = lower == Self.name[column]
            column += 1
            if matches, column == Self.name.count { hops += 1 }
        }
    }
}
