import MailTypes
package import SASLAuthentication
import TextCodecs

// AUTH as a client speaks it (RFC 4954): the strongest mechanism that both know.
extension ClientSession {
    /// After EHLO: nil where the answer is awaited.
    mutating func authenticate(_ who: ClientCredentials) -> Action? {
        guard var exchange = ClientExchange(who, offered: capabilities.authentication) else {
            return .sessionRefused(
                SMTPReply(504, .init(5, 5, 4), "AUTH SCRAM-SHA-256, PLAIN or LOGIN is wanted and not offered"))
        }
        let initial = exchange.begin()
        send("AUTH \(exchange.mechanism.rawValue)" + (initial.map { " " + $0 } ?? "") + "\r\n", .authenticate)
        self.exchange = exchange
        return nil
    }

    /// 334: the text of the reply is a challenge.
    mutating func challenged() -> Action? {
        guard exchange != nil else { return .sessionRefused(replies.reply) }
        let challenge = replies.lines.last.map { String(decoding: $0, as: UTF8.self) } ?? ""
        return follow(exchange!.respond(to: challenge))
    }

    /// 235: only who knows the password, too, may say so where the mechanism proves it (RFC 5802 §3).
    mutating func authenticated() -> Action? {
        guard exchange?.isProven != false else { return notProven }
        exchange = nil
        isReady = true
        return .ready
    }

    private var notProven: Action {
        .sessionRefused(SMTPReply(535, .init(5, 7, 8), "the server did not prove that it knows the password"))
    }

    private mutating func follow(_ step: ClientExchange.Step) -> Action? {
        switch step {
        case .respond(let line):
            send(line + "\r\n", .authenticate)
            return nil
        case .derive: return .deriveKeys
        case .failed(let text): return .sessionRefused(SMTPReply(535, .init(5, 7, 8), text))
        }
    }

    /// What is to be worked out after `.deriveKeys`, on a thread that may take its time; nil: nothing.
    package var derivation: KeyDerivation? { exchange?.derivation }

    /// The keys are there.
    /// - Returns: nil where the server's answer is awaited.
    package mutating func derived(_ keys: ScramKeys) -> Action? {
        guard exchange != nil else { return nil }
        return follow(exchange!.derived(keys))
    }
}
