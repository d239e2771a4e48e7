package import MessageBuilding

/// Which events somebody wants to see: `KEY=VALUE`, or `KEY~PART` for a part of the value. A key names a field, or one in a
/// field (`response.code`); of several values, as of recipients, one has to fit.
package struct EventFilter: Sendable, Hashable {
    package let key: String
    package let value: String
    /// The value may be a part.
    package let isPart: Bool

    /// - Returns: nil for what is no filter.
    package init?(_ text: String) {
        guard let mark = text.firstIndex(where: { $0 == "=" || $0 == "~" }), mark > text.startIndex else { return nil }
        key = String(text[..<mark])
        value = String(text[text.index(after: mark)...])
        isPart = text[mark] == "~"
    }

    package static let form = "KEY=VALUE, or KEY~PART, such as type=Delivery or response.content~spam"

    /// Upper and lower case are the same.
    package func fits(_ event: JSONValue) -> Bool {
        var field: JSONValue? = event
        for part in key.split(separator: ".") { field = field?[String(part)] }
        switch field {
        case nil, .null?: return value.isEmpty && !isPart
        case .array(let items)?: return items.contains(where: fitsValue)
        case let one?: return fitsValue(one)
        }
    }

    private func fitsValue(_ one: JSONValue) -> Bool {
        let text =
            switch one {
            case .string(let text), .number(let text): text.lowercased()
            case .bool(let flag): flag ? "true" : "false"
            default: one.line.lowercased()
            }
        return isPart ? text.contains(value.lowercased()) : text == value.lowercased()
    }
}
