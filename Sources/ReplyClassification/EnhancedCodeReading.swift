package import MailTypes

/// The enhanced code (RFC 3463) that a reply means: the one that it has, wherever servers put it, or one that follows
/// from the basic code. The class is always that of the basic code, which is what decides about a retry (RFC 2034 §4
/// wants them to agree).
///
///     550 5.1.1 No such user            5.1.1  given
///     550 No such user (#5.1.1)         5.1.1  found
///     550 4.7.1 Blocked                 5.7.1  contradictory
///     550 5.7 Blocked                   5.0.0  malformed
///     452 Try later                     4.3.1  derived
package struct EnhancedCodeReading: Hashable, Sendable {
    package enum Origin: String, Sendable, Hashable, CaseIterable {
        /// In front of the text, as RFC 2034 has it.
        case given
        /// Elsewhere in the text: `#5.1.1`, `(5.1.1)`, `[5.1.1]`.
        case found
        /// Its class was not that of the basic code, which is used instead.
        case contradictory
        /// What stands in its place is no code; derived from the basic code.
        case malformed
        /// There is none; derived from the basic code.
        case derived

        /// Subject and detail are the server's own.
        package var isServers: Bool { self == .given || self == .found || self == .contradictory }
    }

    package var code: EnhancedStatusCode
    package var origin: Origin
    /// What stood there, where it is not what ``code`` says.
    package var written: String?

    package init(_ reply: SMTPReply) {
        let statusClass = UInt8(clamping: reply.code / 100)
        if let given = reply.enhanced {
            self.init(given, given.statusClass == statusClass ? .given : .contradictory, statusClass)
            return
        }
        let text = Array(reply.text.utf8.prefix(Self.searched))
        switch Self.reading(text, at: 0, statusClass, isFirst: true) {
        case .code(let code):
            let isBracketed = text.first.map { !Self.isDigit($0) } ?? false
            let usual: Origin = isBracketed ? .found : .given
            self.init(code, code.statusClass == statusClass ? usual : .contradictory, statusClass)
        case .malformed(let written):
            self.init(code: Self.derived(reply.code), origin: .malformed, written: written)
        case .none:
            guard let code = Self.bracketed(text, statusClass) else {
                self.init(code: Self.derived(reply.code), origin: .derived)
                return
            }
            self.init(code, code.statusClass == statusClass ? .found : .contradictory, statusClass)
        }
    }

    private init(code: EnhancedStatusCode, origin: Origin, written: String? = nil) {
        self.code = code
        self.origin = origin
        self.written = written
    }

    private init(_ found: EnhancedStatusCode, _ origin: Origin, _ statusClass: UInt8) {
        self.init(
            code: EnhancedStatusCode(statusClass, found.subject, found.detail), origin: origin,
            written: origin == .contradictory ? found.description : nil)
    }

    /// What a basic code says by itself (RFC 5321 §4.2, RFC 7504, RFC 4954); of 550 and 554 there is nothing to be
    /// said.
    package static func derived(_ code: UInt16) -> EnhancedStatusCode {
        let statusClass = UInt8(clamping: code / 100)
        let (subject, detail): (UInt16, UInt16) =
            switch code {
            case 421: (3, 2)
            case 422, 522, 552: (2, 2)
            case 431, 452: (3, 1)
            case 432: (7, 12)
            case 447: (4, 7)
            case 450: (2, 0)
            case 451: (3, 0)
            case 454: (7, 0)
            case 455, 501, 504, 555: (5, 4)
            case 500: (5, 2)
            case 502, 503: (5, 1)
            case 510, 511: (1, 1)
            case 512: (1, 2)
            case 521: (3, 2)
            case 523: (3, 4)
            case 530: (7, 0)
            case 534: (7, 9)
            case 535: (7, 8)
            case 538: (7, 11)
            case 551: (1, 6)
            case 553: (1, 3)
            case 556: (1, 10)
            default: (0, 0)
            }
        return EnhancedStatusCode(statusClass, subject, detail)
    }

    // MARK: Reading

    /// Octets of a reply that are looked at.
    private static let searched = 1024

    private enum Found {
        case none
        case code(EnhancedStatusCode)
        case malformed(String)
    }

    /// - Parameter isFirst: it is where a code has to be, so that something like one is a code gone wrong.
    private static func reading(_ text: [UInt8], at start: Int, _ statusClass: UInt8, isFirst: Bool) -> Found {
        var index = start
        while index < text.count, index - start < 2, isOpening(text[index]) { index += 1 }
        let begin = index
        while index < text.count, isDigit(text[index]) || text[index] == 0x2E { index += 1 }
        guard index > begin, index == text.count || isEnd(text[index]) else { return .none }
        var end = index
        while end > begin, text[end - 1] == 0x2E { end -= 1 }
        let parts = text[begin..<end].split(separator: 0x2E, omittingEmptySubsequences: false)
        // `550 5 failures` and `550 192.0.2.1 is listed` have none.
        guard (2...4).contains(parts.count), parts[0].count == 1 else { return .none }
        let numbers = parts.map { part in part.count <= 3 ? UInt16(String(decoding: part, as: UTF8.self)) : nil }
        if parts.count == 3, let subject = numbers[1], let detail = numbers[2], let first = numbers[0],
            first == 2 || first == 4 || first == 5
        {
            return .code(EnhancedStatusCode(UInt8(first), subject, detail))
        }
        guard isFirst, numbers[0] == UInt16(statusClass) || parts.count == 3 else { return .none }
        return .malformed(String(decoding: text[begin..<end], as: UTF8.self))
    }

    private static func bracketed(_ text: [UInt8], _ statusClass: UInt8) -> EnhancedStatusCode? {
        for (index, byte) in text.enumerated() where isOpening(byte) {
            if case .code(let code) = reading(text, at: index, statusClass, isFirst: false) { return code }
        }
        return nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
    /// `#`, `(` and `[`
    private static func isOpening(_ byte: UInt8) -> Bool { byte == 0x23 || byte == 0x28 || byte == 0x5B }
    /// Blanks, brackets, commas, colons, semicolons, hyphens and slashes.
    private static func isEnd(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == 0x29 || byte == 0x5D || byte == 0x2C || byte == 0x3A || byte == 0x3B || byte == 0x2D
            || byte == 0x2F
    }
}
