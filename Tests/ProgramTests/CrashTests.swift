import Foundation
import RunRecords
import Testing

/// A process that is killed keeps its promises when it comes back.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(10))) struct CrashTests {
        /// Spool, durability, kills.
        @Test(arguments: [
            ("rocksdb", "fsync", 10), ("segment", "fsync", 10), ("localdisk", "fsync", 10),
            ("rocksdb", "os", 3), ("segment", "os", 3), ("localdisk", "os", 3),
        ])
        func killsUnderLoadLoseNothing(spool: String, durability: String, kills: Int) async throws {
            // More of them for a longer look: MILLRACE_KILLS=50 make test.
            let kills = ProcessInfo.processInfo.environment["MILLRACE_KILLS"].flatMap { Int($0) } ?? kills
            let settings = ["--spool", spool, "--durability", durability]
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink(["--ledger", stage.path("sink.ledger")])
            var mta = try await stage.mta(to: sink.port, settings)
            let port = mta.port
            var sent = GeneratorLedger()
            var interrupted = 0
            for round in 0..<kills {
                let name = "round-\(round)"
                let load = try stage.generator(
                    to: port, name: name,
                    ["--concurrency", "8", "--duration", "900ms", "--body-size", "4kb", "--seed", String(round + 1)])
                try await Task.sleep(nanoseconds: UInt64(150 + (round * 67) % 500) * 1_000_000)
                mta.program.kill()
                mta = try await stage.mta(to: sink.port, port: port, settings)
                try await load.waitForExit()
                let record = try RecordFile.read(GeneratorRecord.self, from: stage.path(name + ".json"))
                #expect(record.offered == record.accepted + record.refused + record.failed + record.inDoubt)
                if record.connectionsFailed > 0 { interrupted += 1 }
                try sent.add(stage.path(name + ".ledger"))
            }
            #expect(interrupted == kills, "each kill has to hit a generator at work")
            try await nothingIsQueued(stage)
            try await check(sent, mta, sink, stage.path("sink.ledger"))
        }

        /// Until all that is in the spool is at the sink.
        private func nothingIsQueued(_ stage: Stage) async throws {
            for _ in 0..<600 {
                let waiting = (try await stage.queue("spool").destinations ?? []).filter {
                    $0.ready + $0.deferred + $0.leased > 0
                }
                if waiting.isEmpty { return }
                try await Task.sleep(nanoseconds: 100_000_000)
            }
            throw StageFault("mail is still queued after a minute")
        }

        private func check(_ sent: GeneratorLedger, _ mta: Server, _ sink: Server, _ ledger: String) async throws {
            let relay = try await mta.stop(MTARecord.self)
            #expect(relay.queued == 0)
            #expect(relay.bounced == 0)
            #expect(
                relay.recovered + relay.accepted + relay.generated == relay.delivered + relay.bounced + relay.queued)
            let record = try await sink.stop(SinkRecord.self)
            let received = try SinkLedger(ledger)
            #expect(sent.accepted.count > 500, "too little load to prove anything")
            #expect(sent.accepted.subtracting(received.ids).isEmpty, "acknowledged and lost")
            #expect(
                received.ids.subtracting(sent.accepted).isSubset(of: sent.inDoubt), "arrived, but never offered whole")
            #expect(received.changed.isEmpty)
            #expect(record.received == UInt64(received.received))
            #expect(record.ledger?.duplicates == UInt64(received.duplicates))
            #expect(record.ledger?.unique == UInt64(received.ids.count))
            print(
                "kill -9, \(relay.spool) \(relay.durability): \(sent.accepted.count) acknowledged, \(sent.inDoubt.count) in doubt, "
                    + "\(received.ids.count) arrived, \(received.duplicates) of them twice")
        }
    }
}
