import MailTypes
import RunRecords
import SMTPProtocol
import SinkBehaviour

/// Replies of one event loop by stage and code.
struct ReplyTally: Sendable {
    /// What is said to most commands costs an addition.
    struct Usual: Sendable {
        var greeting: UInt64 = 0
        var ehlo: UInt64 = 0
        var mail: UInt64 = 0
        var rcpt: UInt64 = 0
        /// 354.
        var data: UInt64 = 0
        var final: UInt64 = 0
    }
    var usual = Usual()
    private var others: [Key: Count] = [:]

    private struct Key: Hashable {
        var stage: String
        var code: Int
    }
    private struct Count {
        var count: UInt64
        var firstText: String
    }

    /// - Parameter code: 0 where the connection ended without a reply.
    mutating func count(_ stage: String, _ code: Int, _ text: @autoclosure () -> String, _ times: UInt64 = 1) {
        let key = Key(stage: stage, code: code)
        if others[key] == nil { others[key] = Count(count: 0, firstText: text()) }
        others[key]!.count += times
    }

    /// What sessions answered by themselves.
    mutating func add(_ replies: [CountedReply]) {
        for reply in replies { count(reply.stage.rawValue, reply.code, reply.text, reply.count) }
    }

    /// Content that ended before anything was said of it.
    mutating func countLeft(_ text: String) { count(CountedReply.Stage.content.rawValue, 0, text) }

    mutating func count(_ stage: SinkStage, _ reply: SMTPReply) {
        count(stage.replyName, Int(reply.code), reply.description)
    }

    mutating func add(_ other: ReplyTally) {
        usual.greeting += other.usual.greeting
        usual.ehlo += other.usual.ehlo
        usual.mail += other.usual.mail
        usual.rcpt += other.usual.rcpt
        usual.data += other.usual.data
        usual.final += other.usual.final
        for (key, count) in other.others {
            others[key, default: Count(count: 0, firstText: count.firstText)].count += count.count
        }
    }

    /// In the order of a session, then by code.
    var counts: [ReplyCount] {
        var all = self
        let usual: [(String, Int, UInt64, String)] = [
            ("greeting", 220, self.usual.greeting, "greeting"), ("ehlo", 250, self.usual.ehlo, "greets"),
            ("mail", 250, self.usual.mail, "250 2.1.0 Sender ok"),
            ("rcpt", 250, self.usual.rcpt, "250 2.1.5 Recipient ok"),
            ("data", 354, self.usual.data, "354 End data with <CR><LF>.<CR><LF>"),
            ("final", 250, self.usual.final, "250 2.0.0 Message accepted"),
        ]
        for (stage, code, count, text) in usual where count > 0 {
            all.others[Key(stage: stage, code: code), default: Count(count: 0, firstText: text)].count += count
        }
        let order = ["greeting", "ehlo", "tls", "mail", "rcpt", "data", "chunk", "content", "final", "other"]
        return all.others.map {
            ReplyCount(stage: $0.key.stage, code: $0.key.code, count: $0.value.count, firstText: $0.value.firstText)
        }.sorted {
            let (a, b) = (order.firstIndex(of: $0.stage) ?? 99, order.firstIndex(of: $1.stage) ?? 99)
            return (a, $0.code) < (b, $1.code)
        }
    }
}

extension SinkStage {
    /// As ``ReplyCount/stage`` names it.
    var replyName: String {
        switch self {
        case .connect: "greeting"
        case .end: "final"
        default: rawValue
        }
    }
}
