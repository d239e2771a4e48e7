import MTAConfiguration
package import Measures

/// A name, or all names below one: `mx.example.org`, `.example.org`. Lower case.
package struct NameSuffix: Hashable, Sendable, ConfigurationValue {
    package let text: String
    package static var form: String { "name, or .suffix" }
    package init(written text: String) throws(UnitFault) {
        let name = text.hasPrefix(".") ? String(text.dropFirst()) : text
        guard let checked = try? DomainName(written: name), !name.hasPrefix("."), !name.hasSuffix("."),
            !name.contains("..")
        else {
            throw UnitFault("expected a name such as mx.example.org, or .example.org for all that is below it")
        }
        self.text = text.hasPrefix(".") ? "." + checked.text : checked.text
    }
    package var written: String { text }

    var isSuffix: Bool { text.hasPrefix(".") }

    /// More labels are said more narrowly, and a whole name most of all.
    var weight: Int { text.split(separator: ".").count * 2 + (isSuffix ? 0 : 1) }

    /// What a name is looked up by: itself, then what it is below, the nearest first.
    ///
    ///     mx1.google.com    mx1.google.com, .google.com, .com
    static func candidates(_ name: String) -> [String] {
        var found = [name]
        var rest = name[...]
        while let dot = rest.firstIndex(of: ".") {
            found.append(String(rest[dot...]))
            rest = rest[rest.index(after: dot)...]
        }
        return found
    }
}
