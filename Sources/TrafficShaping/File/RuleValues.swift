package import MTAConfiguration
package import MailTypes
package import Measures

/// `5 in 10m`: so many within a span of time.
package struct OccurrenceCount: Hashable, Sendable, ConfigurationValue {
    /// Each of them is remembered until it is too old.
    package static let most = 1_000
    package var count: Int
    package var milliseconds: UInt64

    package static var form: String { "count such as 5 in 10m" }
    package init(written text: String) throws(UnitFault) {
        let words = text.split(separator: " ")
        guard words.count == 3, words[1] == "in", let count = Int(words[0]), (1...Self.most).contains(count),
            let span = try? HumanDuration(parsing: String(words[2])), span.milliseconds > 0, span.seconds <= 604_800
        else { throw UnitFault("expected 1 to \(Self.most) in a time of at most 7d, such as 5 in 10m") }
        (self.count, milliseconds) = (count, span.milliseconds)
    }
    package init(_ count: Int, in milliseconds: UInt64) { (self.count, self.milliseconds) = (count, milliseconds) }
    package var written: String { "\(count) in \(HumanDuration(milliseconds: milliseconds).written)" }
}

/// `421`, `42x`, `4xx`.
package struct CodePattern: Hashable, Sendable, ConfigurationValue {
    private let digits: [UInt8]
    package static var form: String { "reply code such as 421 or 45x" }
    package init(written text: String) throws(UnitFault) {
        digits = Array(text.lowercased().utf8)
        guard digits.count == 3, digits[0] == 0x34 || digits[0] == 0x35,
            digits.dropFirst().allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: "x") })
        else { throw UnitFault("expected a code of a failure such as 421, 45x or 5xx") }
    }
    package var written: String { String(decoding: digits, as: UTF8.self) }
    func matches(_ code: UInt16) -> Bool {
        zip(digits, String(code).utf8).allSatisfy { $0 == UInt8(ascii: "x") || $0 == $1 }
    }
}

/// `4.7.28`, `5.7.*`.
package struct EnhancedPattern: Hashable, Sendable, ConfigurationValue {
    /// Nil: any.
    private let parts: [UInt16?]
    package static var form: String { "enhanced code such as 4.7.28 or 5.7.*" }
    package init(written text: String) throws(UnitFault) {
        let words = text.split(separator: ".", omittingEmptySubsequences: false)
        parts = words.map { $0 == "*" ? nil : UInt16($0) }
        guard words.count == 3, zip(words, parts).allSatisfy({ $0 == "*" || $1 != nil }), parts[0] != 2 else {
            throw UnitFault("expected an enhanced code such as 4.7.28, 5.7.* or *.7.1")
        }
    }
    package var written: String { parts.map { $0.map(String.init) ?? "*" }.joined(separator: ".") }
    func matches(_ code: EnhancedStatusCode) -> Bool {
        zip(parts, [UInt16(code.statusClass), code.subject, code.detail]).allSatisfy { $0 == nil || $0 == $1 }
    }
}

/// What an automatic rule makes of a limit: a number of its own, or `x0.5` of what there is.
package enum LimitChange<Value: ConfigurationValue & Hashable & Sendable>: Hashable, Sendable, ConfigurationValue {
    case to(Value)
    case by(Double)

    package static var form: String { "\(Value.form), or a factor such as x0.5" }
    package init(written text: String) throws(UnitFault) {
        guard text.hasPrefix("x") else {
            self = .to(try Value(written: text))
            return
        }
        guard let factor = Double(text.dropFirst()), factor > 0, factor < 1 else {
            throw UnitFault("expected a factor above 0 and below 1, such as x0.5")
        }
        self = .by(factor)
    }
    package var written: String {
        switch self {
        case .to(let value): value.written
        case .by(let factor): "x\(factor)"
        }
    }
}

/// `linear 30m`: the way back to what is usual.
package struct Recovery: Hashable, Sendable, ConfigurationValue {
    package var milliseconds: UInt64
    package static var form: String { "linear and a duration, such as linear 30m" }
    package init(written text: String) throws(UnitFault) {
        let words = text.split(separator: " ")
        guard words.count == 2, words[0] == "linear", let span = try? HumanDuration(parsing: String(words[1])),
            span.milliseconds > 0, span.seconds <= 31_536_000
        else { throw UnitFault("expected linear and a duration, such as linear 30m") }
        milliseconds = span.milliseconds
    }
    package var written: String { "linear \(HumanDuration(milliseconds: milliseconds).written)" }
}

/// A reply that an automatic rule returns mail with.
package struct BounceReply: Hashable, Sendable, ConfigurationValue {
    package var reply: SMTPReply
    package static var form: String { "reply such as 550 5.7.1 Text" }
    package init(written text: String) throws(UnitFault) {
        let words = text.split(separator: " ", maxSplits: 2)
        let parts = words.count == 3 ? words[1].split(separator: ".").map { UInt16($0) } : []
        guard words.count == 3, let code = UInt16(words[0]), (500...599).contains(code), parts.count == 3,
            let subject = parts[1], let detail = parts[2], parts[0] == 5, text.utf8.count <= 400,
            !text.contains(where: \.isNewline)
        else { throw UnitFault("expected 5yz, an enhanced code 5.y.z and a text, such as 550 5.7.1 Not wanted there") }
        reply = SMTPReply(code, EnhancedStatusCode(5, subject, detail), String(words[2]))
    }
    package var written: String { reply.description }
}
