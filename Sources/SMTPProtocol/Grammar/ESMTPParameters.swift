/// `SP keyword [= value]` behind a path (RFC 5321 §4.1.2).
enum ESMTPParameters {
    /// Calls `body` with each keyword in upper case and its value, nil without `=`.
    /// - Parameter allowUTF8: SMTPUTF8 is in force: values may hold UTF-8 (RFC 6531 §3.3).
    static func parse(
        _ input: RawSpan, from start: Int, allowUTF8: Bool = false,
        _ body: (String, String?) throws(GrammarFault) -> Void
    ) throws(GrammarFault) {
        var index = start
        while index < input.byteCount {
            guard input[byte: index] == 0x20 || input[byte: index] == 0x09 else { throw .badArgument }
            while index < input.byteCount, input[byte: index] == 0x20 || input[byte: index] == 0x09 { index += 1 }
            let begin = index
            while index < input.byteCount, isWordByte(input[byte: index], allowUTF8) { index += 1 }
            guard index > begin else {
                if index == input.byteCount { return }
                throw .badArgument
            }
            guard let text = String(validating: input.copy(begin..<index), as: UTF8.self) else { throw .badArgument }
            let words = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let keyword = words[0].uppercased()
            guard let first = keyword.utf8.first, first != 0x2D, keyword.utf8.allSatisfy(isKeywordByte) else {
                throw .badArgument
            }
            try body(keyword, words.count == 2 ? String(words[1]) : nil)
        }
    }

    private static func isWordByte(_ byte: UInt8, _ allowUTF8: Bool) -> Bool {
        byte > 0x20 && byte < 0x7F || allowUTF8 && byte >= 0x80
    }

    private static func isKeywordByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || byte == 0x2D
    }
}

/// A decimal number of at most 20 digits that fits an Int (RFC 1870 §5).
func parseDecimal(_ text: some StringProtocol) -> Int? {
    guard !text.isEmpty, text.utf8.count <= 20, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int(text) ?? .max
}
