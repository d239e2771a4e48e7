import MTAConfiguration
package import MailTypes
package import Measures

/// What patterns are asked about: a reply on one line, in lower case, cut to a bound.
package struct ReplyText: Sendable, Hashable {
    /// Octets that are looked at; what follows is not.
    package static let most = 512
    let bytes: [UInt8]

    /// `421 4.7.28 first line second line`.
    package init(_ reply: SMTPReply) {
        let enhanced = reply.enhanced.map { "\($0) " } ?? ""
        self.init("\(reply.code) \(enhanced)\(reply.text)")
    }

    package init(_ text: String) { self.init(text, most: Self.most) }

    /// - Parameter most: octets that are looked at.
    package init(_ text: String, most: Int) {
        bytes = text.utf8.prefix(most).map { byte in
            byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte == 0x0A || byte == 0x0D ? 0x20 : byte
        }
    }
}

/// A regular expression, found anywhere in a reply, whatever its case. The time for a match grows with the length of the
/// text times the size of the pattern and no faster, whatever either holds (all states are followed at once; nothing is
/// tried again): at worst a million steps, and no more than a search for a word where the pattern holds one.
package struct ReplyPattern: Sendable, Hashable {
    /// Octets of a pattern.
    package static let longest = 512
    /// Steps of a program; `{n,m}` writes its part out as often.
    package static let mostSteps = 2_000

    package let source: String
    /// No reply without these octets matches.
    private let literal: [UInt8]
    private let program: PatternProgram

    /// - Throws: ``UnitFault`` that says what is wrong with it.
    package init(_ source: String) throws(UnitFault) {
        guard source.utf8.count <= Self.longest else { throw UnitFault("longer than \(Self.longest) octets") }
        do throws(PatternFault) {
            let node = try PatternParser.parse(source)
            program = try PatternProgram(node)
            literal = node.literal
        } catch {
            throw UnitFault("no regular expression of the kind that is known here: \(error.text)")
        }
        guard !program.matches([]) else { throw UnitFault("matches everything") }
        self.source = source
    }

    package func matches(_ text: ReplyText) -> Bool {
        (literal.count < 2 || Self.contains(text.bytes, literal)) && program.matches(text.bytes)
    }

    private static func contains(_ text: [UInt8], _ word: [UInt8]) -> Bool {
        guard text.count >= word.count else { return false }
        return text.withUnsafeBufferPointer { text in
            word.withUnsafeBufferPointer { word in
                for begin in 0...(text.count - word.count) where text[begin] == word[0] {
                    var length = 1
                    while length < word.count, text[begin + length] == word[length] { length += 1 }
                    if length == word.count { return true }
                }
                return false
            }
        }
    }

    package static func == (a: ReplyPattern, b: ReplyPattern) -> Bool { a.source == b.source }
    package func hash(into hasher: inout Hasher) { hasher.combine(source) }
}

extension ReplyPattern: ConfigurationValue {
    package static var form: String { "regular expression" }
    package init(written text: String) throws(UnitFault) { try self.init(text) }
    package var written: String { source }
}
