import Foundation
import RunRecords
import Testing

/// `mta spool` and `mta queue` on a running and on a stopped relay.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct ToolTests {
        /// Runs `mta` with these words to its end.
        private func tool(_ stage: Stage, _ words: [String], code: Int32 = 0) async throws -> String {
            let program = try stage.program("mta", words)
            let ended = try await program.waitForExit()
            guard ended == code else {
                throw StageFault("mta \(words.joined(separator: " ")) ended with \(ended): \(program.errorOutput)")
            }
            return program.output
        }

        private func queue(_ stage: Stage) async throws -> ControlResponse {
            let text = try await tool(
                stage, ["queue", "list", "--spool-dir", stage.path("spool"), "--format", "json", "--limit", "100"])
            return try JSONDecoder().decode(ControlResponse.self, from: Data(text.utf8))
        }

        @Test func operatingARunningQueue() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let port = try freePort()
            let settings = ["--spool", "segment"]
            let mta = try await stage.mta(to: port, settings)
            let load = try stage.generator(
                to: mta.port, ["--concurrency", "2", "--message-count", "10", "--body-size", "1kb"])
            #expect(try await load.waitForExit() == 0)
            let control = ["--spool-dir", stage.path("spool")]
            let listed = try await queue(stage)
            #expect(listed.destinations?.map(\.ready) == [10])
            let ids = try #require(listed.deliveries).map(\.id)
            #expect(ids.count == 10)
            #expect(try await tool(stage, ["queue", "hold"] + control + Array(ids[..<4])) == "4 deliveries held\n")
            #expect(try await tool(stage, ["queue", "release"] + control + [ids[3]]) == "1 delivery released\n")
            #expect(
                try await tool(stage, ["queue", "remove"] + control + Array(ids[8...])) == "2 deliveries removed\n")
            let text = try await tool(stage, ["queue", "list"] + control)
            #expect(
                text.contains("left_alone_until") && text.contains("connect to 127.0.0.1:\(port): Connection refused"),
                "\(text)")
            _ = try await tool(stage, ["queue", "remove"] + control + ["00000000000000000000000000000001"], code: 1)
            _ = try await tool(stage, ["queue", "flush"] + control, code: 2)
            let first = try await mta.stop(MTARecord.self)
            #expect(first.removed == 2 && first.queued == 8)
            // Held mail stays held over a restart; the rest goes as soon as the next hop is there.
            let sink = try await stage.sink(["--ledger", stage.path("sink.ledger")], port: port)
            let next = try await stage.mta(to: port, settings)
            try await next.wait(for: 5)
            #expect(try await queue(stage).destinations?.map(\.held) == [3])
            #expect(try await tool(stage, ["queue", "release", "--all"] + control) == "3 deliveries released\n")
            try await next.wait(for: 8)
            let second = try await next.stop(MTARecord.self)
            #expect(second.delivered == 8 && second.queued == 0)
            #expect(try await sink.stop(SinkRecord.self).ledger?.unique == 8)
            _ = try await tool(stage, ["queue", "list"] + control, code: 1)
        }

        @Test(arguments: [("segment", "rocksdb"), ("rocksdb", "localdisk"), ("localdisk", "segment")])
        func movingMailToAnotherSpool(from: String, to: String) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let port = try freePort()
            let mta = try await stage.mta(to: port, ["--spool", from])
            let load = try stage.generator(
                to: mta.port, ["--concurrency", "5", "--message-count", "40", "--body-size", "5kb"])
            #expect(try await load.waitForExit() == 0)
            let old = ["--spool", from, "--spool-dir", stage.path("spool")]
            #expect(try await mta.stop(MTARecord.self).queued == 40)
            #expect(try await tool(stage, ["spool", "check"] + old).hasPrefix("40 messages"))
            #expect(try await tool(stage, ["spool", "stat"] + old).contains("messages"))
            let csv = try await tool(stage, ["spool", "list", "--format", "csv"] + old).split(separator: "\n")
            #expect(csv.count == 41)
            let id = String(try #require(csv.last).prefix(32))
            let shown = try await tool(stage, ["spool", "show", id] + old)
            #expect(shown.hasPrefix("{") && shown.contains("\nReceived: from ") || shown.contains("}\nReceived: from "))
            #expect(try await tool(stage, ["spool", "export", stage.path("out")] + old).hasPrefix("40 messages"))
            let new = ["--spool", to, "--spool-dir", stage.path("other")]
            #expect(try await tool(stage, ["spool", "import", stage.path("out")] + new).hasPrefix("40 messages"))
            let sink = try await stage.sink(["--ledger", stage.path("sink.ledger")], port: port)
            let next = try await stage.mta(to: port, spool: "other", ["--spool", to])
            try await next.wait(for: 40)
            let record = try await next.stop(MTARecord.self)
            #expect(record.recovered == 40 && record.delivered == 40)
            let summary = try #require(try await sink.stop(SinkRecord.self).ledger)
            #expect(summary.unique == 40 && summary.changed == 0, "content is what it was")
        }

        @Test(arguments: ["segment", "rocksdb", "localdisk"]) func readingARunningSpool(spool: String) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let mta = try await stage.mta(to: try freePort(), ["--spool", spool])
            let load = try stage.generator(
                to: mta.port, ["--concurrency", "3", "--message-count", "30", "--body-size", "3kb"])
            #expect(try await load.waitForExit() == 0)
            let which = ["--spool", spool, "--spool-dir", stage.path("spool")]
            #expect(
                try await tool(stage, ["spool", "list", "--format", "json"] + which).split(separator: "\n").count == 30)
            #expect(try await tool(stage, ["spool", "check"] + which).hasPrefix("30 messages"))
            #expect(try await tool(stage, ["spool", "stat"] + which).hasPrefix("messages"))
            #expect(try await tool(stage, ["spool", "export", stage.path("out")] + which).hasPrefix("30 messages"))
            // Taking mail in needs the spool for itself.
            _ = try await tool(stage, ["spool", "import", stage.path("out")] + which, code: 1)
            #expect(try await mta.stop(MTARecord.self).queued == 30)
            let next = try await stage.mta(to: try freePort(), ["--spool", spool])
            let record = try await next.stop(MTARecord.self)
            #expect(record.recovered == 30 && record.possibleDuplicates == 0, "the tools changed nothing")
        }

        @Test func aSpoolThatIsNotThere() async throws {
            let stage = try Stage()
            defer { stage.close() }
            _ = try await tool(stage, ["spool", "stat", "--spool-dir", stage.path("nothing")], code: 2)
            _ = try await tool(stage, ["spool", "stat"], code: 2)
            _ = try await tool(stage, ["spool", "show", "xyz", "--spool-dir", stage.path("nothing")], code: 2)
        }
    }
}
