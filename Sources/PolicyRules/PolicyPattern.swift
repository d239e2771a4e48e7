/// A text in which `*` stands for any text, also for none. ASCII letters are the same whatever their case.
package struct PolicyGlob: Sendable, Hashable {
    /// Octets of a pattern.
    package static let longest = 512
    private static let star = UInt8(ascii: "*")
    private let pattern: [UInt8]
    private let isLiteral: Bool

    package init(_ text: String) {
        pattern = text.utf8.map(lowerCase)
        isLiteral = !pattern.contains(Self.star)
    }

    package func matches(_ text: some Collection<UInt8>) -> Bool {
        if isLiteral { return text.count == pattern.count && text.elementsEqual(pattern) { lowerCase($0) == $1 } }
        let text = Array(text)
        var (at, next) = (0, 0)
        // Where the last star stands and what it has taken: only that one is ever tried again.
        var star: (pattern: Int, text: Int)?
        while at < text.count {
            if next < pattern.count, pattern[next] == Self.star {
                star = (next, at)
                next += 1
            } else if next < pattern.count, pattern[next] == lowerCase(text[at]) {
                (at, next) = (at + 1, next + 1)
            } else if let last = star {
                (at, next) = (last.text + 1, last.pattern + 1)
                star = (last.pattern, last.text + 1)
            } else {
                return false
            }
        }
        return pattern[next...].allSatisfy { $0 == Self.star }
    }
}

/// `example.org`, `.example.org` for all that is below it, `*.example.*`.
package struct PolicyDomain: Sendable, Hashable {
    private let glob: PolicyGlob

    package init(_ text: String) { glob = PolicyGlob(text.hasPrefix(".") ? "*" + text : text) }

    package func matches(_ domain: some Collection<UInt8>) -> Bool { glob.matches(domain) }
}

/// ASCII alone: what else an address holds is compared as it is.
func lowerCase(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }
