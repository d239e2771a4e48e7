package import MailTypes

/// Replies as rules write them: `451 4.7.1 Try again later`, lines separated by newlines.
package enum ReplyText {
    package struct Fault: Error, CustomStringConvertible {
        package let description: String
    }

    /// Octets of a line, code and CRLF included (RFC 5321 §4.5.3.1.5).
    package static let longestLine = 512

    package static func parse(_ text: String) throws(Fault) -> SMTPReply {
        let digits = text.prefix(3)
        guard digits.count == 3, let code = UInt16(digits), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            (200...599).contains(code)
        else {
            throw Fault(
                description:
                    "'\(text.prefix { !$0.isNewline }.prefix(40))': expected a reply such as '451 4.7.1 Try again later'"
            )
        }
        let rest = text.dropFirst(3)
        // The first line of several may have the hyphen that it has on the wire.
        guard rest.isEmpty || rest.first == " " || rest.first == "-" else {
            throw Fault(description: "'\(text.prefix { !$0.isNewline }.prefix(40))': a space must follow the code")
        }
        return try reply(code: code, text: String(rest.dropFirst().drop { $0 == " " }))
    }

    /// Code and text apart; an enhanced code in front of the text is taken as one (RFC 2034 §4).
    package static func reply(code: UInt16, text: String) throws(Fault) -> SMTPReply {
        var lines = lines(of: text, code: code)
        let enhanced = enhanced(lines[0], of: code)
        // On the wire it stands in front of every line.
        if enhanced != nil { lines = lines.map { Self.enhanced($0, of: code) == nil ? $0 : dropWord($0) } }
        guard lines.count <= 100 else { throw Fault(description: "a reply of \(lines.count) lines: at most 100") }
        for line in lines {
            guard !line.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
                throw Fault(description: "a control character in the reply '\(line.prefix(40))'")
            }
            let length = line.utf8.count + 6 + (enhanced.map { $0.description.utf8.count + 1 } ?? 0)
            guard length <= longestLine else {
                throw Fault(
                    description: "the reply line '\(line.prefix(40))…' has \(length) octets: at most \(longestLine)")
            }
        }
        return SMTPReply(code, enhanced, lines.joined(separator: "\n"))
    }

    /// Replies copied from a wire or a log have the code in front of each line: `421-4.7.0 …`.
    private static func lines(of text: String, code: UInt16) -> [String] {
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }.map(String.init)
        let prefix = String(code)
        return lines.map { line in
            let bare = line.drop { $0 == " " }
            let rest = bare.dropFirst(3)
            guard bare.hasPrefix(prefix), rest.first.map({ "- ,".contains($0) }) ?? false else { return line }
            return String(rest.dropFirst())
        }
    }

    private static func enhanced(_ line: String, of code: UInt16) -> EnhancedStatusCode? {
        let parts = line.prefix { $0 != " " }.split(separator: ".", omittingEmptySubsequences: false)
        let isNumeric = parts.allSatisfy {
            (1...3).contains($0.count) && $0.utf8.allSatisfy { (0x30...0x39).contains($0) }
        }
        guard parts.count == 3, isNumeric else { return nil }
        let numbers = parts.compactMap { UInt16($0) }
        guard numbers.count == 3, numbers[0] == code / 100 else { return nil }
        return EnhancedStatusCode(UInt8(numbers[0]), numbers[1], numbers[2])
    }

    private static func dropWord(_ line: String) -> String { String(line.drop { $0 != " " }.drop { $0 == " " }) }
}
