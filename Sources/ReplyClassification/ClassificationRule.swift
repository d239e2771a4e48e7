import MailTypes

/// When a reply is of a category. All conditions that it has must hold; of several texts one is enough.
package struct ClassificationRule: Sendable {
    package var name: String
    package var category: ReplyCategory
    /// `FILE:LINE`.
    package var place: String
    var codes: [DigitPattern] = []
    var enhanced: [EnhancedPattern] = []
    var texts: [TextPattern] = []
    var unless: [TextPattern] = []
    /// Replies that have to come to this rule.
    package internal(set) var examples: [String] = []

    /// The codes fit.
    /// - Parameter reading: its code counts only where the server gave one.
    func fits(_ code: UInt16, _ reading: EnhancedCodeReading) -> Bool {
        guard codes.isEmpty || codes.contains(where: { $0.matches(code) }) else { return false }
        guard !enhanced.isEmpty else { return true }
        return reading.origin.isServers && enhanced.contains { $0.matches(reading.code) }
    }

    func isExcepted(_ text: [UInt8]) -> Bool { unless.contains { $0.isIn(text) } }

    /// Whatever `other` matches, this one matches, too.
    func covers(_ other: ClassificationRule) -> Bool {
        unless.isEmpty
            && (codes.isEmpty || (!other.codes.isEmpty && Set(other.codes).isSubset(of: codes)))
            && (enhanced.isEmpty || (!other.enhanced.isEmpty && Set(other.enhanced).isSubset(of: enhanced)))
            && (texts.isEmpty || (!other.texts.isEmpty && Set(other.texts).isSubset(of: texts)))
    }
}

/// `550`, `55x`, `4xx`.
struct DigitPattern: Sendable, Hashable {
    private let hundreds: UInt16
    /// Nil: any.
    private let tens: UInt16?
    private let units: UInt16?

    static let form = "expected a code such as 550, 55x or 4xx"

    init?(_ text: String) {
        let digits = Array(text.utf8)
        guard digits.count == 3, digits[0] == 0x34 || digits[0] == 0x35 else { return nil }
        func digit(_ byte: UInt8) -> UInt16?? {
            if byte | 0x20 == 0x78 { return .some(nil) }
            return ReplyText.isDigit(byte) ? .some(UInt16(byte - 0x30)) : nil
        }
        guard let tens = digit(digits[1]), let units = digit(digits[2]), tens != nil || units == nil else { return nil }
        (hundreds, self.tens, self.units) = (UInt16(digits[0] - 0x30), tens, units)
    }

    func matches(_ code: UInt16) -> Bool {
        code / 100 == hundreds && (tens ?? code / 10 % 10) == code / 10 % 10 && (units ?? code % 10) == code % 10
    }
}

/// `5.1.1`, `x.1.1` for any class, `x.7.*` for any detail.
struct EnhancedPattern: Sendable, Hashable {
    /// Nil: any.
    private let statusClass: UInt8?
    let subject: UInt16?
    let detail: UInt16?

    static let form = "expected an enhanced code such as 5.1.1, x.1.1 or x.7.*"

    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        switch parts[0] {
        case "x", "X": statusClass = nil
        case "4": statusClass = 4
        case "5": statusClass = 5
        default: return nil
        }
        func number(_ part: Substring) -> UInt16?? {
            if part == "*" { return .some(nil) }
            guard part.utf8.count <= 3, let value = UInt16(part) else { return nil }
            return .some(value)
        }
        guard let subject = number(parts[1]), let detail = number(parts[2]), subject != nil || detail == nil else {
            return nil
        }
        (self.subject, self.detail) = (subject, detail)
    }

    func matches(_ code: EnhancedStatusCode) -> Bool {
        (statusClass ?? code.statusClass) == code.statusClass && (subject ?? code.subject) == code.subject
            && (detail ?? code.detail) == code.detail
    }
}
