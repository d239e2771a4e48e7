/// What a domain demands of those who send it mail (RFC 8461 §3.2): the text at
/// `https://mta-sts.DOMAIN/.well-known/mta-sts.txt`, read as strictly as the grammar has it.
///
///     version: STSv1
///     mode: enforce
///     mx: mail.example.org
///     mx: *.example.net
///     max_age: 604800
package struct StrictTransportPolicy: Sendable, Hashable, Codable {
    package enum Mode: String, Sendable, Hashable, Codable { case enforce, testing, none }

    package struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String
    }

    package var mode: Mode
    /// Lower case; `*.example.net` stands for one label more.
    package var patterns: [String]
    /// Seconds, ``longestAge`` at most.
    package var maxAge: Int
    /// Lines of the policy, for reports (RFC 8460 §4.4, policy-string).
    package var lines: [String]

    /// A year of 365.25 days (RFC 8461 §3.2).
    package static let longestAge = 31_557_600
    /// Octets (RFC 8461 §3.3).
    package static let longestText = 65_536

    package init(mode: Mode, patterns: [String], maxAge: Int, lines: [String] = []) {
        self.mode = mode
        self.patterns = patterns
        self.maxAge = maxAge
        self.lines = lines
    }

    // MARK: Matching

    /// RFC 8461 §4.1: `*` is the leftmost label as a whole, and stands for exactly one.
    package func covers(_ host: String) -> Bool {
        let host = host.lowercased()
        return patterns.contains { pattern in
            guard pattern.hasPrefix("*.") else { return pattern == host }
            guard let dot = host.firstIndex(of: "."), dot > host.startIndex else { return false }
            return host[dot...] == pattern.dropFirst()
        }
    }

    // MARK: Reading

    /// - Throws: ``Fault`` that names the line or what is missing.
    package init(_ text: [UInt8]) throws(Fault) {
        guard text.count <= Self.longestText else { throw Fault(description: "longer than 64 KiB") }
        var found: [String: String] = [:]
        (patterns, lines) = ([], [])
        for (index, line) in try Self.lines(text).enumerated() {
            let place = "line \(index + 1)"
            let (name, value) = try Self.field(line, place)
            lines.append("\(name): \(value)")
            if name == "mx" {
                try Self.checkPattern(value, place)
                patterns.append(value.lowercased())
            } else if found[name] == nil {
                // Of what stands there twice the first one counts.
                found[name] = value
            }
        }
        guard found["version"] == "STSv1" else { throw Fault(description: "version is not STSv1") }
        guard let mode = found["mode"].flatMap(Mode.init) else {
            throw Fault(description: "mode is not enforce, testing or none")
        }
        guard let age = found["max_age"], (1...10).contains(age.utf8.count), age.utf8.allSatisfy(Self.isDigit),
            let seconds = Int(age)
        else { throw Fault(description: "max_age is not 1 to 10 digits") }
        guard mode == .none || !patterns.isEmpty else { throw Fault(description: "no mx") }
        self.mode = mode
        maxAge = min(seconds, Self.longestAge)
    }

    /// Lines end with LF or CRLF; the last one need not end.
    private static func lines(_ text: [UInt8]) throws(Fault) -> [ArraySlice<UInt8>] {
        var lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
        if lines.last?.isEmpty ?? false { lines.removeLast() }
        guard lines.count <= mostLines else { throw Fault(description: "more than \(mostLines) lines") }
        return lines.map { $0.last == 0x0D ? $0.dropLast() : $0 }
    }

    private static let mostLines = 1_000

    /// `name:`, blanks, value, blanks.
    private static func field(_ line: ArraySlice<UInt8>, _ place: String) throws(Fault) -> (String, String) {
        guard let colon = line.firstIndex(of: 0x3A) else { throw Fault(description: "\(place): no colon") }
        let name = line[..<colon]
        guard (1...32).contains(name.count), isLetterOrDigit(name.first!), name.allSatisfy(isNameByte) else {
            throw Fault(description: "\(place): no name in front of the colon")
        }
        var value = line[(colon + 1)...].drop(while: isBlank)
        while let last = value.last, isBlank(last) { value.removeLast() }
        guard !value.isEmpty, value.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }),
            let text = String(validating: value, as: UTF8.self)
        else { throw Fault(description: "\(place): no value behind the colon") }
        return (String(decoding: name, as: UTF8.self), text)
    }

    /// A domain of RFC 5321, perhaps with `*.` in front.
    private static func checkPattern(_ text: String, _ place: String) throws(Fault) {
        let domain = text.hasPrefix("*.") ? text.dropFirst(2) : text[...]
        let labels = domain.utf8.split(separator: 0x2E, omittingEmptySubsequences: false)
        let isDomain =
            domain.utf8.count <= 253
            && labels.allSatisfy { label in
                (1...63).contains(label.count) && label.allSatisfy { isLetterOrDigit($0) || $0 == 0x2D }
                    && label.first != 0x2D && label.last != 0x2D
            }
        guard isDomain else { throw Fault(description: "\(place): mx is no name of a host") }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
    private static func isNameByte(_ byte: UInt8) -> Bool {
        isLetterOrDigit(byte) || byte == 0x5F || byte == 0x2D || byte == 0x2E
    }
}
