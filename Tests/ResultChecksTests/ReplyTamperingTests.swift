import ResultChecks
import ResultStore
import RunRecords
import Testing

/// Replies that do not add up, though all else does.
@Suite struct ReplyTamperingTests {
    typealias Row = ResultCheckTests.Row

    static let rows: [Row] = [
        Row(what: "replies to MAIL are left out", checks: ["replies"], says: "mail is 900, offered messages") {
            try $0.tamper { $0[path: "generator.replies.2.count"] = 900 }
        },
        Row(what: "a reply to MAIL is another", checks: ["replies"], says: "mail 4yz and 5yz is 1000") {
            try $0.tamper { $0[path: "generator.replies.2.code"] = 450 }
        },
        Row(what: "recipients are left out", checks: ["replies"], says: "mail 2yz is 1000, replies to RCPT") {
            try $0.tamper { $0[path: "generator.replies.3.count"] = 999 }
        },
        Row(what: "DATA is left out", checks: ["replies"], says: "rcpt 2yz is 1000, replies to DATA") {
            try $0.tamper { $0[path: "generator.replies.1.count"] = 999 }
        },
        Row(what: "a refusal is made up", checks: ["replies"], says: "generator.refused is 0, refused_at sums to 3") {
            try $0.tamper { $0[path: "generator.refused_at.rcpt"] = 3 }
        },
        Row(what: "an end is made up", checks: ["replies"], says: "unanswered_at sums to 5") {
            try $0.tamper { $0[path: "generator.unanswered_at.data"] = 5 }
        },
        Row(what: "messages come again that did not", checks: ["replies"], says: "one each time, are 1007") {
            try $0.tamper { $0[path: "generator.offered_again"] = 7 }
        },
        Row(what: "the sink has refused what it took", checks: ["replies"], says: "sink.received is 1000") {
            try $0.tamper { $0[path: "sink.replies.5.code"] = 452 }
        },
        Row(what: "content of the sink is left out", checks: ["replies"], says: "sink.begun is 900") {
            try $0.tamper { $0[path: "sink.begun"] = 900 }
        },
        Row(what: "the sink has greeted more than came", checks: ["replies"], says: "sink.connections is 8, greeted") {
            try $0.tamper { $0[path: "sink.replies.0.count"] = 9 }
        },
    ]

    @Test(arguments: rows) func repliesThatDoNotAddUpAreRefused(_ row: Row) throws {
        try row.expectRefusal(of: GoodResult.bundle(GoodResult.record()))
    }

    private static func problems(_ record: RunRecord) throws -> [String] {
        ResultCheck(try GoodResult.bundle(record)).failures.filter { $0.check == "replies" }.map(\.detail)
    }

    /// Refused and broken off at every stage, and told 421 at MAIL.
    @Test func whateverBecameOfMessagesAddsUp() throws {
        var record = try GoodResult.record()
        (record.generator.offered, record.generator.refused) = (1008, 4)
        (record.generator.failed, record.generator.inDoubt, record.generator.offeredAgain) = (3, 1, 2)
        record.generator.refusedAt = ["mail": 1, "rcpt": 1, "data": 1, "final": 1]
        record.generator.unansweredAt = ["mail": 1, "rcpt": 1, "data": 1, "final": 1]
        let replies: [(String, Int, UInt64)] = [
            ("mail", 250, 1006), ("mail", 421, 3), ("rcpt", 250, 1004), ("rcpt", 550, 1), ("data", 354, 1002),
            ("data", 451, 1), ("final", 250, 1000), ("final", 452, 1), ("connection", 0, 9), ("greeting", 421, 2),
        ]
        record.generator.replies = replies.map { ReplyCount(stage: $0, code: $1, count: $2, firstText: "") }
        #expect(try Self.problems(record) == [])
        // With BDAT, where the target offers it.
        record.generator.chunking = true
        record.generator.replies.removeAll { $0.stage == "data" }
        (record.generator.refusedAt, record.generator.refused) = (["mail": 1, "rcpt": 1, "final": 2], 4)
        record.generator.unansweredAt = ["mail": 1, "rcpt": 1, "final": 2]
        record.generator.inDoubt = 2
        record.generator.failed = 2
        for (index, reply) in record.generator.replies.enumerated() where reply.code == 452 {
            record.generator.replies[index].count = 2
        }
        #expect(try Self.problems(record) == [])
    }

    /// Several recipients have several replies, a request over HTTP has one for many messages, and what is older than the
    /// counts by stage has none.
    @Test func whereRepliesAreNotOnesOfMessagesTheyAreLeftAlone() throws {
        var record = try GoodResult.record()
        record.generator.transport = TransportFacts(
            protocolName: "smtp", tls: "none", isAuthenticated: false, messagesPerConnection: nil, batchSize: nil,
            recipients: 3)
        record.generator.replies = record.generator.replies.map {
            ReplyCount(stage: $0.stage, code: $0.code, count: $0.stage == "rcpt" ? 3000 : $0.count, firstText: "")
        }
        #expect(try Self.problems(record) == [])
        record.generator.transport?.protocolName = "http"
        record.generator.replies = [ReplyCount(stage: "http", code: 200, count: 10, firstText: "")]
        #expect(try Self.problems(record) == [])
        var old = try GoodResult.record()
        (old.generator.refusedAt, old.generator.unansweredAt, old.sink.replies) = (nil, nil, nil)
        old.generator.replies.removeAll { $0.stage == "mail" }
        #expect(try Self.problems(old) == [])
    }
}
