import MailTypes
import NIOCore
import SMTPProtocol
import SMTPTransport
import SpoolContract

/// Content from the form it is kept in to the form the next hop takes: nothing to do when they are the same.
enum WireConversion {
    private static let dot = ByteBuffer(string: ".")
    private static let lineEnd = ByteBuffer(string: "\r\n")

    static func content(_ content: MessageContent, chunked: Bool) -> OutgoingContent {
        switch (content.form, chunked) {
        case (.raw, true): OutgoingContent(buffers: content.slices, size: content.size, form: .raw)
        case (.dotStuffed, _): OutgoingContent(buffers: content.slices, size: content.size, form: .dotStuffed)
        case (.raw, false): stuffed(content)
        }
    }

    /// Raw to dot-stuffed (RFC 5321 §4.5.2) without copying: the slices are cut in front of each line's dot and a dot
    /// is put between. A last line without CRLF gets one, as DATA cannot end otherwise.
    private static func stuffed(_ content: MessageContent) -> OutgoingContent {
        var buffers: [ByteBuffer] = []
        var lineStart = true
        var afterCR = false
        for slice in content.slices {
            var start = slice.readerIndex
            slice.withUnsafeReadableBytes { bytes in
                for (index, byte) in bytes.enumerated() {
                    if byte == 0x2E, lineStart {
                        let end = slice.readerIndex + index
                        if end > start, let part = slice.getSlice(at: start, length: end - start) {
                            buffers.append(part)
                        }
                        buffers.append(dot)
                        start = end
                    }
                    lineStart = byte == 0x0A && afterCR
                    afterCR = byte == 0x0D
                }
            }
            if let rest = slice.getSlice(at: start, length: slice.writerIndex - start), rest.readableBytes > 0 {
                buffers.append(rest)
            }
        }
        if !lineStart { buffers.append(lineEnd) }
        return OutgoingContent(buffers: buffers, size: buffers.reduce(0) { $0 + $1.readableBytes }, form: .dotStuffed)
    }

    /// The first octets of the content, without stuffing dots.
    /// - Parameter limit: before the dots are taken out.
    static func begin(_ content: MessageContent, atMost limit: Int) -> [UInt8] {
        var slices: [ByteBuffer] = []
        var left = limit
        for slice in content.slices where left > 0 {
            let part = slice.getSlice(at: slice.readerIndex, length: min(left, slice.readableBytes)) ?? slice
            slices.append(part)
            left -= part.readableBytes
        }
        return plain(MessageContent(slices: slices, form: content.form))
    }

    /// The content itself, without stuffing dots.
    static func plain(_ content: MessageContent) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(content.size)
        for slice in content.slices { out.append(contentsOf: slice.readableBytesView) }
        guard content.form == .dotStuffed else { return out }
        var lineStart = true
        var kept = 0
        for byte in out {
            if lineStart, byte == 0x2E {
                lineStart = false
                continue
            }
            out[kept] = byte
            kept += 1
            lineStart = byte == 0x0A
        }
        return Array(out[..<kept])
    }

    /// The header, up to and without the blank line.
    static func header(_ content: MessageContent) -> [UInt8] {
        var out: [UInt8] = []
        for slice in content.slices {
            for byte in slice.readableBytesView {
                out.append(byte)
                if byte == 0x0A, out.suffix(4).elementsEqual([0x0D, 0x0A, 0x0D, 0x0A]) { return out.dropLast(2) }
                if out.count > 65_536 { return out }
            }
        }
        return out
    }
}
