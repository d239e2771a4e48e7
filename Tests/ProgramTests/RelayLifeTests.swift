import Foundation
import RunRecords
import Testing

/// Stopping, waiting for a next hop that is down, and telling the sender what cannot be delivered.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct RelayLifeTests {
        @Test func stoppingUnderLoadLosesNothing() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink(["--ledger", stage.path("sink.ledger")])
            let mta = try await stage.mta(to: sink.port)
            let load = try stage.generator(
                to: mta.port, ["--concurrency", "20", "--duration", "2s", "--body-size", "10kb"])
            try await mta.wait(for: 200)
            let first = try await mta.stop(MTARecord.self)
            try await load.waitForExit()
            #expect(first.accepted == first.delivered + first.bounced + first.queued)
            // What stayed in the spool is delivered by the next one; nothing can have been sent twice.
            let next = try await stage.mta(to: sink.port)
            try await next.wait(for: Int(first.queued))
            let second = try await next.stop(MTARecord.self)
            #expect(second.recovered == first.queued)
            #expect(second.possibleDuplicates == 0)
            #expect(second.queued == 0)
            _ = try await sink.stop(SinkRecord.self)
            var sent = GeneratorLedger()
            try sent.add(stage.path("generator.ledger"))
            let received = try SinkLedger(stage.path("sink.ledger"))
            #expect(sent.accepted.count >= 200)
            #expect(sent.accepted.subtracting(received.ids).isEmpty)
            #expect(received.duplicates == 0)
            #expect(received.changed.isEmpty)
        }

        @Test func mailWaitsForANextHopThatIsDown() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let port = try freePort()
            let mta = try await stage.mta(to: port)
            let load = try stage.generator(
                to: mta.port, ["--concurrency", "5", "--message-count", "50", "--body-size", "1kb"])
            #expect(try await load.waitForExit() == 0)
            let first = try await mta.stop(MTARecord.self)
            #expect(first.accepted == 50)
            #expect(first.delivered == 0)
            #expect(first.bounced == 0)
            #expect(first.queued == 50)
            let sink = try await stage.sink(["--ledger", stage.path("sink.ledger")], port: port)
            let next = try await stage.mta(to: port)
            try await next.wait(for: 50)
            let second = try await next.stop(MTARecord.self)
            #expect(second.recovered == 50)
            #expect(second.delivered == 50)
            let summary = try #require(try await sink.stop(SinkRecord.self).ledger)
            #expect(summary.unique == 50)
            #expect(summary.duplicates == 0)
        }

        @Test func mailIsRetriedWhenTheNextHopComesBack() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let port = try freePort()
            let mta = try await stage.mta(to: port)
            let load = try stage.generator(
                to: mta.port, ["--concurrency", "5", "--message-count", "50", "--body-size", "1kb"])
            #expect(try await load.waitForExit() == 0)
            let sink = try await stage.sink(["--ledger", stage.path("sink.ledger")], port: port)
            try await mta.wait(for: 50)
            let record = try await mta.stop(MTARecord.self)
            #expect(record.delivered == 50)
            #expect(record.deferrals == 0, "the next hop was down, not the mail bad: no attempt was used up")
            #expect(try await sink.stop(SinkRecord.self).ledger?.unique == 50)
        }

        @Test func aPermanentFailureIsReportedToTheSenderOnce() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let kept = try stage.openDirectory("kept")
            let server = try stage.script("refusing_server.py", [kept])
            let mta = try await stage.mta(to: try await server.listeningPort())
            try await stage.runScript("send_one.py", [String(mta.port), "sender@origin.test", "reject@far.test"])
            try await stage.runScript("send_one.py", [String(mta.port), "", "reject@far.test"])
            // Two refused recipients and the notification.
            try await mta.wait(for: 3)
            let record = try await mta.stop(MTARecord.self)
            #expect(record.accepted == 2)
            #expect(record.bounced == 2)
            #expect(record.generated == 1)
            #expect(record.delivered == 1)
            #expect(record.queued == 0)
            let messages = try KeptMessage.all(in: kept)
            let report = try #require(messages.first)
            #expect(messages.count == 1)
            #expect(report.reversePath == "")
            #expect(report.recipients == ["sender@origin.test"])
            for part in [
                "multipart/report", "report-type=delivery-status", "message/delivery-status", "Action: failed",
                "reject@far.test", "5.1.1", "Subject: one to be refused",
            ] {
                #expect(report.text.contains(part), "the notification lacks '\(part)'")
            }
        }
    }
}
