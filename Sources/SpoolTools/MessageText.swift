import NIOCore
package import SpoolContract

/// Content as a file holds it: CRLF line ends, no stuffing dots.
package enum MessageText {
    /// Takes the stuffing dots away (RFC 5321 §4.5.2), if there are any.
    package static func raw(_ content: MessageContent) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(content.size)
        guard content.form == .dotStuffed else {
            for slice in content.slices { out += slice.readableBytesView }
            return out
        }
        var lineStart = true
        var afterCR = false
        for slice in content.slices {
            for byte in slice.readableBytesView {
                if byte == 0x2E, lineStart {
                    lineStart = false
                    continue
                }
                lineStart = byte == 0x0A && afterCR
                afterCR = byte == 0x0D
                out.append(byte)
            }
        }
        return out
    }

    /// A file's text as content: a line feed or carriage return alone becomes CRLF, as SMTP knows no other line end.
    package static func content(_ bytes: [UInt8]) -> MessageContent {
        var out = ByteBuffer()
        out.reserveCapacity(bytes.count)
        var position = 0
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            guard byte == 0x0D || byte == 0x0A else {
                out.writeInteger(byte)
                continue
            }
            if byte == 0x0D, position < bytes.count, bytes[position] == 0x0A { position += 1 }
            out.writeBytes([0x0D, 0x0A])
        }
        return MessageContent(slices: out.readableBytes == 0 ? [] : [out], form: .raw)
    }
}
