/// A text with places to be filled: `{{ name }}`, `{{ a.b | upper | default("x") }}`. What is not given renders empty, as
/// it does in Jinja. Compiled once a request, rendered for each recipient.
package struct Template: Sendable {
    package enum Dialect: String, Sendable { case jinja = "Jinja", fixed = "Static", handlebars = "Handlebars" }

    package struct Fault: Error, Equatable, Sendable {
        package var text: String
    }

    private enum Part: Sendable {
        case text(String)
        case value(path: [String], filters: [Filter], isEscaped: Bool)
    }
    private enum Filter: Sendable {
        case upper, lower, trim, escape, safe
        case fallback(String)
    }
    private let parts: [Part]

    /// Nothing in it depends on the recipient.
    package var isConstant: Bool {
        parts.allSatisfy { if case .text = $0 { true } else { false } }
    }

    /// - Parameter isHTML: values are escaped.
    package init(_ source: String, _ dialect: Dialect, isHTML: Bool = false) throws(Fault) {
        guard dialect != .fixed, source.utf8.contains(0x7B) else {
            parts = [.text(source)]
            return
        }
        var found: [Part] = []
        var rest = source[...]
        while let open = Self.nextTag(rest) {
            if open > rest.startIndex { found.append(.text(String(rest[..<open]))) }
            rest = rest[open...]
            if let part = try Self.tag(&rest, dialect, isHTML) { found.append(part) }
        }
        if !rest.isEmpty { found.append(.text(String(rest))) }
        parts = found
    }

    private static func nextTag(_ text: Substring) -> String.Index? {
        var index = text.startIndex
        while let brace = text[index...].firstIndex(of: "{") {
            let next = text.index(after: brace)
            guard next < text.endIndex else { return nil }
            if text[next] == "{" || text[next] == "%" || text[next] == "#" { return brace }
            index = next
        }
        return nil
    }

    /// Takes one tag off the front.
    private static func tag(_ rest: inout Substring, _ dialect: Dialect, _ isHTML: Bool) throws(Fault) -> Part? {
        let isTriple = dialect == .handlebars && rest.hasPrefix("{{{")
        let (open, close) =
            isTriple
            ? ("{{{", "}}}") : rest.hasPrefix("{{") ? ("{{", "}}") : rest.hasPrefix("{%") ? ("{%", "%}") : ("{#", "#}")
        // Behind the opening: the two share an octet in `{#}`.
        var inner = rest.dropFirst(open.count)
        guard let end = inner.firstRange(of: close) else { throw Fault(text: "'\(open)' without '\(close)'") }
        inner = inner[..<end.lowerBound]
        rest = rest[end.upperBound...]
        if open == "{#" || (dialect == .handlebars && inner.hasPrefix("!")) { return nil }
        inner = trimmed(inner)
        if open == "{%" || "#/^>&".contains(inner.first ?? " ") {
            throw Fault(text: "statements such as '\(inner.prefix(40))' are not taken here, only values")
        }
        return try value(inner, isEscaped: isHTML && !isTriple)
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0.isWhitespace || $0 == "-" }
        while let last = text.last, last.isWhitespace || last == "-" { text.removeLast() }
        return text
    }

    private static func value(_ inner: Substring, isEscaped: Bool) throws(Fault) -> Part {
        let words = inner.split(separator: "|", omittingEmptySubsequences: false).map { trimmed($0) }
        let path = words[0].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard path.allSatisfy({ !$0.isEmpty && $0.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" } }) else {
            throw Fault(text: "'\(inner.prefix(40))': expected a name such as name or user.name")
        }
        var filters: [Filter] = []
        var isEscaped = isEscaped
        for word in words.dropFirst() {
            switch word {
            case "upper": filters.append(.upper)
            case "lower": filters.append(.lower)
            case "trim": filters.append(.trim)
            case "escape", "e":
                filters.append(.escape)
                isEscaped = false
            case "safe": isEscaped = false
            default: filters.append(.fallback(try fallback(word)))
            }
        }
        return .value(path: path, filters: filters, isEscaped: isEscaped)
    }

    /// `default("text")`.
    private static func fallback(_ word: Substring) throws(Fault) -> String {
        guard word.hasPrefix("default("), word.hasSuffix(")") else {
            throw Fault(
                text: "filter '\(word.prefix(40))': expected upper, lower, trim, escape, safe or default(\"…\")")
        }
        let inner = word.dropFirst(8).dropLast()
        guard inner.count >= 2, let quote = inner.first, quote == "\"" || quote == "'", inner.last == quote else {
            throw Fault(text: "default(\(inner.prefix(40))): expected a text in quotes")
        }
        return String(inner.dropFirst().dropLast())
    }

    /// - Parameter values: looked through in turn, the first that has the name wins.
    package func render(_ values: [JSONValue]) -> String {
        var out = ""
        for part in parts {
            switch part {
            case .text(let text): out += text
            case .value(let path, let filters, let isEscaped):
                var text = Self.text(path, values)
                for filter in filters { text = Self.apply(filter, text) }
                out += isEscaped ? Self.escaped(text ?? "") : text ?? ""
            }
        }
        return out
    }

    private static func text(_ path: [String], _ values: [JSONValue]) -> String? {
        for value in values {
            var found: JSONValue? = value
            for name in path { found = found?[name] }
            switch found {
            case .string(let text)?: return text
            case .number(let text)?: return text
            case .bool(let flag)?: return flag ? "true" : "false"
            case nil, .null?, .array?, .object?: continue
            }
        }
        return nil
    }

    private static func apply(_ filter: Filter, _ text: String?) -> String? {
        switch filter {
        case .upper: text?.uppercased()
        case .lower: text?.lowercased()
        case .trim: text.map { String(trimmed($0[...])) }
        case .escape: text.map(escaped)
        case .safe: text
        case .fallback(let other): text ?? other
        }
    }

    private static func escaped(_ text: String) -> String {
        var out = ""
        for character in text {
            switch character {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case "'": out += "&#x27;"
            default: out.append(character)
            }
        }
        return out
    }
}
