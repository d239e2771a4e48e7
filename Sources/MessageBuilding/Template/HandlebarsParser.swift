/// Reads the blocks of a Handlebars template.
struct HandlebarsParser {
    typealias Fault = Template.Fault

    private let source: String
    private let style: TemplateStyle
    private var texts: [[UInt8]] = []
    private var tags: [HandlebarsLexer.Tag] = []
    private var index = 0
    private var depth = 0
    private(set) var readsValues = false

    init(_ source: String, _ style: TemplateStyle) {
        self.source = source
        self.style = style
    }

    private struct Opening {
        var word: String
        var line: Int
    }
    /// What a body ended with.
    private enum Ending {
        /// `{{else}}` or `{{^}}`, and what stands behind `else`.
        case otherwise(String, line: Int)
        case close
    }

    mutating func whole() throws(Fault) -> [TemplateNode] {
        let lexer = try HandlebarsLexer(source)
        (texts, tags) = (lexer.texts, lexer.tags)
        return try body(nil).nodes
    }

    private mutating func body(_ opening: Opening?) throws(Fault) -> (nodes: [TemplateNode], ending: Ending) {
        var nodes: [TemplateNode] = []
        func add(_ text: [UInt8]) {
            if !text.isEmpty { nodes.append(.text(String(decoding: text, as: UTF8.self))) }
        }
        add(texts[index])
        while index < tags.count {
            let tag = tags[index]
            index += 1
            let first = tag.isTriple ? nil : tag.inner.utf8.first
            if !tag.isComment {
                if first == 0x2F {
                    try checkClose(tag, opening)
                    return (nodes, .close)
                }
                if !tag.isTriple, let rest = Self.otherwise(tag.inner) {
                    guard opening != nil else { throw JinjaLexer.fault(tag.line, "'else' outside of a block") }
                    return (nodes, .otherwise(rest, line: tag.line))
                }
                nodes.append(first == 0x23 || first == 0x5E ? try block(tag) : try value(tag))
            }
            add(texts[index])
        }
        if let opening {
            throw JinjaLexer.fault(
                opening.line, "'\(opening.word.prefix(40))' is never closed: expected '{{/\(opening.word.prefix(40))}}'"
            )
        }
        return (nodes, .close)
    }

    private static func otherwise(_ inner: String) -> String? {
        if inner == "else" || inner == "^" { return "" }
        return inner.hasPrefix("else ") ? String(inner.dropFirst(5)) : nil
    }

    private func checkClose(_ tag: HandlebarsLexer.Tag, _ opening: Opening?) throws(Fault) {
        let word = Self.words(tag.inner.dropFirst()).joined(separator: " ")
        guard let opening else { throw JinjaLexer.fault(tag.line, "'{{/\(word.prefix(40))}}' has no beginning") }
        guard word == opening.word else {
            throw JinjaLexer.fault(
                tag.line,
                "'{{/\(word.prefix(40))}}': expected '{{/\(opening.word.prefix(40))}}' for the block of line \(opening.line)"
            )
        }
    }

    // MARK: Blocks

    private mutating func block(_ tag: HandlebarsLexer.Tag) throws(Fault) -> TemplateNode {
        depth += 1
        guard depth <= Template.Limit.blockDepth else {
            throw JinjaLexer.fault(tag.line, "blocks nested deeper than \(Template.Limit.blockDepth)")
        }
        defer { depth -= 1 }
        let words = Self.words(tag.inner.dropFirst())
        guard let word = words.first else { throw JinjaLexer.fault(tag.line, "a block without a name") }
        let opening = Opening(word: word, line: tag.line)
        let isInverse = tag.inner.utf8.first == 0x5E
        switch word {
        case "if" where !isInverse, "unless" where !isInverse:
            return try branches(try condition(words, tag.line), opening, tag.line)
        case "each" where !isInverse, "with" where !isInverse:
            let value = try only(words.dropFirst(), "'#\(word)'", tag.line)
            return try context(word == "each" ? .each : .with, value, opening)
        default:
            guard words.count == 1 else {
                throw JinjaLexer.fault(
                    tag.line,
                    "unknown helper '#\(word.prefix(40))': expected #if, #unless, #each, #with or a name alone")
            }
            return try context(isInverse ? .inverse : .section, try operand(word, tag.line), opening)
        }
    }

    private mutating func context(
        _ kind: HandlebarsBlock.Kind, _ value: TemplateExpression, _ opening: Opening
    ) throws(Fault) -> TemplateNode {
        let (nodes, ending) = try body(opening)
        return .context(
            HandlebarsBlock(
                kind: kind, value: value, body: nodes, otherwise: try otherwise(ending, opening), line: opening.line))
    }

    /// `if name` or `unless name`.
    private mutating func condition(_ words: [String], _ line: Int) throws(Fault) -> TemplateExpression {
        let value = try only(words.dropFirst(), "'\(words[0])'", line)
        return words[0] == "unless" ? .not(value) : value
    }

    private mutating func only(
        _ words: ArraySlice<String>, _ what: String, _ line: Int
    ) throws(Fault) -> TemplateExpression {
        guard words.count == 1, let word = words.first else {
            throw JinjaLexer.fault(
                line, "\(what): expected one name, found '\(words.joined(separator: " ").prefix(40))'")
        }
        return try operand(word, line)
    }

    private mutating func branches(
        _ condition: TemplateExpression, _ opening: Opening, _ line: Int
    ) throws(Fault) -> TemplateNode {
        var (condition, line) = (condition, line)
        var found: [TemplateBranch] = []
        while true {
            let (nodes, ending) = try body(opening)
            found.append(TemplateBranch(condition: condition, line: line, body: nodes))
            guard case .otherwise(let rest, let lineOfElse) = ending, !rest.isEmpty else {
                return .branches(found, otherwise: try otherwise(ending, opening))
            }
            condition = try self.condition(try chained(rest, lineOfElse), lineOfElse)
            line = lineOfElse
        }
    }

    private func chained(_ rest: String, _ line: Int) throws(Fault) -> [String] {
        let words = Self.words(rest[...])
        guard words.first == "if" || words.first == "unless" else {
            throw JinjaLexer.fault(line, "'else \(rest.prefix(40))': expected 'else', 'else if' or 'else unless'")
        }
        return words
    }

    private mutating func otherwise(_ ending: Ending, _ opening: Opening) throws(Fault) -> [TemplateNode] {
        guard case .otherwise(let rest, let line) = ending else { return [] }
        guard rest.isEmpty else {
            return [try branches(try condition(try chained(rest, line), line), opening, line)]
        }
        let (nodes, second) = try body(opening)
        if case .otherwise(_, let line) = second {
            throw JinjaLexer.fault(line, "a second 'else': expected '{{/\(opening.word.prefix(40))}}'")
        }
        return nodes
    }

    // MARK: Values

    private mutating func value(_ tag: HandlebarsLexer.Tag) throws(Fault) -> TemplateNode {
        var inner = tag.inner[...]
        let first = tag.isTriple ? nil : inner.first
        guard first != ">" else {
            throw JinjaLexer.fault(tag.line, "partials such as '\(inner.prefix(40))' are not taken here")
        }
        if first == "&" { inner = inner.dropFirst() }
        let words = Self.words(inner)
        guard let word = words.first else { throw JinjaLexer.fault(tag.line, "a tag without a name") }
        guard words.count == 1 else {
            throw JinjaLexer.fault(
                tag.line, "unknown helper '\(word.prefix(40))': expected a name alone")
        }
        let isEscaped = style.isHTML && !tag.isTriple && first != "&"
        return .output(try operand(word, tag.line), isEscaped: isEscaped, line: tag.line)
    }

    private mutating func operand(_ word: String, _ line: Int) throws(Fault) -> TemplateExpression {
        if let literal = HandlebarsPath.literal(word) { return .literal(literal) }
        readsValues = true
        return .handlebars(try HandlebarsPath(word, line))
    }

    /// Blanks within quotes and brackets divide nothing.
    private static func words(_ text: Substring) -> [String] {
        var words: [String] = []
        var word: [UInt8] = []
        var close: UInt8?
        for byte in text.utf8 {
            if close == nil, byte == 0x20 || (0x09...0x0D).contains(byte) {
                if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
                word = []
                continue
            }
            word.append(byte)
            if let end = close {
                if byte == end { close = nil }
            } else if byte == 0x22 || byte == 0x27 {
                close = byte
            } else if byte == 0x5B {
                close = 0x5D
            }
        }
        if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
        return words
    }
}
