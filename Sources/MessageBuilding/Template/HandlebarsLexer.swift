/// Takes a Handlebars template apart: texts with one tag between each two of them.
struct HandlebarsLexer {
    typealias Fault = Template.Fault

    struct Tag {
        /// `#if name`, without braces and blanks around.
        var inner: String
        var line: Int
        var isComment = false
        var isTriple = false
        fileprivate var trimsLeft = false
        fileprivate var trimsRight = false

        /// Takes its line away if nothing else is on it.
        fileprivate var isStandalone: Bool {
            if isComment { return true }
            guard !isTriple, let first = inner.utf8.first else { return false }
            return first == 0x23 || first == 0x2F || first == 0x5E || inner == "else" || inner.hasPrefix("else ")
        }
    }

    private(set) var texts: [[UInt8]] = []
    private(set) var tags: [Tag] = []

    private let bytes: [UInt8]
    private var index = 0
    private var line = 1

    init(_ source: String) throws(Fault) {
        bytes = Array(source.utf8)
        var text: [UInt8] = []
        while index < bytes.count {
            if bytes[index] == 0x7B, index + 1 < bytes.count, bytes[index + 1] == 0x7B {
                if text.last == 0x5C, text.dropLast().last != 0x5C {
                    // A backslash in front: braces that are text.
                    text.removeLast()
                    text += [0x7B, 0x7B]
                    index += 2
                    continue
                }
                if text.last == 0x5C { text.removeLast() }
                texts.append(text)
                text = []
                tags.append(try tag())
            } else {
                if bytes[index] == 0x0A { line += 1 }
                text.append(bytes[index])
                index += 1
            }
        }
        texts.append(text)
        trim()
    }

    private func isAt(_ word: String, _ at: Int) -> Bool { bytes[min(at, bytes.count)...].starts(with: word.utf8) }

    private mutating func tag() throws(Fault) -> Tag {
        var tag = Tag(inner: "", line: line)
        guard !isAt("{{{{", index) else { throw JinjaLexer.fault(line, "'{{{{': raw blocks are not taken here") }
        tag.isTriple = isAt("{{{", index)
        var start = index + (tag.isTriple ? 3 : 2)
        if isAt("~", start) {
            tag.trimsLeft = true
            start += 1
        }
        tag.isComment = !tag.isTriple && isAt("!", start)
        let isLong = tag.isComment && isAt("!--", start)
        let close = tag.isTriple ? "}}}" : "}}"
        var end = isLong ? start + 3 : start
        while end < bytes.count {
            if isLong ? isAt("--}}", end) || isAt("--~}}", end) : isAt(close, end) { break }
            end += 1
        }
        guard end < bytes.count else {
            throw JinjaLexer.fault(
                line, "'\(isLong ? "{{!--" : tag.isTriple ? "{{{" : "{{")' without '\(isLong ? "--}}" : close)'")
        }
        var last = end
        if isLong { end += isAt("--~", end) ? 3 : 2 }
        if end > start, bytes[end - 1] == 0x7E {
            tag.trimsRight = true
            last = min(last, end - 1)
        }
        for byte in bytes[index..<end] where byte == 0x0A { line += 1 }
        index = end + close.utf8.count
        tag.inner = String(decoding: Self.trimmed(bytes[start..<last]), as: UTF8.self)
        return tag
    }

    // MARK: Blanks

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var bytes = bytes.drop(while: isBlank)
        while let last = bytes.last, isBlank(last) { bytes.removeLast() }
        return bytes
    }

    private mutating func trim() {
        let lines = tags.indices.filter { tags[$0].isStandalone && isAlone($0) }
        for at in lines {
            while let last = texts[at].last, last == 0x20 || last == 0x09 { texts[at].removeLast() }
        }
        for at in lines {
            let end = texts[at + 1].firstIndex(of: 0x0A).map { $0 + 1 } ?? texts[at + 1].count
            texts[at + 1].removeFirst(end)
        }
        for at in tags.indices {
            if tags[at].trimsLeft {
                while let last = texts[at].last, Self.isBlank(last) { texts[at].removeLast() }
            }
            if tags[at].trimsRight { texts[at + 1] = Array(texts[at + 1].drop(while: Self.isBlank)) }
        }
    }

    /// Only blanks between the tag and both ends of its line.
    private func isAlone(_ at: Int) -> Bool {
        let before = texts[at].reversed().first { $0 != 0x20 && $0 != 0x09 }
        let after = texts[at + 1].first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D }
        return (before == 0x0A || (before == nil && at == 0))
            && (after == 0x0A || (after == nil && at + 1 == tags.count))
    }
}
