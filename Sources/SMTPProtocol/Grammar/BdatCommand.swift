/// `BDAT chunk-size [LAST]` (RFC 3030 §2).
package struct BdatCommand: Equatable, Sendable {
    package var size: Int
    package var last: Bool

    package static func parse(_ argument: RawSpan) throws(GrammarFault) -> BdatCommand {
        let words = String(decoding: argument.copy(0..<argument.byteCount), as: UTF8.self)
            .split { $0 == " " || $0 == "\t" }
        guard let first = words.first, words.count <= 2, let size = parseDecimal(first), size < .max else {
            throw .badSize
        }
        guard words.count == 1 || words[1].uppercased() == "LAST" else { throw .badArgument }
        return BdatCommand(size: size, last: words.count == 2)
    }
}

/// The argument of EHLO and HELO (RFC 5321 §4.1.1.1). Real clients say all kinds of things here; what matters is that
/// it can be shown in a header and a log.
package enum ClientName {
    package static let limit = 255

    package static func parse(_ argument: RawSpan) throws(GrammarFault) -> String {
        var end = argument.byteCount
        while end > 0, argument[byte: end - 1] == 0x20 { end -= 1 }
        guard end > 0, end <= limit else { throw .badClientName }
        let bytes = argument.copy(0..<end)
        guard bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7F }), let name = String(validating: bytes, as: UTF8.self) else {
            throw .badClientName
        }
        return name
    }
}
