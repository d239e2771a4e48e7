/// The filters of Jinja, and what they are given.
enum TemplateFilter: String, Sendable, CaseIterable {
    case abs, capitalize, `default`, dictsort, escape, first, float, int, items, join, keys, last, length, list, lower
    case max, min, pluralize, replace, reverse, round, safe, sort, string, sum, title, tojson, trim, truncate, unique,
        upper
    case urlencode, values

    init?(name: String) {
        let long = ["d": "default", "e": "escape", "count": "length"][name] ?? name
        guard let filter = TemplateFilter(rawValue: long), filter != .keys, filter != .values else { return nil }
        self = filter
    }

    /// For those who wrote another.
    static let known = allCases.filter { $0 != .keys && $0 != .values }.map(\.rawValue).joined(separator: ", ")

    /// Methods that minijinja's compatibility with Python knows.
    static let methods: [String: TemplateFilter] = [
        "capitalize": .capitalize, "items": .items, "keys": .keys, "lower": .lower, "replace": .replace, "strip": .trim,
        "title": .title, "upper": .upper, "values": .values,
    ]

    /// In order; each may be left out, and given by its name.
    var parameters: [String] {
        switch self {
        case .default: ["default_value", "boolean"]
        case .float, .int: ["default"]
        case .join: ["d"]
        case .pluralize: ["singular", "plural"]
        case .replace: ["old", "new"]
        case .round: ["precision", "method"]
        case .sort: ["reverse", "case_sensitive", "attribute"]
        case .tojson: ["indent"]
        case .trim: ["chars"]
        case .truncate: ["length", "killwords", "end", "leeway"]
        case .unique: ["case_sensitive", "attribute"]
        default: []
        }
    }
}
