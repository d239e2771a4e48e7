import Foundation
import RunRecords
import Testing

/// Somebody presses Ctrl-C: what was begun ends, the record balances, and the exit code says that it was cut short.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(1))) struct InterruptTests {
        @Test func generatorEndsWhatItBegan() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink(["--ledger", stage.path("sink.ledger")])
            let load = try stage.generator(
                to: sink.port, ["--concurrency", "10", "--message-count", "100000000", "--body-size", "10kb"])
            try await sink.wait(for: 100)
            #expect(try await load.terminate() == 1, "not all that was asked for was offered")
            let record = try RecordFile.read(GeneratorRecord.self, from: stage.path("generator.json"))
            #expect(record.offered == record.accepted && record.accepted >= 100)
            let summary = try await sink.stop(SinkRecord.self)
            #expect(summary.received == record.accepted)
            #expect(summary.ledger?.unique == record.accepted)
        }
    }
}
