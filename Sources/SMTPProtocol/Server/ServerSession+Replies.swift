package import MailTypes

/// A reply that the session gave without asking the service, and how often.
package struct CountedReply: Equatable, Sendable {
    /// What it answered.
    package enum Stage: String, Sendable {
        case ehlo, mail, rcpt, data
        /// STARTTLS.
        case tls
        /// BDAT that is not the end of a message.
        case chunk
        /// A whole message, also one whose refusal was certain before its end and that the client did not finish.
        case final
        /// The end of content that nothing was said of.
        case content
        /// Any other command, and what was said without one (421 of a timeout or a shutdown).
        case other
    }
    package var stage: Stage
    /// 0: none was given.
    package var code: Int
    /// Of the first of them.
    package var text: String
    package var count: UInt64

    package init(stage: Stage, code: Int, text: String, count: UInt64 = 1) {
        self.stage = stage
        self.code = code
        self.text = text
        self.count = count
    }
}

// For who wants every reply counted (``ServerConfiguration/countsReplies``): those that the service gives it counts
// itself, the others are counted here. Content is counted once, where its end is decided, so that of all content that
// begins there is one ``CountedReply/Stage/final`` or ``CountedReply/Stage/content``, here or at the service.
extension ServerSession {
    /// Of different replies: there are fewer that a session can give.
    private static let mostCounted = 100

    package var hasCountedReplies: Bool { configuration.countsReplies && !counted.isEmpty }

    /// What was answered since the last call.
    package mutating func takeCountedReplies() -> [CountedReply] {
        defer { counted.removeAll(keepingCapacity: true) }
        return counted
    }

    /// A reply to the last command.
    mutating func count(_ reply: SMTPReply) { count(verb.stage, reply) }

    package mutating func count(_ stage: CountedReply.Stage, _ reply: SMTPReply) {
        guard configuration.countsReplies else { return }
        count(stage, Int(reply.code), reply.description)
    }

    mutating func count(_ stage: CountedReply.Stage, _ code: Int, _ text: String) {
        guard configuration.countsReplies else { return }
        if let index = counted.firstIndex(where: { $0.stage == stage && $0.code == code }) {
            counted[index].count += 1
        } else if counted.count < Self.mostCounted {
            counted.append(CountedReply(stage: stage, code: code, text: text))
        }
    }

    /// A positive reply that never changes.
    mutating func say(_ text: StaticString) -> Action? {
        append(text)
        if configuration.countsReplies {
            let line = text.withUTF8Buffer { String(decoding: $0.dropLast(2), as: UTF8.self) }
            count(verb.stage, Int(line.prefix(3)) ?? 0, line)
        }
        return nil
    }
}

extension SMTPVerb {
    fileprivate var stage: CountedReply.Stage {
        switch self {
        case .ehlo, .helo, .lhlo: .ehlo
        case .mail: .mail
        case .rcpt: .rcpt
        case .data: .data
        case .bdat: .chunk
        case .starttls: .tls
        default: .other
        }
    }
}
