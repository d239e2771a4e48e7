/// One field of a header, as places in the header's octets, or a line that is no field.
package struct HeaderLine: Sendable, Hashable {
    /// With its folding and its line ends.
    package let whole: Range<Int>
    /// The name without blanks behind it; nil: the line is no field.
    package let name: Range<Int>?
    /// What stands behind the colon, line ends included.
    package let value: Range<Int>

    /// - Parameters:
    ///   - name: in lower case.
    ///   - bytes: of the header.
    package func isNamed(_ name: [UInt8], in bytes: [UInt8]) -> Bool {
        guard let place = self.name, place.count == name.count else { return false }
        return zip(bytes[place], name).allSatisfy { HeaderWalk.lowerCase($0) == $1 }
    }
}

/// Goes over the fields of a header (RFC 5322 §2.2) up to the blank line, or to the end of what is there. Lines that are no
/// fields end nothing: readers differ in what they make of these, and what one of them shows another must not have
/// missed. Nothing is copied.
package struct HeaderWalk: Sequence, IteratorProtocol {
    private let bytes: [UInt8]
    private var at = 0

    /// - Parameter bytes: a header, with or without what follows it.
    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package mutating func next() -> HeaderLine? {
        guard at < bytes.count, !isBlankLine else { return nil }
        let begin = at
        let firstEnd = lineEnd(begin)
        at = firstEnd
        // A line that begins with a blank goes on with the field before.
        while at < bytes.count, Self.isBlank(bytes[at]) { at = lineEnd(at) }
        guard let colon = bytes[begin..<firstEnd].firstIndex(of: 0x3A) else {
            return HeaderLine(whole: begin..<at, name: nil, value: at..<at)
        }
        var end = colon
        while end > begin, Self.isBlank(bytes[end - 1]) { end -= 1 }
        return HeaderLine(whole: begin..<at, name: end > begin ? begin..<end : nil, value: colon + 1..<at)
    }

    /// What ends a header: a CR alone does not, whatever stands behind it.
    private var isBlankLine: Bool {
        bytes[at] == 0x0A || bytes[at] == 0x0D && at + 1 < bytes.count && bytes[at + 1] == 0x0A
    }

    /// Behind the line feed.
    private func lineEnd(_ begin: Int) -> Int { bytes[begin...].firstIndex(of: 0x0A).map { $0 + 1 } ?? bytes.count }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    fileprivate static func lowerCase(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
}
