/// `name=value; name=value` of DKIM and its kin (RFC 6376 §3.2).
package struct TagList: Sendable, Hashable {
    /// A tag and where its value stands, blanks around it aside.
    struct Tag: Sendable, Hashable {
        var name: String
        var value: String
    }

    /// Octets of a list that is looked at; longer ones are none.
    package static let most = 16 << 10
    /// Tags that a list has: each is compared with all before it.
    package static let mostTags = 100

    let tags: [Tag]

    /// - Returns: nil for what is no list, or has a tag twice.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count <= Self.most else { return nil }
        var found: [Tag] = []
        var parts = Array(bytes).split(separator: 0x3B, omittingEmptySubsequences: false).map(Self.trimmed)
        if parts.last?.isEmpty ?? false { parts.removeLast() }
        guard parts.count <= Self.mostTags else { return nil }
        for part in parts {
            guard let equals = part.firstIndex(of: 0x3D) else { return nil }
            let name = Self.trimmed(part[..<equals])
            let value = Self.trimmed(part[(equals + 1)...])
            guard Self.isName(name), value.allSatisfy(Self.mayStandInValue) else { return nil }
            let text = String(decoding: name, as: UTF8.self)
            guard !found.contains(where: { $0.name == text }) else { return nil }
            found.append(Tag(name: text, value: String(decoding: value, as: UTF8.self)))
        }
        tags = found
    }

    package init?(_ text: String) { self.init(text.utf8) }

    package subscript(name: String) -> String? { tags.first { $0.name == name }?.value }

    /// The value without any blanks: base64, lists with folding in them.
    package func compact(_ name: String) -> String? {
        self[name].map { String(decoding: $0.utf8.filter { !Self.isBlank($0) }, as: UTF8.self) }
    }

    /// Items between colons, without blanks, lower case.
    func items(_ name: String) -> [String]? {
        compact(name)?.lowercased().split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    }

    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A }

    static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var rest = bytes.drop(while: isBlank)
        while let last = rest.last, isBlank(last) { rest.removeLast() }
        return rest
    }

    private static func isName(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let first = bytes.first, isLetter(first) else { return false }
        return bytes.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }

    /// Printable ASCII without `;`, and folding; octets of other alphabets stand in keys' notes.
    private static func mayStandInValue(_ byte: UInt8) -> Bool { byte > 0x20 && byte != 0x7F || isBlank(byte) }
}

/// A whole number of decimal digits, without a sign.
enum DecimalNumber {
    /// - Parameter digits: at most so many.
    /// - Returns: nil if it is none; ``Int/max`` if there is no room for it.
    static func read(_ text: some StringProtocol, digits: Int) -> Int? {
        guard (1...digits).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text) ?? .max
    }
}
