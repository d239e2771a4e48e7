/// What an expression comes to.
enum TemplateValue: Sendable {
    case undefined
    case json(JSONValue)
    /// Text that is not escaped again.
    case safe(String)

    static func text(_ text: String) -> TemplateValue { .json(.string(text)) }
    static func bool(_ flag: Bool) -> TemplateValue { .json(.bool(flag)) }
    static func number(_ number: TemplateNumber) -> TemplateValue { .json(.number(number.text)) }

    var json: JSONValue? {
        switch self {
        case .undefined: nil
        case .json(let value): value
        case .safe(let text): .string(text)
        }
    }

    var isSafe: Bool { if case .safe = self { true } else { false } }

    var isUndefined: Bool { if case .undefined = self { true } else { false } }

    /// Only if it is text.
    var string: String? {
        switch self {
        case .safe(let text), .json(.string(let text)): text
        default: nil
        }
    }

    /// Only if it is a number, or true or false, which count as 1 and 0.
    var number: TemplateNumber? {
        switch self {
        case .json(.number(let text)): TemplateNumber(text)
        case .json(.bool(let flag)): .integer(flag ? 1 : 0)
        default: nil
        }
    }

    var isTrue: Bool {
        switch self {
        case .undefined, .json(.null): false
        case .safe(let text), .json(.string(let text)): !text.isEmpty
        case .json(.bool(let flag)): flag
        case .json(.number(let text)): TemplateNumber(text)?.double != 0
        case .json(.array(let items)): !items.isEmpty
        case .json(.object(let members)): !members.isEmpty
        }
    }

    /// As it reads in a sentence.
    var kind: String { json?.kind ?? "nothing" }

    /// Order of values that are no numbers and no texts both.
    var rank: Int {
        switch self {
        case .undefined: 0
        case .json(.null): 1
        case .json(.bool): 2
        case .json(.number): 3
        case .safe, .json(.string): 4
        case .json(.array): 5
        case .json(.object): 6
        }
    }

    func member(_ name: String) -> TemplateValue {
        switch self {
        case .json(.object):
            if let found = json?[name] { return .json(found) }
        case .json(.array(let items)):
            if let index = Int(name), items.indices.contains(index) { return .json(items[index]) }
        default: break
        }
        return .undefined
    }
}

/// Whole numbers stay whole, as in Jinja.
enum TemplateNumber: Sendable {
    case integer(Int128)
    case real(Double)

    init?(_ text: String) {
        if let whole = Int128(text) {
            self = .integer(whole)
        } else if let real = Double(text) {
            self = .real(real)
        } else {
            return nil
        }
    }

    var double: Double {
        switch self {
        case .integer(let whole): Double(whole)
        case .real(let real): real
        }
    }

    /// Nil where it does not fit.
    var int: Int? {
        switch self {
        case .integer(let whole): Int(exactly: whole)
        case .real(let real): Int(exactly: real.rounded(.towardZero))
        }
    }

    /// `2`, `2.0`, `0.0000001`: never with an exponent, as minijinja writes them.
    var text: String {
        switch self {
        case .integer(let whole): return String(whole)
        case .real(let real):
            if real.isNaN { return "NaN" }
            if real.isInfinite { return real < 0 ? "-inf" : "inf" }
            let short = real.description
            guard let mark = short.firstIndex(of: "e") else { return short }
            return Self.spelled(short[..<mark], exponent: Int(short[short.index(after: mark)...]) ?? 0)
        }
    }

    private static func spelled(_ mantissa: Substring, exponent: Int) -> String {
        let sign = mantissa.hasPrefix("-") ? "-" : ""
        let parts = mantissa.drop { $0 == "-" }.split(separator: ".")
        let fraction = parts.count > 1 && parts[1] != "0" ? String(parts[1]) : ""
        let digits = String(parts[0]) + fraction
        let point = parts[0].count + exponent
        if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
        if point >= digits.count {
            return sign + digits + String(repeating: "0", count: point - digits.count) + ".0"
        }
        return sign + digits.prefix(point) + "." + digits.dropFirst(point)
    }

    static func isLess(_ left: TemplateNumber, _ right: TemplateNumber) -> Bool {
        if case .integer(let one) = left, case .integer(let other) = right { return one < other }
        return left.double < right.double
    }

    static func isEqual(_ left: TemplateNumber, _ right: TemplateNumber) -> Bool {
        if case .integer(let one) = left, case .integer(let other) = right { return one == other }
        return left.double == right.double
    }

    /// Nil where there is no result: of a division by nothing, or where it fits nowhere.
    static func result(
        _ kind: TemplateOperation.Operator, _ left: TemplateNumber, _ right: TemplateNumber
    ) -> TemplateNumber? {
        if case .integer(let one) = left, case .integer(let other) = right, kind != .divide {
            return whole(kind, one, other).map { .integer($0) }
        }
        let (one, other) = (left.double, right.double)
        switch kind {
        case .add: return .real(one + other)
        case .subtract: return .real(one - other)
        case .multiply: return .real(one * other)
        case .divide: return other == 0 ? nil : .real(one / other)
        case .divideWhole: return other == 0 ? nil : .real((one - euclidean(one, other)) / other)
        case .remainder: return other == 0 ? nil : .real(euclidean(one, other))
        default: return nil
        }
    }

    private static func euclidean(_ left: Double, _ right: Double) -> Double {
        let rest = left.truncatingRemainder(dividingBy: right)
        return rest < 0 ? rest + right.magnitude : rest
    }

    /// Division is Euclidean, as in minijinja: the remainder is never negative.
    private static func whole(_ kind: TemplateOperation.Operator, _ left: Int128, _ right: Int128) -> Int128? {
        func checked(_ result: (partialValue: Int128, overflow: Bool)) -> Int128? {
            result.overflow ? nil : result.partialValue
        }
        switch kind {
        case .add: return checked(left.addingReportingOverflow(right))
        case .subtract: return checked(left.subtractingReportingOverflow(right))
        case .multiply: return checked(left.multipliedReportingOverflow(by: right))
        case .divideWhole, .remainder:
            guard let quotient = checked(left.dividedReportingOverflow(by: right)) else { return nil }
            let rest = left - quotient * right
            let isNegative = rest < 0
            if kind == .remainder { return isNegative ? (right < 0 ? rest - right : rest + right) : rest }
            return isNegative ? (right > 0 ? quotient - 1 : quotient + 1) : quotient
        default: return nil
        }
    }
}
