/// Reads the statements of a Jinja template.
struct JinjaParser {
    typealias Fault = Template.Fault

    private var lexer: JinjaLexer
    private let style: TemplateStyle
    private var depth = 0
    let scope = JinjaScope()
    /// The tag that the last body ended with.
    private var last: JinjaExpressionParser

    init(_ source: String, _ style: TemplateStyle) {
        lexer = JinjaLexer(source)
        self.style = style
        last = JinjaExpressionParser([], scope)
    }

    mutating func whole() throws(Fault) -> [TemplateNode] { try body(nil).nodes }

    /// What may end a body, and where it began.
    private struct Opening {
        var word: String
        var line: Int
        var ends: [String]
    }

    private mutating func body(_ opening: Opening?) throws(Fault) -> (nodes: [TemplateNode], end: String) {
        var nodes: [TemplateNode] = []
        while let piece = try lexer.next() {
            switch piece {
            case .text(let text): nodes.append(.text(text))
            case .value(let tokens):
                var parser = JinjaExpressionParser(tokens, scope)
                let line = parser.line
                let value = try parser.expression()
                try parser.expectEnd()
                nodes.append(.output(value, isEscaped: style.isHTML, line: line))
            case .statement(let tokens):
                var parser = JinjaExpressionParser(tokens, scope)
                let line = parser.line
                let word = try parser.name("if, for, set or raw")
                if let opening, opening.ends.contains(word) {
                    last = parser
                    return (nodes, word)
                }
                nodes.append(try statement(word, line, &parser, opening))
            }
        }
        if let opening {
            throw JinjaLexer.fault(
                opening.line, "'\(opening.word)' is never closed: expected '{% \(opening.ends.last ?? "") %}'")
        }
        return (nodes, "")
    }

    private mutating func statement(
        _ word: String, _ line: Int, _ parser: inout JinjaExpressionParser, _ opening: Opening?
    ) throws(Fault) -> TemplateNode {
        switch word {
        case "set": return try assignment(line, &parser)
        case "raw":
            try parser.expectEnd()
            return .text(try lexer.raw(line))
        case "if", "for":
            depth += 1
            guard depth <= Template.Limit.blockDepth else {
                throw parser.fault("blocks nested deeper than \(Template.Limit.blockDepth)")
            }
            defer { depth -= 1 }
            return word == "if" ? try branches(line, &parser) : try loop(line, &parser)
        case "elif", "else", "endif", "endfor", "endraw":
            let wanted =
                opening.map { "expected the end of '\($0.word)' in line \($0.line), '{% \($0.ends.last ?? "") %}'" }
                ?? "nothing is open here"
            throw parser.fault("'\(word)' has no beginning: \(wanted)")
        default: throw parser.fault("unknown tag '\(word.prefix(40))': expected if, for, set or raw")
        }
    }

    private mutating func assignment(
        _ line: Int, _ parser: inout JinjaExpressionParser
    ) throws(Fault) -> TemplateNode {
        let names = try targets(&parser, "a name behind 'set'")
        try parser.expect("=")
        let value = try parser.expression()
        try parser.expectEnd()
        var slots: [Int] = []
        for name in names { slots.append(scope.bind(name)) }
        return .assign(slots, value, line: line)
    }

    private func targets(_ parser: inout JinjaExpressionParser, _ what: String) throws(Fault) -> [String] {
        let isInParentheses = parser.take("(")
        var names = [try parser.name(what)]
        while parser.take(",") { names.append(try parser.name("a name behind ','")) }
        if isInParentheses { try parser.expect(")") }
        return names
    }

    private mutating func branches(_ line: Int, _ parser: inout JinjaExpressionParser) throws(Fault) -> TemplateNode {
        var found: [TemplateBranch] = []
        var parser = parser
        while true {
            let lineOfBranch = parser.line
            let condition = try parser.expression()
            try parser.expectEnd()
            let mark = scope.mark()
            let (nodes, end) = try body(Opening(word: "if", line: line, ends: ["elif", "else", "endif"]))
            scope.end(mark)
            found.append(TemplateBranch(condition: condition, line: lineOfBranch, body: nodes))
            parser = last
            if end == "elif" { continue }
            try parser.expectEnd()
            guard end == "else" else { return .branches(found, otherwise: []) }
            let otherwise = try ending(Opening(word: "if", line: line, ends: ["endif"]))
            return .branches(found, otherwise: otherwise)
        }
    }

    /// The last body of a block.
    private mutating func ending(_ opening: Opening) throws(Fault) -> [TemplateNode] {
        let mark = scope.mark()
        let (nodes, _) = try body(opening)
        scope.end(mark)
        try last.expectEnd()
        return nodes
    }

    private mutating func loop(_ line: Int, _ parser: inout JinjaExpressionParser) throws(Fault) -> TemplateNode {
        let names = try targets(&parser, "a name behind 'for'")
        guard parser.takeWord("in") else {
            throw parser.fault("expected 'in' behind 'for \(names.joined(separator: ", ").prefix(40))'")
        }
        let list = try parser.listOfLoop()
        let mark = parser.scope.mark()
        var slots: [Int] = []
        for name in names { slots.append(parser.scope.bind(name)) }
        let condition: TemplateExpression?
        if parser.takeWord("if") { condition = try parser.listOfLoop() } else { condition = nil }
        guard !parser.takeWord("recursive") else { throw parser.fault("'recursive' is not taken here") }
        try parser.expectEnd()
        scope.beginLoop()
        let (nodes, end) = try body(Opening(word: "for", line: line, ends: ["else", "endfor"]))
        try last.expectEnd()
        let loopSlot = scope.endLoop()
        scope.end(mark)
        let otherwise = end == "else" ? try ending(Opening(word: "for", line: line, ends: ["endfor"])) : []
        return .loop(
            TemplateLoop(
                targets: slots, list: list, condition: condition, loopSlot: loopSlot, body: nodes,
                otherwise: otherwise, line: line))
    }
}
