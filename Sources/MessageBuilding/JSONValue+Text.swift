import TextCodecs

// Answers of the relay: a value as it is written.
extension JSONValue {
    package static func int(_ value: some BinaryInteger) -> JSONValue { .number(String(value)) }
    /// - Parameter value: finite.
    package static func decimal(_ value: Double, _ digits: Int) -> JSONValue {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        return .number("\((value * scale).rounded() / scale)")
    }
    package static func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }

    /// Members whose value is null are left out.
    package static func members(_ members: KeyValuePairs<String, JSONValue>) -> JSONValue {
        .object(members.compactMap { $1 == .null ? nil : Member($0, $1) })
    }

    /// In one line.
    package var line: String {
        var out = ""
        write(to: &out)
        return out
    }

    private func write(to out: inout String) {
        switch self {
        case .null: out += "null"
        case .bool(let value): out += value ? "true" : "false"
        case .number(let text): out += text
        case .string(let text): out += JSONText.quoted(text)
        case .array(let items):
            out += "["
            for (index, item) in items.enumerated() {
                if index > 0 { out += "," }
                item.write(to: &out)
            }
            out += "]"
        case .object(let members):
            out += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { out += "," }
                out += JSONText.quoted(member.key) + ":"
                member.value.write(to: &out)
            }
            out += "}"
        }
    }
}
