package import DKIMSigning
import MailTypes

/// The Authentication-Results field of a message (RFC 8601).
package struct AuthenticationResults: Sendable, Hashable {
    /// One result: `spf=pass (why) smtp.mailfrom=x.test`.
    package struct Entry: Sendable, Hashable {
        package var method: String
        package var outcome: AuthenticationOutcome
        package var comment: String
        /// Such as `header.d` and its value.
        package var properties: [(name: String, value: String)]

        package init(
            _ method: String, _ outcome: AuthenticationOutcome, _ comment: String = "",
            _ properties: [(name: String, value: String)] = []
        ) {
            self.method = method
            self.outcome = outcome
            self.comment = comment
            self.properties = properties.filter { !$0.value.isEmpty }
        }

        package static func == (a: Self, b: Self) -> Bool { a.text == b.text }
        package func hash(into hasher: inout Hasher) { hasher.combine(text) }

        /// As it stands in the field.
        package var text: String { parts.joined(separator: " ") }

        /// The same, and no line of it is longer than lines may be, whatever strangers have called things.
        fileprivate var folded: String {
            let text = text
            return text.utf8.count > AuthenticationResults.longestLine ? parts.joined(separator: "\r\n\t ") : text
        }

        private var parts: [String] {
            var parts = ["\(method)=\(outcome.rawValue)"]
            if !comment.isEmpty { parts.append("(\(AuthenticationResults.commentText(comment)))") }
            for property in properties {
                parts.append("\(property.name)=\(AuthenticationResults.value(property.value))")
            }
            return parts
        }
    }

    /// Who says so (§2.5): ours.
    package let service: String
    package var entries: [Entry]

    package init(service: String, entries: [Entry]) {
        self.service = service
        self.entries = entries
    }

    /// Behind the field's name, folded, without a line end.
    package var value: String {
        let name = Self.value(service)
        return entries.isEmpty ? "\(name); none" : ([name] + entries.map(\.folded)).joined(separator: ";\r\n\t")
    }

    /// The whole field, CRLF included.
    package var field: [UInt8] { Array("Authentication-Results: \(value)\r\n".utf8) }

    /// Octets of one value or comment that are shown.
    static let longest = 250
    /// Octets of a line (RFC 5322 §2.1.1 allows 998), without what folds it.
    private static let longestLine = 900

    /// A stranger's text as a value: as it is where it is a token or an address, else quoted; other than printable ASCII
    /// becomes question marks.
    static func value(_ text: String) -> String {
        let plain = printable(text)
        let isToken = !plain.isEmpty && plain.utf8.allSatisfy { isTokenByte($0) || $0 == 0x40 || $0 == 0x2F }
        if isToken, !plain.hasPrefix("/") { return plain }
        return "\"" + plain.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] } + "\""
    }

    static func commentText(_ text: String) -> String {
        String(printable(text).flatMap { "()\\".contains($0) ? ["\\", $0] : [$0] })
    }

    private static func printable(_ text: String) -> String {
        String(
            text.unicodeScalars.prefix(longest).map {
                (0x20..<0x7F).contains($0.value) ? Character($0) : "?"
            })
    }

    /// RFC 2045 §5.1.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F && !"()<>@,;:\\\"/[]?=".utf8.contains(byte)
    }
}

// What others found.
extension AuthenticationResults {
    /// Each result's method and outcome in a field's text, lower case, such as `dmarc=pass`. What stands in comments and in
    /// quotes is strangers' text, semicolons and all, and no result.
    package static func methods(in text: String) -> Set<String> {
        var found: Set<String> = []
        var word: [UInt8] = []
        var (depth, isQuoted, isOver) = (0, false, false)
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == 0x5C, isQuoted || depth > 0 {
                rest = rest.dropFirst()
            } else if isQuoted {
                isQuoted = byte != 0x22
            } else if byte == 0x28 {
                depth += 1
            } else if depth > 0 {
                depth -= byte == 0x29 ? 1 : 0
            } else if byte == 0x3B {
                found.insert(String(decoding: word, as: UTF8.self).lowercased())
                (word, isOver) = ([], false)
            } else if byte == 0x22 {
                (isQuoted, isOver) = (true, true)
            } else if TagList.isBlank(byte) {
                isOver = isOver || !word.isEmpty
            } else if !isOver {
                word.append(byte)
            }
        }
        return found.union([String(decoding: word, as: UTF8.self).lowercased()])
    }
}

// What others claim in our name (RFC 8601 §5).
extension AuthenticationResults {
    private static let fieldName = Array("authentication-results".utf8)

    /// Whether a field claims to be this service's: its first word is our name, in quotes or not, whatever the case.
    package static func claims(_ service: String, _ field: HeaderField) -> Bool {
        field.name.utf8.elementsEqual(fieldName) && isOurs(service, field.value)
    }

    private static func isOurs(_ service: String, _ value: ArraySlice<UInt8>) -> Bool {
        name(in: value).lowercased() == service.lowercased()
    }

    /// A header without fields that claim to be this service's, and without those of these names (lower case); what
    /// follows the header stays.
    /// - Returns: nil if there are none.
    package static func removingClaims(
        _ service: String, and names: Set<String>, from bytes: [UInt8]
    ) -> [UInt8]? {
        var kept: [UInt8] = []
        var end = 0
        let marks = names.map { Array($0.utf8) }
        for line in HeaderWalk(bytes) {
            end = line.whole.upperBound
            let isRemoved =
                marks.contains { line.isNamed($0, in: bytes) }
                || line.isNamed(fieldName, in: bytes) && isOurs(service, bytes[line.value])
            if !isRemoved { kept += bytes[line.whole] }
        }
        return kept.count < end ? kept + bytes[end...] : nil
    }

    /// Behind blanks and comments: a quoted string, or what stands before a blank, a comment or a semicolon.
    private static func name(in value: ArraySlice<UInt8>) -> String {
        var rest = value
        var depth = 0
        while let byte = rest.first, depth > 0 || TagList.isBlank(byte) || byte == 0x28 {
            rest.removeFirst()
            switch byte {
            case 0x28: depth += 1
            case 0x29: depth -= 1
            case 0x5C: rest = rest.dropFirst()
            default: break
            }
        }
        guard rest.first == 0x22 else {
            let word = rest.prefix { !TagList.isBlank($0) && $0 != 0x3B && $0 != 0x28 }
            return String(decoding: word, as: UTF8.self)
        }
        var text: [UInt8] = []
        rest.removeFirst()
        while let byte = rest.popFirst(), byte != 0x22 { text.append(byte == 0x5C ? rest.popFirst() ?? byte : byte) }
        return String(decoding: text, as: UTF8.self)
    }
}
