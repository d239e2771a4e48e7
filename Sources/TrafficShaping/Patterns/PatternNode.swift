/// A regular expression as a tree.
indirect enum PatternNode: Hashable, Sendable {
    case empty
    case set(ByteSet)
    case begin
    case end
    /// `\b` and, inverted, `\B`.
    case wordBoundary(isInverted: Bool)
    case sequence([PatternNode])
    case choice([PatternNode])
    /// - Parameter most: nil: without a limit.
    case repetition(PatternNode, least: Int, most: Int?)
}

/// Why a pattern was refused.
struct PatternFault: Error {
    let text: String
    init(_ text: String) { self.text = text }
}

/// Reads a regular expression: literals, `.`, classes, groups, `|`, `* + ? {n,m}`, `^ $ \b`, `\d \w \s`. Neither
/// back-references nor look-around, which nobody can match in bounded time.
struct PatternParser {
    /// Of `{n,m}`.
    static let mostRepeated = 200
    /// Groups within groups.
    static let deepest = 20
    private let bytes: [UInt8]
    private var at = 0
    private var depth = 0

    private init(_ text: String) { bytes = Array(text.utf8) }

    static func parse(_ text: String) throws(PatternFault) -> PatternNode {
        var parser = PatternParser(text)
        let node = try parser.choice()
        guard parser.peek == nil else { throw PatternFault("')' without '('") }
        return node
    }

    private var peek: UInt8? { at < bytes.count ? bytes[at] : nil }
    private mutating func next() -> UInt8? {
        guard at < bytes.count else { return nil }
        defer { at += 1 }
        return bytes[at]
    }
    private mutating func skip(_ text: String) -> Bool {
        guard bytes[at...].starts(with: text.utf8) else { return false }
        at += text.utf8.count
        return true
    }

    private mutating func choice() throws(PatternFault) -> PatternNode {
        var branches = [try sequence()]
        while skip("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private mutating func sequence() throws(PatternFault) -> PatternNode {
        var parts: [PatternNode] = []
        while let byte = peek, byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") {
            let atom = try self.atom()
            parts.append(try repeated(atom))
        }
        return parts.isEmpty ? .empty : parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func repeated(_ atom: PatternNode) throws(PatternFault) -> PatternNode {
        var node = atom
        while let byte = peek {
            // It would say nothing more than one, at more cost.
            if node.isRepetition, "*+?{".utf8.contains(byte) { throw PatternFault("a repetition of a repetition") }
            switch byte {
            case UInt8(ascii: "*"): node = .repetition(node, least: 0, most: nil)
            case UInt8(ascii: "+"): node = .repetition(node, least: 1, most: nil)
            case UInt8(ascii: "?"): node = .repetition(node, least: 0, most: 1)
            case UInt8(ascii: "{"):
                node = try counted(node)
                continue
            default: return node
            }
            at += 1
            // Lazy or not makes no difference to whether it matches.
            _ = skip("?")
        }
        return node
    }

    /// `{3}`, `{3,}`, `{3,5}`.
    private mutating func counted(_ node: PatternNode) throws(PatternFault) -> PatternNode {
        at += 1
        guard let least = number() else { throw PatternFault("expected {n}, {n,} or {n,m}; a brace itself is \\{") }
        var most: Int? = least
        if skip(",") { most = number() }
        guard skip("}") else { throw PatternFault("expected {n}, {n,} or {n,m}; a brace itself is \\{") }
        _ = skip("?")
        guard least <= most ?? Self.mostRepeated, most ?? 0 <= Self.mostRepeated, least <= Self.mostRepeated else {
            throw PatternFault("repeats more than \(Self.mostRepeated) times, or from more to less")
        }
        return .repetition(node, least: least, most: most)
    }

    private mutating func number() -> Int? {
        let begin = at
        while let byte = peek, (0x30...0x39).contains(byte), at - begin < 4 { at += 1 }
        return Int(String(decoding: bytes[begin..<at], as: UTF8.self))
    }

    private mutating func atom() throws(PatternFault) -> PatternNode {
        switch next()! {
        case UInt8(ascii: "("): return try group()
        case UInt8(ascii: "["): return .set(try charClass())
        case UInt8(ascii: "."): return .set(.any)
        case UInt8(ascii: "^"): return .begin
        case UInt8(ascii: "$"): return .end
        case UInt8(ascii: "\\"): return try escape()
        case let byte where "*+?{".utf8.contains(byte):
            throw PatternFault("'\(Character(UnicodeScalar(byte)))' has nothing to repeat")
        case let byte: return .set(ByteSet(byte))
        }
    }

    private mutating func group() throws(PatternFault) -> PatternNode {
        if skip("?i)") { return .empty }  // matching takes no notice of case anyway
        if !skip("?:"), peek == UInt8(ascii: "?") { throw PatternFault("only (…) and (?:…) are groups") }
        depth += 1
        guard depth <= Self.deepest else { throw PatternFault("more than \(Self.deepest) groups within groups") }
        let node = try choice()
        guard skip(")") else { throw PatternFault("'(' without ')'") }
        depth -= 1
        return .sequence([node])
    }

    private mutating func escape() throws(PatternFault) -> PatternNode {
        guard let byte = next() else { throw PatternFault("ends with '\\'") }
        switch byte {
        case UInt8(ascii: "b"): return .wordBoundary(isInverted: false)
        case UInt8(ascii: "B"): return .wordBoundary(isInverted: true)
        default: return .set(try set(escaped: byte))
        }
    }

    private func set(escaped byte: UInt8) throws(PatternFault) -> ByteSet {
        switch byte {
        case UInt8(ascii: "d"): return .digits
        case UInt8(ascii: "D"): return ByteSet.digits.inverted
        case UInt8(ascii: "w"): return .word
        case UInt8(ascii: "W"): return ByteSet.word.inverted
        case UInt8(ascii: "s"): return .blanks
        case UInt8(ascii: "S"): return ByteSet.blanks.inverted
        case UInt8(ascii: "t"): return ByteSet(0x09)
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A:
            throw PatternFault("'\\\(Character(UnicodeScalar(byte)))' is not known")
        default: return ByteSet(byte)
        }
    }

    private mutating func charClass() throws(PatternFault) -> ByteSet {
        var set = ByteSet()
        let isInverted = skip("^")
        var isFirst = true
        while let byte = next() {
            if byte == UInt8(ascii: "]"), !isFirst { return isInverted ? set.inverted : set }
            isFirst = false
            guard byte < 0x80 else { throw PatternFault("only ASCII characters inside of […]") }
            if byte == UInt8(ascii: "\\") {
                guard let escaped = next() else { break }
                set = set.union(try self.set(escaped: escaped))
            } else if peek == UInt8(ascii: "-"), at + 1 < bytes.count, bytes[at + 1] != UInt8(ascii: "]") {
                at += 1
                let last = next()!
                guard byte <= last, last < 0x80 else { throw PatternFault("a range in […] goes from more to less") }
                set = set.union(ByteSet(byte...last))
            } else {
                set.insert(byte)
            }
        }
        throw PatternFault("'[' without ']'")
    }
}

extension PatternNode {
    fileprivate var isRepetition: Bool {
        if case .repetition = self { true } else { false }
    }

    /// The longest text of literal octets that every match holds.
    var literal: [UInt8] {
        switch self {
        case .set(let set): return set.only.map { [$0] } ?? []
        case .repetition(let node, let least, _): return least > 0 ? node.literal : []
        case .sequence(let nodes):
            var (best, run): ([UInt8], [UInt8]) = ([], [])
            for node in nodes {
                if case .set(let set) = node, let byte = set.only {
                    run.append(byte)
                } else {
                    run = []
                    let own = node.literal
                    if own.count > best.count { best = own }
                }
                if run.count > best.count { best = run }
            }
            return best
        default: return []
        }
    }
}
