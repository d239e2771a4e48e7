import NIOCore

extension MessageContent {
    /// Octets that are looked at before it is asked whether the header has ended.
    private static let step = 4_096

    /// The first octets: the header with the blank line behind it and perhaps some of the body, or `most` octets.
    package func head(most: Int) -> [UInt8] {
        var head: [UInt8] = []
        for slice in slices {
            var rest = slice.readableBytesView[...]
            while !rest.isEmpty, head.count < most {
                let known = max(0, head.count - 2)
                let part = rest.prefix(min(Self.step, most - head.count))
                head += part
                rest = rest.dropFirst(part.count)
                if Self.hasBlankLine(head[known...]) { return head }
            }
        }
        return head
    }

    private static func hasBlankLine(_ bytes: ArraySlice<UInt8>) -> Bool {
        var at = bytes.startIndex
        while let end = bytes[at...].firstIndex(of: 0x0A) {
            let next = bytes[(end + 1)...].prefix(2)
            if next.first == 0x0A || next.elementsEqual([0x0D, 0x0A]) { return true }
            at = end + 1
        }
        return false
    }

    /// The same content with `bytes` in the place of its first `count` octets. What stays is not copied.
    package func replacing(first count: Int, with bytes: [UInt8]) -> MessageContent {
        var (rest, left) = ([ByteBuffer(bytes: bytes)], count)
        for var slice in slices {
            let gone = min(left, slice.readableBytes)
            slice.moveReaderIndex(forwardBy: gone)
            left -= gone
            if slice.readableBytes > 0 { rest.append(slice) }
        }
        return MessageContent(slices: rest, form: form)
    }
}
