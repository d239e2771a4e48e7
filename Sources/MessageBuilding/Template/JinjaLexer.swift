/// Takes a Jinja template apart: text, and the tokens of each tag.
struct JinjaLexer {
    typealias Fault = Template.Fault

    struct Token {
        enum Kind: Equatable {
            case name(String)
            case text(String)
            case number(String)
            case symbol(String)
            case end
        }
        var kind: Kind
        var line: Int

        /// As it reads in a sentence.
        var description: String {
            switch kind {
            case .name(let name), .number(let name), .symbol(let name): "'\(name.prefix(40))'"
            case .text(let text): "the text '\(text.prefix(40))'"
            case .end: "the end of the tag"
            }
        }
    }
    enum Piece {
        case text(String)
        /// `{{ … }}`
        case value([Token])
        /// `{% … %}`
        case statement([Token])
    }

    private let bytes: [UInt8]
    private var index = 0
    private(set) var line = 1
    private var trimsNext = false

    init(_ source: String) { bytes = Array(source.utf8) }

    static func fault(_ line: Int, _ text: String) -> Fault { Fault(text: "line \(line): \(text)") }

    private func byte(_ offset: Int = 0) -> UInt8? { index + offset < bytes.count ? bytes[index + offset] : nil }

    private mutating func advance(to end: Int) {
        for byte in bytes[index..<end] where byte == 0x0A { line += 1 }
        index = end
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    // MARK: Pieces

    /// The next piece; nil at the end. Comments are not there.
    mutating func next() throws(Fault) -> Piece? {
        while index < bytes.count {
            if trimsNext { advance(to: bytes[index...].firstIndex { !Self.isBlank($0) } ?? bytes.count) }
            trimsNext = false
            let open = nextTag()
            if open > index {
                let text = text(upTo: open)
                advance(to: open)
                if !text.isEmpty { return .text(text) }
            }
            guard open < bytes.count else { return nil }
            switch bytes[index + 1] {
            case 0x23: try comment()
            case 0x25: return .statement(try tag(0x25))
            default: return .value(try tag(0x7D))
            }
        }
        return nil
    }

    private func nextTag() -> Int {
        var at = index
        while at + 1 < bytes.count {
            if bytes[at] == 0x7B, bytes[at + 1] == 0x7B || bytes[at + 1] == 0x25 || bytes[at + 1] == 0x23 { return at }
            at += 1
        }
        return bytes.count
    }

    /// Without the blanks that the tag behind it takes away: `{%-`.
    private func text(upTo open: Int) -> String {
        var end = open
        if open + 2 < bytes.count, bytes[open + 2] == 0x2D {
            while end > index, Self.isBlank(bytes[end - 1]) { end -= 1 }
        }
        return String(decoding: bytes[index..<end], as: UTF8.self)
    }

    private mutating func comment() throws(Fault) {
        let start = line
        var at = index + 2
        while at + 1 < bytes.count {
            if bytes[at] == 0x23, bytes[at + 1] == 0x7D {
                trimsNext = bytes[at - 1] == 0x2D
                advance(to: at + 2)
                return
            }
            at += 1
        }
        throw Self.fault(start, "'{#' without '#}'")
    }

    /// Behind `{% raw %}`: everything up to `{% endraw %}`, as it is.
    mutating func raw(_ start: Int) throws(Fault) -> String {
        if trimsNext { advance(to: bytes[index...].firstIndex { !Self.isBlank($0) } ?? bytes.count) }
        trimsNext = false
        var open = index
        while open + 1 < bytes.count {
            if bytes[open] == 0x7B, bytes[open + 1] == 0x25, let end = endOfRaw(open + 2) {
                let text = text(upTo: open)
                advance(to: end)
                return text
            }
            open += 1
        }
        throw Self.fault(start, "'raw' is never closed: expected '{% endraw %}'")
    }

    private mutating func endOfRaw(_ start: Int) -> Int? {
        var at = start
        func isAt(_ word: StaticString) -> Bool {
            bytes[at...].starts(with: UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
        }
        if isAt("-") || isAt("+") { at += 1 }
        while at < bytes.count, Self.isBlank(bytes[at]) { at += 1 }
        guard isAt("endraw") else { return nil }
        at += 6
        while at < bytes.count, Self.isBlank(bytes[at]) { at += 1 }
        let trims = isAt("-")
        if trims || isAt("+") { at += 1 }
        guard isAt("%}") else { return nil }
        trimsNext = trims
        return at + 2
    }

    // MARK: Tokens

    /// Up to `%}` or `}}`.
    private mutating func tag(_ close: UInt8) throws(Fault) -> [Token] {
        let start = line
        index += 2
        if byte() == 0x2D || byte() == 0x2B { index += 1 }
        var tokens: [Token] = []
        while let next = byte() {
            if Self.isBlank(next) {
                advance(to: index + 1)
            } else if isClose(close, 0) {
                tokens.append(Token(kind: .end, line: line))
                index += 2
                return tokens
            } else if next == 0x2D || next == 0x2B, isClose(close, 1) {
                tokens.append(Token(kind: .end, line: line))
                trimsNext = next == 0x2D
                index += 3
                return tokens
            } else {
                let isIndex = tokens.last?.kind == .symbol(".")
                tokens.append(Token(kind: try token(next, isIndex), line: line))
            }
        }
        throw Self.fault(start, close == 0x25 ? "'{%' without '%}'" : "'{{' without '}}'")
    }

    private func isClose(_ close: UInt8, _ offset: Int) -> Bool { byte(offset) == close && byte(offset + 1) == 0x7D }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    private static func isName(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte | 0x20) || byte == 0x5F || byte >= 0x80 || isDigit(byte)
    }

    private mutating func token(_ first: UInt8, _ isIndex: Bool) throws(Fault) -> Token.Kind {
        switch first {
        case 0x22, 0x27: return .text(try string(first))
        case _ where Self.isDigit(first): return .number(number(isIndex))
        case _ where Self.isName(first): return .name(take { Self.isName($0) })
        default: break
        }
        let pair = index + 1 < bytes.count ? String(decoding: bytes[index...(index + 1)], as: UTF8.self) : ""
        if ["==", "!=", "<=", ">=", "//", "**"].contains(pair) {
            index += 2
            return .symbol(pair)
        }
        guard "<>()[].,|~+-*/%=:".utf8.contains(first) else {
            throw Self.fault(line, "'\(Unicode.Scalar(first))' is not expected in a tag")
        }
        index += 1
        return .symbol(String(Unicode.Scalar(first)))
    }

    private mutating func take(_ isTaken: (UInt8) -> Bool) -> String {
        let start = index
        while let next = byte(), isTaken(next) { index += 1 }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    /// - Parameter isIndex: behind a full stop, as in `list.0.name`: no fraction.
    private mutating func number(_ isIndex: Bool) -> String {
        var text = take(Self.isDigit)
        guard !isIndex else { return text }
        if byte() == 0x2E, let next = byte(1), Self.isDigit(next) {
            index += 1
            text += "." + take(Self.isDigit)
        }
        if let mark = byte(), mark | 0x20 == 0x65 {
            let hasSign = byte(1) == 0x2D || byte(1) == 0x2B
            if let next = byte(hasSign ? 2 : 1), Self.isDigit(next) {
                let sign = byte(1) == 0x2D ? "-" : ""
                index += hasSign ? 2 : 1
                text += "e" + sign + take(Self.isDigit)
            }
        }
        return text
    }

    private mutating func string(_ quote: UInt8) throws(Fault) -> String {
        let start = line
        index += 1
        var out: [UInt8] = []
        while let next = byte() {
            if next == quote {
                index += 1
                return String(decoding: out, as: UTF8.self)
            }
            if next == 0x5C {
                try escape(&out)
            } else {
                out.append(next)
                advance(to: index + 1)
            }
        }
        throw Self.fault(start, "a text without its closing quote")
    }

    private mutating func escape(_ out: inout [UInt8]) throws(Fault) {
        guard let next = byte(1) else { throw Self.fault(line, "a text without its closing quote") }
        switch next {
        case 0x6E: out.append(0x0A)
        case 0x72: out.append(0x0D)
        case 0x74: out.append(0x09)
        case 0x22, 0x27, 0x5C, 0x2F: out.append(next)
        case 0x75:
            let digits = String(
                decoding: bytes[min(index + 2, bytes.count)..<min(index + 6, bytes.count)], as: UTF8.self)
            guard digits.utf8.count == 4, let code = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(code) else {
                throw Self.fault(line, "'\\u' in a text: expected four hexadecimal digits")
            }
            out += Array(String(Character(scalar)).utf8)
            index += 4
        default:
            throw Self.fault(line, "an escape in a text that there is not; there are \\n \\r \\t \\\\ \\\" \\' \\u")
        }
        index += 2
    }
}
