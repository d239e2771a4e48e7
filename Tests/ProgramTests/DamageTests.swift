import Foundation
import RunRecords
import Testing

/// A bit that flips on the disk costs one message: the rest is delivered, the bad one is kept aside and named.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct DamageTests {
        /// Flips a bit in the middle of the tenth message that lies in the files below.
        private func damage(_ directory: String) throws {
            var seen = 0
            for name in try FileManager.default.subpathsOfDirectory(atPath: directory).sorted() {
                let path = directory + "/" + name
                guard var data = FileManager.default.contents(atPath: path) else { continue }
                var from = data.startIndex
                while let found = data.range(of: Data("Received: from ".utf8), in: from..<data.endIndex) {
                    seen += 1
                    from = found.upperBound
                    guard seen == 10 else { continue }
                    data[found.lowerBound + 2000] ^= 4
                    try data.write(to: URL(fileURLWithPath: path))
                    return
                }
            }
            throw StageFault("only \(seen) messages in \(directory)")
        }

        @Test(arguments: ["segment", "localdisk"]) func aFlippedBitCostsOneMessage(spool: String) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let port = try freePort()
            try "log: {directory: \(stage.path("log")), events: [Quarantine]}"
                .write(toFile: stage.path("log.yaml"), atomically: true, encoding: .utf8)
            let settings = ["--spool", spool, "--config", stage.path("log.yaml")]
            let mta = try await stage.mta(to: port, settings)
            let load = try stage.generator(
                to: mta.port, ["--concurrency", "3", "--message-count", "30", "--body-size", "5kb"])
            #expect(try await load.waitForExit() == 0)
            #expect(try await mta.stop(MTARecord.self).queued == 30)
            try damage(stage.path("spool"))
            let check = try stage.program(
                "mta", ["spool", "check", "--spool", spool, "--spool-dir", stage.path("spool")])
            #expect(try await check.waitForExit() == 1)
            #expect(check.output.contains("unreadable: "), "\(check.output)")
            let sink = try await stage.sink(["--ledger", stage.path("sink.ledger")], port: port)
            let next = try await stage.mta(to: port, settings)
            try await next.wait(for: 29)
            let kept = stage.path("spool") + "/quarantine"
            try await eventually("a file in quarantine") {
                (try? FileManager.default.contentsOfDirectory(atPath: kept))?.count == 1 ? () : nil
            }
            let record = try await next.stop(MTARecord.self)
            #expect(record.delivered == 29 && record.queued == 0)
            // Found when it was read for its delivery, or at the start already.
            #expect(record.recovered == 29 || record.quarantined == 1)
            let events = try FileManager.default.contentsOfDirectory(atPath: stage.path("log"))
                .compactMap { FileManager.default.contents(atPath: stage.path("log/" + $0)) }.reduce(Data(), +)
                .split(separator: 0x0A)
            #expect(events.count == Int(record.quarantined ?? 0))
            #expect(record.faults.contains { $0.contains("quarantine/") }, "\(record.faults)")
            let summary = try #require(try await sink.stop(SinkRecord.self).ledger)
            #expect(summary.unique == 29 && summary.changed == 0, "never altered mail")
            // It is over: the next start knows nothing of it.
            let last = try await stage.mta(to: port, settings)
            #expect(try await last.stop(MTARecord.self).recovered == 0)
        }
    }
}
