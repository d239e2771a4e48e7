/// Cuts command lines out of the stream. A line ends with CRLF and nothing else (RFC 5321 §2.3.8): a bare CR,
/// a bare LF or a NUL makes the line malformed, and it still lasts until CRLF, so nothing behind them is read
/// as a command of its own.
struct CommandLineReader {
    enum Event: Equatable {
        /// The line without CRLF, inside the input.
        case inPlace(Range<Int>)
        /// The line came in pieces and stands in ``assembled``.
        case assembled
        case needsInput
        case malformed
        case tooLong
    }

    /// A line that came in several pieces, without CRLF.
    private(set) var assembled: [UInt8] = []
    private var isAssembled = false
    private var afterCR = false
    private var isMalformed = false
    private var length = 0
    var limit: Int

    init(limit: Int) { self.limit = limit }

    /// True while a line has begun and not ended: the peer is in the middle of a command.
    var isMidLine: Bool { length > 0 }

    /// What came of a line that has not ended; nil: too much for all of it to be kept.
    var begun: [UInt8]? {
        guard length > 0 else { return [] }
        return assembled.count == length ? assembled : nil
    }

    mutating func next(_ input: borrowing RawSpan, _ offset: inout Int) -> Event {
        let start = offset
        let end = input.byteCount
        var index = start
        while index < end {
            let byte = input[byte: index]
            index += 1
            if byte == 0x0A, afterCR {
                offset = index
                return finish(input, start: start, end: index - 2)
            }
            if byte == 0x0A || byte == 0 || afterCR { isMalformed = true }
            afterCR = byte == 0x0D
        }
        offset = end
        length += end - start
        keep(input, start..<end)
        return .needsInput
    }

    private mutating func finish(_ input: borrowing RawSpan, start: Int, end: Int) -> Event {
        defer {
            (isMalformed, isAssembled, afterCR, length) = (false, false, false, 0)
        }
        if length + end + 2 - start > limit { return .tooLong }
        if isMalformed { return .malformed }
        guard length > 0 else { return .inPlace(start..<end) }
        if end >= start {
            keep(input, start..<end)
        } else {
            assembled.removeLast(start - end)  // the CR came with the piece before
        }
        return .assembled
    }

    private mutating func keep(_ input: borrowing RawSpan, _ range: Range<Int>) {
        if !isAssembled {
            assembled.removeAll(keepingCapacity: true)
            isAssembled = true
        }
        // One byte over the limit is enough to know; the rest of a long line is not kept.
        for index in range.prefix(max(0, limit + 2 - assembled.count)) { assembled.append(input[byte: index]) }
    }
}
