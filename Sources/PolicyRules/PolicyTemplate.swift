import MailTypes
import Measures

/// A text with places that a message fills: `${header:X-Campaign}`, `${user}`, `${sender_domain}`. `$${` is `${`.
struct PolicyTemplate: Sendable, Hashable {
    enum Part: Sendable, Hashable {
        case text(String)
        case header(String)
        case fact(Fact)
    }
    enum Fact: String, Sendable, Hashable, CaseIterable {
        case user, sender, recipient, listener, client
        case senderDomain = "sender_domain"
        case recipientDomain = "recipient_domain"
    }

    private(set) var parts: [Part] = []

    /// - Throws: ``UnitFault`` that says what may stand there.
    init(_ text: String) throws(UnitFault) {
        var rest = text[...]
        while let begin = rest.firstRange(of: "${") {
            if begin.lowerBound > rest.startIndex, rest[rest.index(before: begin.lowerBound)] == "$" {
                parts.append(.text(String(rest[..<rest.index(before: begin.lowerBound)]) + "${"))
                rest = rest[begin.upperBound...]
                continue
            }
            if begin.lowerBound > rest.startIndex { parts.append(.text(String(rest[..<begin.lowerBound]))) }
            guard let end = rest[begin.upperBound...].firstIndex(of: "}") else { throw UnitFault("'${' without '}'") }
            parts.append(try Self.part(String(rest[begin.upperBound..<end])))
            rest = rest[rest.index(after: end)...]
        }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
    }

    private static func part(_ name: String) throws(UnitFault) -> Part {
        if name.hasPrefix("header:") {
            let field = String(name.dropFirst(7))
            guard FieldText.isName(field) else { throw UnitFault("'${\(name)}': expected the name of a field") }
            return .header(field.lowercased())
        }
        guard let fact = Fact(rawValue: name) else {
            let names = Fact.allCases.map { "${\($0.rawValue)}" }.joined(separator: ", ")
            throw UnitFault("'${\(name)}' is not known; there are ${header:NAME}, \(names)")
        }
        return .fact(fact)
    }

    /// The same for every message; nil: it depends on it.
    var fixed: String? {
        var text = ""
        for part in parts {
            guard case .text(let piece) = part else { return nil }
            text += piece
        }
        return text
    }

    var headerNames: [String] {
        parts.compactMap { part -> String? in if case .header(let name) = part { name } else { nil } }
    }

    /// One line without control characters, of at most so many octets; empty where nothing fills it.
    func text(_ facts: PolicyFacts, most: Int) -> String {
        let text = parts.map { part in
            switch part {
            case .text(let text): text
            case .header(let name): facts.header.values(name).first ?? ""
            case .fact(let fact): Self.text(fact, facts)
            }
        }.joined()
        return FieldText.line(text, most: most)
    }

    private static func text(_ fact: Fact, _ facts: PolicyFacts) -> String {
        switch fact {
        case .user: facts.user ?? ""
        case .sender: facts.sender.description
        case .senderDomain: String(decoding: facts.sender.domain, as: UTF8.self).lowercased()
        case .recipient: facts.recipient.description
        case .recipientDomain: String(decoding: facts.recipient.domain, as: UTF8.self).lowercased()
        case .listener: facts.listener
        case .client: facts.client?.description ?? ""
        }
    }
}

/// What may stand in a header field (RFC 5322 §2.2): nobody gets a field of his own out of a value.
package enum FieldText {
    /// Octets of a name; a field with its text fits on a line (RFC 5322 §2.1.1).
    package static let longestName = 76
    package static let longestValue = 900

    /// Not with a dot in front, which would have to be doubled where content is dot-stuffed.
    package static func isName(_ name: String) -> Bool {
        (1...longestName).contains(name.utf8.count) && !name.hasPrefix(".")
            && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x3A }
    }

    /// Control characters become blanks, both ends are trimmed, and what is longer is cut between two characters.
    package static func line(_ text: String, most: Int) -> String {
        var line = ""
        var octets = 0
        for scalar in text.unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            let wanted: Unicode.Scalar = isControl || [0x2028, 0x2029].contains(scalar.value) ? " " : scalar
            if wanted == " ", line.isEmpty { continue }
            octets += String(wanted).utf8.count
            guard octets <= most else { break }
            line.unicodeScalars.append(wanted)
        }
        while line.last == " " { line.removeLast() }
        return line
    }

    /// `Name: value` with its line end, in ASCII: other characters become question marks.
    /// - Returns: nil if the name is none, or there is no text.
    package static func field(_ name: String, _ value: String) -> [UInt8]? {
        let text = line(value, most: longestValue)
        guard isName(name), !text.isEmpty else { return nil }
        let ascii = text.unicodeScalars.map { $0.isASCII ? UInt8($0.value) : UInt8(ascii: "?") }
        return Array("\(name): ".utf8) + ascii + [0x0D, 0x0A]
    }
}
