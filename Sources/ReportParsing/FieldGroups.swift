/// The body of message/delivery-status: groups of fields with empty lines between (RFC 3464 §2.1).
enum FieldGroups {
    static func read(_ bytes: ArraySlice<UInt8>) -> [HeaderFields] {
        var groups: [HeaderFields] = []
        var rest = bytes
        while !rest.isEmpty, groups.count <= ReportLimits.recipients {
            let end = HeaderFields.end(of: rest)
            let fields = HeaderFields(rest[rest.startIndex..<end.header])
            if !fields.isEmpty { groups.append(fields) }
            rest = rest[end.body...]
        }
        return groups
    }
}

/// `type; value`, as reports name addresses, hosts and codes.
package struct TypedText: Sendable, Hashable {
    /// `rfc822`, `utf-8`, `dns`, `smtp`, `x-…`, lower case; empty: none was given.
    package var type: String
    package var value: String

    package init(type: String, value: String) {
        self.type = type
        self.value = value
    }

    /// Nil: there is nothing.
    init?(_ field: String?) {
        guard let field, !field.isEmpty else { return nil }
        let semicolon = field.prefix(64).firstIndex(of: ";")
        type = semicolon.map { field[..<$0].trimmingBlanks.lowercased() } ?? ""
        value = semicolon.map { field[field.index(after: $0)...].trimmingBlanks } ?? field
        guard !value.isEmpty else { return nil }
    }

    /// As an address: without `<>`; international ones in the form that needs UTF-8 nowhere are decoded
    /// (RFC 6533 §3: `utf-8; \x{6771}@y.test`).
    package var address: String {
        var text = value
        if text.hasPrefix("<"), text.hasSuffix(">") { text = String(text.dropFirst().dropLast()) }
        guard type == "utf-8", text.utf8.contains(0x5C) else { return text }
        var out = ""
        var rest = text[...]
        while let next = rest.first {
            if rest.hasPrefix("\\x{"), let end = rest.firstIndex(of: "}"),
                let scalar = UInt32(rest[rest.index(rest.startIndex, offsetBy: 3)..<end], radix: 16)
                    .flatMap(Unicode.Scalar.init)
            {
                out.unicodeScalars.append(scalar)
                rest = rest[rest.index(after: end)...]
            } else {
                out.append(next)
                rest = rest.dropFirst()
            }
        }
        return out
    }
}
