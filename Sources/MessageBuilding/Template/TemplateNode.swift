/// A compiled template is a list of these.
enum TemplateNode: Sendable {
    case text(String)
    case output(TemplateExpression, isEscaped: Bool, line: Int)
    case branches([TemplateBranch], otherwise: [TemplateNode])
    case loop(TemplateLoop)
    case assign([Int], TemplateExpression, line: Int)
    case context(HandlebarsBlock)
}

struct TemplateBranch: Sendable {
    var condition: TemplateExpression
    var line: Int
    var body: [TemplateNode]
}

/// `{% for a, b in list if condition %}`.
struct TemplateLoop: Sendable {
    var targets: [Int]
    var list: TemplateExpression
    var condition: TemplateExpression?
    /// Where `loop` is kept, if the body mentions it.
    var loopSlot: Int?
    var body: [TemplateNode]
    var otherwise: [TemplateNode]
    var line: Int
}

/// A block of Handlebars that changes what `this` is.
struct HandlebarsBlock: Sendable {
    enum Kind: Sendable { case each, with, section, inverse }
    var kind: Kind
    var value: TemplateExpression
    var body: [TemplateNode]
    var otherwise: [TemplateNode]
    var line: Int
}

/// `../../a.b`, `this`, `@index`, `@root.a`.
struct HandlebarsPath: Sendable {
    enum Start: Sendable {
        /// In what is around too, if this has no such name.
        case anywhere
        case this(up: Int)
        case root
        case data(String, up: Int)
    }
    var start: Start
    var names: [String]
}

indirect enum TemplateExpression: Sendable {
    case literal(TemplateValue)
    /// Names that the template has not set itself: `a.b.c`.
    case path([String])
    /// A name that the template sets somewhere; where it is not set, it is looked for in the values.
    case local(Int, String)
    case list([TemplateExpression])
    case negative(TemplateExpression)
    case not(TemplateExpression)
    /// From left to right, each on what came out so far: no tree that grows with the number of operators.
    case operations(TemplateExpression, [TemplateOperation])
    case steps(TemplateExpression, [TemplateStep])
    case choice(TemplateExpression, condition: TemplateExpression, otherwise: TemplateExpression?)
    case handlebars(HandlebarsPath)
}

struct TemplateOperation: Sendable {
    enum Operator: Sendable {
        case or, and, equal, unequal, less, lessOrEqual, greater, greaterOrEqual, isIn, isNotIn
        case add, subtract, join, multiply, divide, divideWhole, remainder

        var isComparison: Bool {
            switch self {
            case .equal, .unequal, .less, .lessOrEqual, .greater, .greaterOrEqual, .isIn, .isNotIn: true
            default: false
            }
        }
    }
    var kind: Operator
    var right: TemplateExpression
}

/// What stands behind a value.
enum TemplateStep: Sendable {
    case member(String)
    case index(TemplateExpression)
    case filter(TemplateFilter, [TemplateExpression?])
    case test(TemplateTest, TemplateExpression?, isNegated: Bool)
}

/// `x is …`.
enum TemplateTest: String, Sendable, CaseIterable {
    case defined, undefined, none, string, number, integer, float, boolean, sequence, mapping, iterable, odd, even
    case `true`, `false`, equal = "eq", equalto, unequal = "ne", divisibleby, isIn = "in"

    var hasArgument: Bool {
        switch self {
        case .equal, .equalto, .unequal, .divisibleby, .isIn: true
        default: false
        }
    }
}
