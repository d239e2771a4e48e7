import MailTypes

/// What macros are filled in with (RFC 7208 §7.2).
struct SPFMacroValues: Sendable {
    var localPart: String
    var senderDomain: String
    var hello: String
    var address: NetworkAddress
    /// `d`: the domain that is being evaluated.
    var domain = ""
    /// `p`: asked for only where a macro wants it.
    var validatedName = "unknown"

    fileprivate func text(_ letter: SPFMacroText.Letter) -> String {
        switch letter {
        case .sender: "\(localPart)@\(senderDomain)"
        case .localPart: localPart
        case .senderDomain: senderDomain
        case .domain: domain
        case .address: DNSName.labels(of: address).joined(separator: ".")
        case .validatedName: validatedName
        case .version: address.isIPv4 ? "in-addr" : "ip6"
        case .hello: hello
        }
    }
}

/// A text with macros (RFC 7208 §7.1), as a domain or as the value of a modifier.
struct SPFMacroText: Sendable, Hashable {
    enum Letter: Character, Sendable, Hashable {
        case sender = "s"
        case localPart = "l"
        case senderDomain = "o"
        case domain = "d"
        case address = "i"
        case validatedName = "p"
        case version = "v"
        case hello = "h"
    }
    enum Part: Sendable, Hashable {
        case text(String)
        case macro(Letter, isEscaped: Bool, keep: Int?, isReversed: Bool, delimiters: [Character])
    }
    struct Fault: Error {}

    private(set) var parts: [Part] = []

    /// - Parameter mayExplain: `c`, `r` and `t` are allowed, too, as in explanations; they come out empty here.
    init(_ text: Substring, mayExplain: Bool = false) throws(Fault) {
        var rest = text
        var plain = ""
        while let character = rest.popFirst() {
            guard let byte = character.asciiValue, (0x21...0x7E).contains(byte) else { throw Fault() }
            guard character == "%" else {
                plain.append(character)
                continue
            }
            switch rest.popFirst() {
            case "%": plain.append("%")
            case "_": plain.append(" ")
            case "-": plain.append("%20")
            case "{":
                guard let end = rest.firstIndex(of: "}") else { throw Fault() }
                if !plain.isEmpty { parts.append(.text(plain)) }
                plain = ""
                if let part = try Self.macro(rest[..<end], mayExplain) { parts.append(part) }
                rest = rest[rest.index(after: end)...]
            default: throw Fault()
            }
        }
        if !plain.isEmpty { parts.append(.text(plain)) }
    }

    private static func macro(_ text: Substring, _ mayExplain: Bool) throws(Fault) -> Part? {
        var rest = text
        guard let first = rest.popFirst() else { throw Fault() }
        let lower = Character(first.lowercased())
        let letter = Letter(rawValue: lower)
        guard letter != nil || (mayExplain && ["c", "r", "t"].contains(lower)) else { throw Fault() }
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        rest = rest.dropFirst(digits.count)
        let keep = digits.isEmpty ? nil : Int(digits) ?? .max
        guard keep != 0 else { throw Fault() }
        var isReversed = false
        if rest.first == "r" || rest.first == "R" {
            isReversed = true
            rest.removeFirst()
        }
        guard rest.allSatisfy({ ".-+,/_=".contains($0) }) else { throw Fault() }
        guard let letter else { return nil }
        return .macro(
            letter, isEscaped: first.isUppercase, keep: keep, isReversed: isReversed,
            delimiters: rest.isEmpty ? ["."] : Array(rest))
    }

    var asksForValidatedName: Bool {
        parts.contains { if case .macro(.validatedName, _, _, _, _) = $0 { true } else { false } }
    }

    func text(_ values: SPFMacroValues) -> String {
        // From the end: of a text that is longer than a name can be, only the end counts, and a record of many macros must
        // not cost more than that.
        var found: [String] = []
        var octets = 0
        for part in parts.reversed() where octets <= 2 * DNSName.most {
            found.append(Self.text(part, values))
            octets += found[found.count - 1].utf8.count
        }
        return found.reversed().joined()
    }

    private static func text(_ part: Part, _ values: SPFMacroValues) -> String {
        switch part {
        case .text(let text): return text
        case .macro(let letter, let isEscaped, let keep, let isReversed, let delimiters):
            var pieces = values.text(letter).split(omittingEmptySubsequences: false) { delimiters.contains($0) }
            if isReversed { pieces.reverse() }
            if let keep { pieces = Array(pieces.suffix(keep)) }
            let joined = pieces.joined(separator: ".")
            return isEscaped ? escaped(joined) : joined
        }
    }

    /// As in a URL (RFC 3986 §2.3).
    private static func escaped(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            let isPlain =
                (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
                || [0x2D, 0x2E, 0x5F, 0x7E].contains(byte)
            if isPlain {
                out.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                out += "%" + (digits.count == 1 ? "0" + digits : digits)
            }
        }
        return out
    }

    /// As the name of a domain: without the last dot, and where it is too long without labels from the left (§7.3).
    func domain(_ values: SPFMacroValues) -> String {
        let name = DNSName.plain(text(values))
        guard name.utf8.count > DNSName.most, let dot = name.utf8.suffix(DNSName.most + 1).firstIndex(of: 0x2E) else {
            return name
        }
        return String(name[name.utf8.index(after: dot)...])
    }

    /// A domain ends with a macro, or with a label that can be a top-level one (§7.1).
    static func endsAsDomain(_ text: Substring) -> Bool {
        if text.hasSuffix("}") || text.hasSuffix("%%") || text.hasSuffix("%_") || text.hasSuffix("%-") {
            return text.contains("%")
        }
        let name = text.hasSuffix(".") ? text.dropLast() : text
        guard let dot = name.lastIndex(of: ".") else { return false }
        let label = name[name.index(after: dot)...].utf8
        guard let first = label.first, let last = label.last, isAlphanumeric(first), isAlphanumeric(last),
            label.allSatisfy({ isAlphanumeric($0) || $0 == 0x2D })
        else { return false }
        return label.contains { (0x61...0x7A).contains($0 | 0x20) || $0 == 0x2D }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
    }
}
