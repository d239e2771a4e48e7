extension SMTPReply {
    /// A reply as logs and bounces show it, in one line or as it was on the wire: `550 5.1.1 No such user`,
    /// `550-5.1.1 …⏎550 5.1.1 …`.
    /// - Returns: nil if there is no code from 200 to 599 in front.
    package init?(written text: String) {
        var code: UInt16?
        var enhanced: EnhancedStatusCode?
        var lines: [String] = []
        for line in text.split(whereSeparator: \.isNewline) {
            var rest = line.drop { $0 == " " || $0 == "\t" }
            let digits = rest.prefix(3)
            if let value = UInt16(digits), digits.utf8.count == 3, (200...599).contains(value), code ?? value == value,
                rest.dropFirst(3).first.map({ $0 == " " || $0 == "-" }) ?? true
            {
                code = value
                rest = rest.dropFirst(4)
            } else if code == nil {
                return nil
            }
            if let found = Self.enhanced(rest), found.statusClass == code! / 100 {
                enhanced = enhanced ?? found
                rest = rest.drop { $0 != " " }.dropFirst()
            }
            lines.append(String(rest))
        }
        guard let code else { return nil }
        self.init(code, enhanced, lines.joined(separator: "\n"))
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    /// In front of a text, with a blank or nothing behind (RFC 2034 §4).
    private static func enhanced(_ text: Substring) -> EnhancedStatusCode? {
        let parts = text.prefix { $0 != " " }.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3,
            parts.allSatisfy({ !$0.isEmpty && $0.utf8.count <= 3 && $0.utf8.allSatisfy(isDigit) })
        else { return nil }
        let numbers = parts.compactMap { UInt16($0) }
        guard numbers.count == 3, numbers[0] < 10 else { return nil }
        return EnhancedStatusCode(UInt8(numbers[0]), numbers[1], numbers[2])
    }
}
