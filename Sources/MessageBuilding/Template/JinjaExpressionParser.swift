/// Reads the expression in a tag. Depth is counted wherever one expression contains another; operators of one level, and
/// filters, are lists.
struct JinjaExpressionParser {
    typealias Fault = Template.Fault

    private let tokens: [JinjaLexer.Token]
    private var index = 0
    private var depth = 0
    let scope: JinjaScope

    /// - Parameter tokens: the last one is the end.
    init(_ tokens: [JinjaLexer.Token], _ scope: JinjaScope) {
        self.tokens = tokens
        self.scope = scope
    }

    var line: Int { tokens[index].line }

    func fault(_ text: String) -> Fault { JinjaLexer.fault(line, text) }

    // MARK: Tokens

    private var kind: JinjaLexer.Token.Kind { tokens[index].kind }

    private mutating func advance() { if index + 1 < tokens.count { index += 1 } }

    mutating func take(_ symbol: String) -> Bool {
        guard kind == .symbol(symbol) else { return false }
        advance()
        return true
    }

    mutating func takeWord(_ word: String) -> Bool {
        guard kind == .name(word) else { return false }
        advance()
        return true
    }

    mutating func expect(_ symbol: String) throws(Fault) {
        guard take(symbol) else { throw fault("expected '\(symbol)', found \(tokens[index].description)") }
    }

    mutating func name(_ what: String) throws(Fault) -> String {
        guard case .name(let name) = kind else {
            throw fault("expected \(what), found \(tokens[index].description)")
        }
        advance()
        return name
    }

    mutating func expectEnd() throws(Fault) {
        guard kind == .end else { throw fault("expected the end of the tag, found \(tokens[index].description)") }
    }

    // MARK: Expressions

    private mutating func enter() throws(Fault) {
        depth += 1
        guard depth <= Template.Limit.expressionDepth else {
            throw fault("expressions nested deeper than \(Template.Limit.expressionDepth)")
        }
    }

    mutating func expression() throws(Fault) -> TemplateExpression {
        try enter()
        defer { depth -= 1 }
        let value = try operations(0)
        guard takeWord("if") else { return value }
        let condition = try operations(0)
        let otherwise: TemplateExpression?
        if takeWord("else") { otherwise = try expression() } else { otherwise = nil }
        return .choice(value, condition: condition, otherwise: otherwise)
    }

    /// Without `x if y`, whose `if` would be the loop's.
    mutating func listOfLoop() throws(Fault) -> TemplateExpression { try operations(0) }

    private static let symbols: [String: (TemplateOperation.Operator, Int)] = [
        "==": (.equal, 3), "!=": (.unequal, 3), "<": (.less, 3), "<=": (.lessOrEqual, 3), ">": (.greater, 3),
        ">=": (.greaterOrEqual, 3), "+": (.add, 4), "-": (.subtract, 4), "~": (.join, 5), "*": (.multiply, 6),
        "/": (.divide, 6), "//": (.divideWhole, 6), "%": (.remainder, 6),
    ]

    /// The operator here and how tightly it binds; nil where there is none.
    private func nextOperator() -> (TemplateOperation.Operator, Int, tokens: Int)? {
        switch kind {
        case .symbol(let symbol): return Self.symbols[symbol].map { ($0.0, $0.1, 1) }
        case .name("or"): return (.or, 0, 1)
        case .name("and"): return (.and, 1, 1)
        case .name("in"): return (.isIn, 3, 1)
        case .name("not"):
            return index + 1 < tokens.count && tokens[index + 1].kind == .name("in") ? (.isNotIn, 3, 2) : nil
        default: return nil
        }
    }

    /// Operators that bind at least so tightly.
    private mutating func operations(_ minimum: Int) throws(Fault) -> TemplateExpression {
        let first = try operand(minimum)
        var found: [TemplateOperation] = []
        while let (kind, level, count) = nextOperator(), level >= minimum {
            for _ in 0..<count { advance() }
            found.append(TemplateOperation(kind: kind, right: try operations(level + 1)))
        }
        return found.isEmpty ? first : .operations(first, found)
    }

    private mutating func operand(_ minimum: Int) throws(Fault) -> TemplateExpression {
        guard takeWord("not") else { return try signed() }
        try enter()
        defer { depth -= 1 }
        return .not(try operations(2))
    }

    private mutating func signed() throws(Fault) -> TemplateExpression {
        let isNegative = take("-")
        guard isNegative, kind == .symbol("-") || kind == .name("not") else {
            let value = try members(try primary())
            return try filters(isNegative ? .negative(value) : value)
        }
        try enter()
        defer { depth -= 1 }
        return .negative(try signed())
    }

    private mutating func primary() throws(Fault) -> TemplateExpression {
        let token = tokens[index]
        switch token.kind {
        case .number(let text):
            advance()
            guard let number = TemplateNumber(text) else { throw fault("'\(text.prefix(40))' is no number") }
            return .literal(.number(number))
        case .text(let text):
            advance()
            return .literal(.text(text))
        case .name(let name):
            guard !Self.reserved.contains(name) else { throw fault("expected a value, found '\(name)'") }
            advance()
            return Self.constants[name].map { .literal($0) } ?? scope.read(name)
        case .symbol("("):
            advance()
            let value = try expression()
            if take(",") { return .list([value] + (try items(")"))) }
            try expect(")")
            return value
        case .symbol("["):
            advance()
            return .list(try items("]"))
        default: throw fault("expected a value, found \(token.description)")
        }
    }

    private static let reserved: Set<String> = ["and", "or", "in", "is", "if", "else", "not"]
    private static let constants: [String: TemplateValue] = [
        "true": .bool(true), "True": .bool(true), "false": .bool(false), "False": .bool(false), "none": .json(.null),
        "None": .json(.null),
    ]

    private mutating func items(_ end: String) throws(Fault) -> [TemplateExpression] {
        var items: [TemplateExpression] = []
        while !take(end) {
            items.append(try expression())
            guard take(",") || kind == .symbol(end) else {
                throw fault("expected ',' or '\(end)', found \(tokens[index].description)")
            }
        }
        return items
    }

    // MARK: Behind a value

    private mutating func members(_ base: TemplateExpression) throws(Fault) -> TemplateExpression {
        var names: [String] = []
        if case .path(let first) = base { names = first }
        var steps: [TemplateStep] = []
        while true {
            if take(".") {
                let name = try memberName()
                if take("(") {
                    steps.append(try method(name))
                } else if steps.isEmpty, !names.isEmpty {
                    names.append(name)
                } else {
                    steps.append(.member(name))
                }
            } else if take("[") {
                let index = try expression()
                guard kind != .symbol(":") else { throw fault("slices such as x[1:2] are not taken here") }
                try expect("]")
                steps.append(.index(index))
            } else if kind == .symbol("(") {
                throw fault("functions cannot be called here, only filters")
            } else {
                let base = names.isEmpty ? base : .path(names)
                return steps.isEmpty ? base : .steps(base, steps)
            }
        }
    }

    private mutating func memberName() throws(Fault) -> String {
        if case .number(let text) = kind {
            advance()
            return text
        }
        return try name("a name behind '.'")
    }

    /// The methods of Python that are filters here.
    private mutating func method(_ name: String) throws(Fault) -> TemplateStep {
        guard let filter = TemplateFilter.methods[name] else {
            let known = TemplateFilter.methods.keys.sorted().joined(separator: ", ")
            throw fault("unknown method '\(name.prefix(40))': expected one of \(known)")
        }
        return try step(filter, try arguments(filter))
    }

    private mutating func filters(_ base: TemplateExpression) throws(Fault) -> TemplateExpression {
        var steps: [TemplateStep] = []
        while true {
            if take("|") {
                let name = try name("a filter behind '|'")
                guard let filter = TemplateFilter(name: name) else {
                    throw fault("unknown filter '\(name.prefix(40))': expected one of \(TemplateFilter.known)")
                }
                steps.append(try step(filter, take("(") ? try arguments(filter) : []))
            } else if takeWord("is") {
                steps.append(try test())
            } else if !steps.isEmpty, kind == .symbol(".") || kind == .symbol("[") {
                throw fault("expected parentheses around what is filtered before \(tokens[index].description)")
            } else {
                return steps.isEmpty ? base : .steps(base, steps)
            }
        }
    }

    private func step(_ filter: TemplateFilter, _ given: [TemplateExpression?]) throws(Fault) -> TemplateStep {
        guard filter != .replace || given.compactMap({ $0 }).count == 2 else {
            throw fault("filter 'replace': expected what is replaced and by what")
        }
        return .filter(filter, given)
    }

    /// By place or by name, up to `)`.
    private mutating func arguments(_ filter: TemplateFilter) throws(Fault) -> [TemplateExpression?] {
        let names = filter.parameters
        var given: [TemplateExpression?] = []
        while !take(")") {
            var place = given.count
            if case .name(let name) = kind, index + 1 < tokens.count, tokens[index + 1].kind == .symbol("=") {
                guard let found = names.firstIndex(of: name) else {
                    throw fault("filter '\(filter)' has no argument '\(name.prefix(40))'")
                }
                place = found
                advance()
                advance()
            }
            guard place < names.count else {
                throw fault("filter '\(filter)': expected at most \(names.count) arguments")
            }
            while given.count <= place { given.append(nil) }
            given[place] = try expression()
            guard take(",") || kind == .symbol(")") else {
                throw fault("expected ',' or ')', found \(tokens[index].description)")
            }
        }
        return given
    }

    private mutating func test() throws(Fault) -> TemplateStep {
        let isNegated = takeWord("not")
        let name = try name("a test behind 'is'")
        let lowered = ["True": "true", "False": "false", "None": "none"][name] ?? name
        guard let test = TemplateTest(rawValue: lowered) else {
            let known = TemplateTest.allCases.map(\.rawValue).joined(separator: ", ")
            throw fault("unknown test '\(name.prefix(40))': expected one of \(known)")
        }
        guard test.hasArgument else { return .test(test, nil, isNegated: isNegated) }
        try enter()
        defer { depth -= 1 }
        return .test(test, try members(try primary()), isNegated: isNegated)
    }
}
