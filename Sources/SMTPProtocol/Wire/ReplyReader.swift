internal import MailTypes

/// Puts replies together from the server's bytes (RFC 5321 §4.2.1). The text of a reply as it usually is, which says no more
/// than its code, is passed over unread; that of any other is kept.
struct ReplyReader {
    enum Event: Equatable {
        /// One whole reply; its text is in ``lines`` if somebody reads it.
        case reply(code: UInt16)
        case needsInput
        /// Not SMTP, or beyond the limits.
        case malformed
    }

    private var partial: [UInt8] = []
    private var code: UInt16 = 0
    private var lineCount = 0
    private(set) var lines: [[UInt8]] = []
    private(set) var enhanced: EnhancedStatusCode?

    /// No reply has four digits: all texts are kept.
    static let none: ClosedRange<UInt16> = 1000...1000

    /// - Parameter unread: codes of replies whose text, enhanced code included, nobody wants to see.
    mutating func next(_ input: borrowing RawSpan, _ offset: inout Int, unread: ClosedRange<UInt16>) -> Event {
        while true {
            let start = offset
            guard let feed = input.firstLineFeed(from: start) else {
                guard partial.count + input.byteCount - start <= SMTPLimits.replyLine else { return .malformed }
                for index in start..<input.byteCount { partial.append(input[byte: index]) }
                offset = input.byteCount
                return .needsInput
            }
            offset = feed + 1
            let event: Event?
            if partial.isEmpty {
                if lineCount == 0, passes(input, start, feed, unread) { return .reply(code: code) }
                event = take(input.extracting(start..<feed), unread)
            } else {
                for index in start..<feed { partial.append(input[byte: index]) }
                let line = partial
                partial.removeAll(keepingCapacity: true)
                event = take(line.span.bytes, unread)
            }
            if let event { return event }
        }
    }

    /// The usual reply: one line with a code that says it all. Nearly every reply of a session is one.
    private mutating func passes(
        _ input: borrowing RawSpan, _ start: Int, _ feed: Int, _ unread: ClosedRange<UInt16>
    ) -> Bool {
        guard feed - start > 4, feed - start <= SMTPLimits.replyLine else { return false }
        let bytes = input.unsafeLoadUnaligned(fromByteOffset: start, as: UInt32.self).littleEndian
        let digits = (bytes & 0xFF, bytes >> 8 & 0xFF, bytes >> 16 & 0xFF)
        guard bytes >> 24 == 0x20, digits.0 &- 0x30 < 10, digits.1 &- 0x30 < 10, digits.2 &- 0x30 < 10 else {
            return false
        }
        let value = UInt16(truncatingIfNeeded: digits.0 * 100 + digits.1 * 10 + digits.2 - 111 * 0x30)
        guard unread.contains(value) else { return false }
        (code, enhanced) = (value, nil)
        if !lines.isEmpty { lines.removeAll(keepingCapacity: true) }
        return true
    }

    private mutating func take(_ raw: RawSpan, _ unread: ClosedRange<UInt16>) -> Event? {
        // Servers that end replies with a bare LF are read all the same: nothing of ours hangs on it.
        let endsWithCR = raw.byteCount > 0 && raw[byte: raw.byteCount - 1] == 0x0D
        let line = raw.extracting(0..<(endsWithCR ? raw.byteCount - 1 : raw.byteCount))
        guard line.byteCount <= SMTPLimits.replyLine, let parsed = ReplyLine.parse(line) else { return .malformed }
        if lineCount == 0 {
            code = parsed.code
            enhanced = parsed.enhanced
            lines.removeAll(keepingCapacity: true)
        }
        lineCount += 1
        guard parsed.code == code, lineCount <= SMTPLimits.replyLines else { return .malformed }
        if !unread.contains(code) {
            var text: [UInt8] = []
            for index in parsed.textStart..<line.byteCount { text.append(line[byte: index]) }
            lines.append(text)
        }
        guard parsed.isLast else { return nil }
        lineCount = 0
        return .reply(code: code)
    }

    /// The last reply, text included.
    var reply: SMTPReply {
        SMTPReply(code, enhanced, lines.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n"))
    }
}
