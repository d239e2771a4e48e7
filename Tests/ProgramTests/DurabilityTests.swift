import Foundation
import RunRecords
import Testing

/// What each spool and durability keeps, and what is read back is what came in.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct DurabilityTests {
        private func deliver(
            _ stage: Stage, _ settings: [String], size: String = "10kb", count: Int = 300
        ) async throws -> MTARecord {
            let sink = try await stage.sink(["--ledger", stage.path("sink.ledger")])
            let mta = try await stage.mta(to: sink.port, settings)
            let load = try stage.generator(
                to: mta.port, ["--concurrency", "20", "--message-count", "\(count)", "--body-size", size])
            #expect(try await load.waitForExit() == 0)
            try await mta.wait(for: count)
            let record = try await mta.stop(MTARecord.self)
            let summary = try #require(try await sink.stop(SinkRecord.self).ledger)
            #expect(summary.unique == UInt64(count))
            #expect(summary.duplicates == 0 && summary.changed == 0)
            return record
        }

        /// With no memory for content every message is read back from the spool.
        @Test(arguments: ["segment", "rocksdb", "localdisk", "memory"]) func contentIsReadBackUnchanged(spool: String)
            async throws
        {
            let stage = try Stage()
            defer { stage.close() }
            let record = try await deliver(stage, ["--spool", spool, "--resident-memory", "0"])
            #expect(record.delivered == 300 && record.queued == 0)
        }

        @Test(arguments: ["null", "memory"]) func withoutFiles(spool: String) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let record = try await deliver(stage, ["--spool", spool])
            #expect(record.durability == "none")
            #expect(record.delivered == 300 && record.queued == 0)
        }

        @Test func nullKeepsInMemoryWhatCannotGoYet() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let port = try freePort()
            let mta = try await stage.mta(to: port, ["--spool", "null"])
            let load = try stage.generator(
                to: mta.port, ["--concurrency", "5", "--message-count", "50", "--body-size", "1kb"])
            #expect(try await load.waitForExit() == 0)
            let sink = try await stage.sink(["--ledger", stage.path("sink.ledger")], port: port)
            try await mta.wait(for: 50)
            #expect(try await mta.stop(MTARecord.self).delivered == 50)
            #expect(try await sink.stop(SinkRecord.self).ledger?.unique == 50)
        }

        @Test func whatCannotBeReadBackIsRefusedBeforeMemoryEnds() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let mta = try await stage.mta(to: try freePort(), ["--spool", "null", "--resident-memory", "2MiB"])
            let load = try stage.generator(
                to: mta.port, ["--concurrency", "5", "--message-count", "100", "--body-size", "100kb"])
            #expect(try await load.waitForExit() == 1)
            let sent = try RecordFile.read(GeneratorRecord.self, from: stage.path("generator.json"))
            #expect(sent.refused > 50 && sent.accepted > 10, "\(sent.accepted) taken, \(sent.refused) refused")
            #expect(sent.replies.contains { $0.code == 452 }, "\(sent.replies)")
        }

        /// 60 clients in the middle of 4 MB each would be 240 MB.
        @Test func clientsAheadOfTheDiskAreHeldBack() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink(["--ledger", stage.path("sink.ledger")])
            let mta = try await stage.mta(
                to: sink.port,
                ["--spool", "segment", "--receive-memory", "8MiB", "--resident-memory", "0"]
                    + ["--smart-host-connections", "2"])
            let load = try stage.generator(
                to: mta.port, ["--concurrency", "60", "--message-count", "120", "--body-size", "4mb"])
            #expect(try await load.waitForExit(seconds: 60) == 0)
            try await mta.wait(for: 120, seconds: 60)
            let peak = try mta.program.peakResidentBytes()
            #expect(peak < 150 << 20, "\(peak >> 20) MiB")
            _ = try await mta.stop(MTARecord.self)
            let summary = try #require(try await sink.stop(SinkRecord.self).ledger)
            #expect(summary.unique == 120 && summary.changed == 0)
        }

        /// Delivered at once: nothing is written. Not delivered: it is, when the program stops.
        @Test(arguments: ["segment", "rocksdb", "localdisk"]) func deferredWritesOnlyWhatStays(spool: String)
            async throws
        {
            let stage = try Stage()
            defer { stage.close() }
            let settings = ["--spool", spool, "--durability", "deferred"]
            let record = try await deliver(stage, settings, size: "100kb")
            #expect(record.durability == "deferred")
            let port = try freePort()
            let mta = try await stage.mta(to: port, settings)
            let load = try stage.generator(
                to: mta.port, name: "second", ["--concurrency", "5", "--message-count", "50", "--body-size", "1kb"])
            #expect(try await load.waitForExit() == 0)
            #expect(try await mta.stop(MTARecord.self).queued == 50)
            let sink = try await stage.sink(["--ledger", stage.path("second.ledger")], port: port)
            let next = try await stage.mta(to: port, settings)
            try await next.wait(for: 50)
            let second = try await next.stop(MTARecord.self)
            #expect(second.recovered == 50 && second.possibleDuplicates == 0 && second.delivered == 50)
            #expect(try await sink.stop(SinkRecord.self).ledger?.unique == 50)
        }
    }
}
