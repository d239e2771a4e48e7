import MailTypes

/// A domain's SPF record (RFC 7208 §4.6, §5, §6), read whole before anything of it is evaluated.
struct SPFRecord: Sendable {
    enum Mechanism: Sendable {
        case all
        case include(SPFMacroText)
        /// Without a domain: that of the record.
        case a(SPFMacroText?, SPFPrefixes)
        case mx(SPFMacroText?, SPFPrefixes)
        case ptr(SPFMacroText?)
        case network(NetworkPrefix, isIPv4: Bool)
        case exists(SPFMacroText)
    }
    struct Directive: Sendable {
        var outcome: AuthenticationOutcome
        var mechanism: Mechanism
        /// As it is written.
        var text: String
    }
    struct Fault: Error, Sendable {
        var text: String
    }

    private(set) var directives: [Directive] = []
    private(set) var redirect: SPFMacroText?

    /// Whether a TXT record is one of SPF: `v=spf1` alone, or with a blank behind it (§4.5).
    static func isRecord(_ text: [UInt8]) -> Bool {
        let version = Array("v=spf1".utf8)
        guard text.count >= version.count, zip(text, version).allSatisfy({ $0 | ($1 > 0x60 ? 0x20 : 0) == $1 }) else {
            return false
        }
        return text.count == version.count || text[version.count] == 0x20
    }

    /// Octets of a record that are read.
    static let most = 16 << 10

    init(_ record: [UInt8]) throws(Fault) {
        guard record.count <= Self.most, record.allSatisfy({ (0x20..<0x7F).contains($0) }) else {
            throw Fault(text: "the record is not ASCII text")
        }
        let terms = String(decoding: record, as: UTF8.self).split(separator: " ").dropFirst()
        var hasExplanation = false
        for term in terms {
            guard let modifier = Self.modifier(term) else {
                directives.append(try Self.directive(term))
                continue
            }
            do throws(SPFMacroText.Fault) {
                switch modifier.name {
                case "redirect":
                    guard redirect == nil else { throw SPFMacroText.Fault() }
                    redirect = try Self.domain(modifier.value)
                case "exp":
                    guard !hasExplanation else { throw SPFMacroText.Fault() }
                    hasExplanation = true
                    _ = try Self.domain(modifier.value)
                default: _ = try SPFMacroText(modifier.value, mayExplain: true)
                }
            } catch {
                throw Fault(text: "'\(term.prefix(60))' is not well formed")
            }
        }
    }

    /// `name=value`, where the name is one.
    private static func modifier(_ term: Substring) -> (name: String, value: Substring)? {
        guard let equals = term.firstIndex(of: "=") else { return nil }
        let name = term[..<equals].lowercased()
        guard let first = name.utf8.first, (0x61...0x7A).contains(first),
            name.utf8.allSatisfy({
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || [0x2D, 0x5F, 0x2E].contains($0)
            })
        else { return nil }
        return (name, term[term.index(after: equals)...])
    }

    private static func domain(_ text: Substring) throws(SPFMacroText.Fault) -> SPFMacroText {
        guard SPFMacroText.endsAsDomain(text) else { throw SPFMacroText.Fault() }
        return try SPFMacroText(text)
    }

    private static func directive(_ term: Substring) throws(Fault) -> Directive {
        var rest = term
        let outcome: AuthenticationOutcome? =
            switch rest.first {
            case "+": .pass
            case "-": .fail
            case "~": .softfail
            case "?": .neutral
            default: nil
            }
        if outcome != nil { rest.removeFirst() }
        do throws(SPFMacroText.Fault) {
            return Directive(outcome: outcome ?? .pass, mechanism: try mechanism(rest), text: String(term.prefix(60)))
        } catch {
            throw Fault(text: "'\(term.prefix(60))' is no mechanism that is well formed")
        }
    }

    private static func mechanism(_ text: Substring) throws(SPFMacroText.Fault) -> Mechanism {
        let end = text.firstIndex { $0 == ":" || $0 == "/" } ?? text.endIndex
        let name = text[..<end].lowercased()
        let rest = text[end...]
        let value = rest.first == ":" ? rest.dropFirst() : nil
        switch name {
        case "all":
            guard rest.isEmpty else { throw SPFMacroText.Fault() }
            return .all
        case "a", "mx":
            let (prefixes, domainText) = try SPFPrefixes.split(rest)
            guard domainText.isEmpty || domainText.first == ":" else { throw SPFMacroText.Fault() }
            let target = domainText.isEmpty ? nil : try domain(domainText.dropFirst())
            return name == "a" ? .a(target, prefixes) : .mx(target, prefixes)
        case "ptr":
            guard rest.isEmpty || value != nil else { throw SPFMacroText.Fault() }
            return .ptr(try value.map { text throws(SPFMacroText.Fault) in try domain(text) })
        case "ip4", "ip6":
            guard let value else { throw SPFMacroText.Fault() }
            return .network(try network(value, isIPv4: name == "ip4"), isIPv4: name == "ip4")
        case "include":
            guard let value else { throw SPFMacroText.Fault() }
            return .include(try domain(value))
        case "exists":
            guard let value else { throw SPFMacroText.Fault() }
            return .exists(try domain(value))
        default: throw SPFMacroText.Fault()
        }
    }

    /// Bits behind the prefix do not matter here.
    private static func network(_ text: Substring, isIPv4: Bool) throws(SPFMacroText.Fault) -> NetworkPrefix {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let bits = parts.count == 2 ? SPFPrefixes.length(parts[1], most: isIPv4 ? 32 : 128) : isIPv4 ? 32 : 128
        let isWritten = parts[0].contains(":") != isIPv4 && hasPlainOctets(parts[0])
        guard isWritten, let bits, let address = NetworkAddress(String(parts[0])) else { throw SPFMacroText.Fault() }
        return NetworkPrefix(address, bits: isIPv4 ? bits + 96 : bits)
    }

    /// No octet of a dotted address has a zero in front (§5.6).
    private static func hasPlainOctets(_ text: Substring) -> Bool {
        guard text.contains(".") else { return true }
        let dotted = text.split(separator: ":").last ?? text
        return dotted.split(separator: ".").allSatisfy { $0 == "0" || $0.first != "0" }
    }
}

/// How many bits of an address count, for each family (RFC 7208 §5, dual-cidr-length).
struct SPFPrefixes: Sendable, Hashable {
    var ipv4 = 32
    var ipv6 = 128

    /// Takes `/24`, `//64` or `/24//64` off the end.
    static func split(_ text: Substring) throws(SPFMacroText.Fault) -> (SPFPrefixes, Substring) {
        var prefixes = SPFPrefixes()
        var rest = text
        if let (front, digits) = tail(rest, "//") {
            guard let bits = length(digits, most: 128) else { throw SPFMacroText.Fault() }
            (prefixes.ipv6, rest) = (bits, front)
        }
        if let (front, digits) = tail(rest, "/") {
            guard let bits = length(digits, most: 32) else { throw SPFMacroText.Fault() }
            (prefixes.ipv4, rest) = (bits, front)
        }
        return (prefixes, rest)
    }

    /// What stands in front of digits at the end, if the separator is between them.
    private static func tail(_ text: Substring, _ separator: String) -> (Substring, Substring)? {
        let digits = text.reversed().prefix { $0.isASCII && $0.isNumber }.count
        let front = text.dropLast(digits)
        guard digits > 0, front.hasSuffix(separator) else { return nil }
        return (front.dropLast(separator.count), text.suffix(digits))
    }

    static func length(_ text: Substring, most: Int) -> Int? {
        guard let bits = DecimalNumber.read(text, digits: 3), bits <= most, text == "0" || text.first != "0" else {
            return nil
        }
        return bits
    }
}
