import Foundation
import RunRecords
import TestSupport
import Testing

/// The replies of each stage add up to the messages that came to it, whatever became of the connections.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct ReplyCountTests {
        private struct Replies {
            let record: GeneratorRecord
            func count(_ stage: String, _ of: (Int) -> Bool = { _ in true }) -> UInt64 {
                record.replies.filter { $0.stage == stage && of($0.code) }.reduce(0) { $0 + $1.count }
            }
            func refused(_ stage: String) -> UInt64 { record.refusedAt?[stage] ?? 0 }
            func unanswered(_ stage: String) -> UInt64 { record.unansweredAt?[stage] ?? 0 }
        }

        private func run(_ server: [String], _ arguments: [String], code: Int32) async throws -> GeneratorRecord {
            let stage = try Stage()
            defer { stage.close() }
            let port = try await stage.script("breaking_server.py", server).listeningPort()
            let load = try stage.generator(to: port, arguments)
            #expect(try await load.waitForExit(seconds: 60) == code, "\(load.errorOutput)")
            return try RecordFile.read(GeneratorRecord.self, from: stage.path("generator.json"))
        }

        /// The equations of docs/TRAFFIC-GEN.md, with a server that breaks off in every way.
        @Test(arguments: ["0", "1", "2"]) func repliesAddUp(depth: String) async throws {
            let record = try await run([], ["-n", "16", "-c", "1", "--pipelining-depth", depth], code: 1)
            let replies = Replies(record: record)
            let positive: (Int) -> Bool = { $0 / 100 == 2 }
            #expect(record.offered == 16)
            #expect(record.offered == record.accepted + record.refused + record.failed + record.inDoubt)
            let again = record.offeredAgain ?? 0
            #expect(record.offered + again == replies.count("mail") + replies.unanswered("mail"))
            #expect(
                replies.count("mail", positive)
                    == replies.refused("rcpt") + replies.unanswered("rcpt") + replies.count("data")
                    + replies.unanswered("data"))
            #expect(replies.count("data") { $0 == 354 } == replies.count("final") + replies.unanswered("final"))
            #expect(replies.count("final", positive) == record.accepted)
            #expect(replies.count("mail") { $0 >= 400 } == replies.refused("mail") + again)
            #expect(replies.count("data") { $0 >= 400 } == replies.refused("data"))
            #expect(replies.count("final") { $0 >= 400 } == replies.refused("final"))
            #expect(record.refused == (record.refusedAt ?? [:]).values.reduce(0, +))
            #expect(record.failed + record.inDoubt == (record.unansweredAt ?? [:]).values.reduce(0, +))
            #expect(record.inDoubt == replies.unanswered("final") && record.inDoubt > 0)
            // A 421 that answers a message is among the replies to messages, and nowhere else.
            #expect(replies.count("mail") { $0 == 421 } > 0 && replies.count("final") { $0 == 421 } > 0)
            #expect(replies.count("connection") { $0 == 421 } == 0)
        }

        /// A server that has had enough of a connection has not refused the message: another connection takes it.
        @Test(arguments: ["0", "2"]) func whoIsToldToGoComesAgain(depth: String) async throws {
            let record = try await run(
                ["limit", "3"], ["-n", "20", "-c", "2", "--pipelining-depth", depth], code: 0)
            let told = Replies(record: record).count("mail") { $0 == 421 }
            #expect(record.offered == 20 && record.accepted == 20 && record.connectionsFailed == 0)
            #expect(told >= 5 && record.offeredAgain == told && record.connectionsClosed == told)
        }

        /// One that takes nothing on any connection has refused it.
        @Test func itComesAgainForSomeTimesOnly() async throws {
            let record = try await run(["limit", "0"], ["-n", "1", "-c", "1"], code: 1)
            #expect(record.offered == 1 && record.refused == 1 && record.refusedAt == ["mail": 1])
            #expect(record.offeredAgain == 4 && Replies(record: record).count("mail") == 5)
            #expect(record.connectionsClosed == 0 && record.connectionsFailed == 5)
        }

        /// LMTP answers the content once for each recipient: all of it is counted.
        @Test(arguments: ["0", "2"]) func everyRecipientsReplyCounts(depth: String) async throws {
            let record = try await run(
                ["lmtp"],
                ["-n", "8", "-c", "1", "--protocol", "lmtp", "--recipients", "3", "--pipelining-depth", depth], code: 1)
            let replies = Replies(record: record)
            #expect(record.accepted == 6 && record.refused == 2 && record.refusedAt == ["final": 2])
            #expect(record.recipientsAccepted == 12 && record.recipientsRefused == 6)
            #expect(replies.count("rcpt") { $0 == 250 } == 24)
            #expect(replies.count("final") { $0 == 250 } == 12 && replies.count("final") { $0 == 452 } == 12)
        }
    }
}
