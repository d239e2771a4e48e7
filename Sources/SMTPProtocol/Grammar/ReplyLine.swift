package import MailTypes

/// One line of a server's reply (RFC 5321 §4.2), with the enhanced code in front of its text if there is one
/// (RFC 2034 §4).
package struct ReplyLine: Equatable, Sendable {
    package var code: UInt16
    package var isLast: Bool
    package var enhanced: EnhancedStatusCode?
    /// Where the text starts, behind the enhanced code.
    package var textStart: Int

    /// - Returns: nil if the line does not start with a code from 200 to 599 and one of space, `-` or its end.
    package static func parse(_ line: RawSpan) -> ReplyLine? {
        guard line.byteCount >= 3 else { return nil }
        var code: UInt16 = 0
        for index in 0..<3 {
            let byte = line[byte: index]
            guard (0x30...0x39).contains(byte) else { return nil }
            code = code * 10 + UInt16(byte - 0x30)
        }
        guard (200...599).contains(code) else { return nil }
        guard line.byteCount > 3 else { return ReplyLine(code: code, isLast: true, enhanced: nil, textStart: 3) }
        let separator = line[byte: 3]
        guard separator == 0x20 || separator == 0x2D else { return nil }
        var reply = ReplyLine(code: code, isLast: separator == 0x20, enhanced: nil, textStart: 4)
        reply.readEnhancedCode(line)
        return reply
    }

    private mutating func readEnhancedCode(_ line: RawSpan) {
        var numbers: [UInt16] = []
        var index = 4
        while numbers.count < 3 {
            let start = index
            var value: UInt16 = 0
            while index < line.byteCount, index - start < 3, (0x30...0x39).contains(line[byte: index]) {
                value = value * 10 + UInt16(line[byte: index] - 0x30)
                index += 1
            }
            guard index > start else { return }
            numbers.append(value)
            guard numbers.count < 3 else { break }
            guard index < line.byteCount, line[byte: index] == 0x2E else { return }
            index += 1
        }
        guard numbers[0] == code / 100, index == line.byteCount || line[byte: index] == 0x20 else { return }
        enhanced = EnhancedStatusCode(UInt8(numbers[0]), numbers[1], numbers[2])
        textStart = min(index + 1, line.byteCount)
    }
}
