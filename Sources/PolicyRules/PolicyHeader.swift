import MailTypes

/// The fields of a message's header that rules ask for (RFC 5322 §2.2), unfolded.
package struct PolicyHeader: Sendable, Hashable {
    /// Octets of a header that are looked at; what stands behind them is as good as not there.
    package static let most = 64 << 10
    /// Octets of one field's text that are looked at.
    package static let longestValue = 4_096
    /// Fields that are kept.
    package static let mostFields = 1_000

    /// In their order; names in lower case.
    private var fields: [(name: String, value: String)] = []

    package init() {}

    /// - Parameters:
    ///   - bytes: a header, with or without what follows it.
    ///   - wanted: names in lower case; others are passed over.
    package init(_ bytes: [UInt8], wanted: Set<String>) {
        for field in Self.fields(of: bytes) where wanted.contains(field.name) {
            guard fields.count < Self.mostFields else { return }
            fields.append((field.name, Self.text(bytes[field.value])))
        }
    }

    /// Fields with the names as they are written, in their order.
    /// - Parameter isWanted: asked with the name in lower case.
    package static func fields(
        of bytes: [UInt8], where isWanted: (String) -> Bool
    ) -> [(name: String, value: String)] {
        fields(of: bytes).filter { isWanted($0.name) }.prefix(mostFields).map { field in
            let name = bytes[field.whole.lowerBound..<field.value.lowerBound - 1]
            return (String(decoding: name.prefix { $0 > 0x20 }, as: UTF8.self), text(bytes[field.value]))
        }
    }

    /// What `mta policy test --header` says.
    package init(_ fields: [(name: String, value: String)]) {
        self.fields = fields.prefix(Self.mostFields).map { ($0.name.lowercased(), $0.value) }
    }

    /// The texts of all fields of this name.
    package func values(_ name: String) -> [String] {
        let name = name.lowercased()
        return fields.filter { $0.name == name }.map(\.value)
    }

    /// The header without fields of these names (lower case), nil if there are none. What follows the header stays.
    package static func removing(_ names: Set<String>, from bytes: [UInt8]) -> [UInt8]? {
        let removed = fields(of: bytes).filter { names.contains($0.name) }
        guard !removed.isEmpty else { return nil }
        var kept: [UInt8] = []
        kept.reserveCapacity(bytes.count)
        var at = 0
        for field in removed {
            kept += bytes[at..<field.whole.lowerBound]
            at = field.whole.upperBound
        }
        return kept + bytes[at...]
    }

    package static func == (a: Self, b: Self) -> Bool { a.fields.elementsEqual(b.fields) { $0 == $1 } }
    package func hash(into hasher: inout Hasher) { for field in fields { hasher.combine(field.value) } }

    // MARK: Lines

    private struct Field {
        /// Lower case.
        var name: String
        var value: Range<Int>
        /// With its line ends.
        var whole: Range<Int>
    }

    /// Up to the blank line or ``most``; a field that is cut off there is none, nor is a last line without an end.
    private static func fields(of bytes: [UInt8]) -> [Field] {
        var found: [Field] = []
        for line in HeaderWalk(bytes) {
            let end = line.whole.upperBound
            // At the end of what is looked at nobody knows whether the field goes on.
            guard end < most || bytes.count <= most, bytes[end - 1] == 0x0A else { break }
            guard let name = line.name else { continue }
            let text = String(decoding: bytes[name].map(lowerCase), as: UTF8.self)
            found.append(Field(name: text, value: line.value, whole: line.whole))
        }
        return found
    }

    /// Unfolded (RFC 5322 §2.2.3), without blanks at both ends.
    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        var text = bytes.prefix(longestValue).filter { $0 != 0x0D && $0 != 0x0A }[...]
        while let first = text.first, first == 0x20 || first == 0x09 { text.removeFirst() }
        while let last = text.last, last == 0x20 || last == 0x09 { text.removeLast() }
        return String(decoding: text, as: UTF8.self)
    }
}
