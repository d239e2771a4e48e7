/// A pattern for domains, addresses and listeners: `*` stands for any octets, `?` for one, case does not matter.
package struct GlobPattern: Hashable, Sendable {
    private let pattern: [UInt8]
    /// Most patterns are plain names: compared at once.
    private let isPlain: Bool

    package init(_ text: String) {
        pattern = text.utf8.map(Self.lower)
        isPlain = !pattern.contains { $0 == Self.star || $0 == Self.question }
    }

    private static let star = UInt8(ascii: "*")
    private static let question = UInt8(ascii: "?")

    package func matches(_ text: some Collection<UInt8>) -> Bool {
        if isPlain { return text.count == pattern.count && zip(text, pattern).allSatisfy { Self.lower($0) == $1 } }
        return matches(Array(text))
    }

    /// Goes back to the last star only: what it took before is settled, so time is bounded by the product of lengths.
    private func matches(_ text: [UInt8]) -> Bool {
        var (at, position) = (0, 0)
        var retry: (at: Int, position: Int)?
        while position < text.count {
            if at < pattern.count, pattern[at] == Self.star {
                retry = (at, position)
                at += 1
            } else if at < pattern.count, pattern[at] == Self.question || pattern[at] == Self.lower(text[position]) {
                at += 1
                position += 1
            } else if let last = retry {
                retry = (last.at, last.position + 1)
                (at, position) = (last.at + 1, last.position + 1)
            } else {
                return false
            }
        }
        return pattern[at...].allSatisfy { $0 == Self.star }
    }

    private static func lower(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
}
