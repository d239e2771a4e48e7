internal import MailTypes

/// Puts replies together from the server's bytes (RFC 5321 §4.2.1). Text is kept for refusals and where the
/// caller wants it (EHLO); the text of an ordinary 250 is passed over unread.
struct ReplyReader {
    enum Event: Equatable {
        /// One whole reply; its text is in ``lines`` if it was wanted or refused something.
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

    mutating func next(_ input: borrowing RawSpan, _ offset: inout Int, keepText: Bool) -> Event {
        while true {
            let start = offset
            guard let feed = Self.firstLineFeed(input, from: start) else {
                guard partial.count + input.byteCount - start <= SMTPLimits.replyLine else { return .malformed }
                for index in start..<input.byteCount { partial.append(input[byte: index]) }
                offset = input.byteCount
                return .needsInput
            }
            offset = feed + 1
            let event: Event?
            if partial.isEmpty {
                event = take(input.extracting(start..<feed), keepText)
            } else {
                for index in start..<feed { partial.append(input[byte: index]) }
                let line = partial
                partial.removeAll(keepingCapacity: true)
                event = take(line.span.bytes, keepText)
            }
            if let event { return event }
        }
    }

    private mutating func take(_ raw: RawSpan, _ keepText: Bool) -> Event? {
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
        if keepText || code >= 400 {
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

    private static func firstLineFeed(_ input: borrowing RawSpan, from start: Int) -> Int? {
        var index = start
        while index < input.byteCount {
            if input[byte: index] == 0x0A { return index }
            index += 1
        }
        return nil
    }
}
