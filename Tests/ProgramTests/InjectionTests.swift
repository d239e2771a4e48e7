import Foundation
import RunRecords
import Testing

/// Mail over HTTP, as KumoMTA's clients send it, and what is served beside.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct InjectionTests {
        private func relay(_ stage: Stage, to sink: Int, _ more: String = "") async throws -> (Server, http: Int) {
            let http = try freePort()
            try """
            listen: 127.0.0.1:0
            hostname: mta.test
            smart_host: 127.0.0.1:\(sink)
            spool_dir: \(stage.path("spool"))
            record: \(stage.path("mta.json"))
            http:
              address: 127.0.0.1:\(http)
            \(more)
            """.write(toFile: stage.path("mta.yaml"), atomically: true, encoding: .utf8)
            let program = try stage.program("mta", ["serve", "--config", stage.path("mta.yaml")])
            let port = try await program.listeningPort()
            return (Server(program: program, port: port, recordPath: stage.path("mta.json")), http)
        }

        /// Requests of every kind through Python's own HTTP client; what arrives is judged by the sink.
        @Test func clientsInject() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let kept = try stage.openDirectory("kept")
            let sink = try await stage.sink(["--keep", kept])
            let (mta, http) = try await relay(stage, to: sink.port)
            let output = try await stage.runScript("http_clients.py", [String(http)])
            let expected = try #require(Int(output.trimmingCharacters(in: .whitespacesAndNewlines)))
            try await mta.wait(for: expected)
            let record = try await mta.stop(MTARecord.self)
            #expect(record.delivered == UInt64(expected) && record.queued == 0)
            let messages = try KeptMessage.all(in: kept)
            // One transaction a recipient: nobody sees the others.
            #expect(messages.count == expected && messages.allSatisfy { $0.recipients.count == 1 })
            // Whatever stood in a text arrived as one message, dots and line ends whole.
            let smuggled = messages.filter { $0.recipients[0].hasPrefix("smuggle") }
            #expect(smuggled.count == 8)
            #expect(smuggled.allSatisfy { $0.text.contains("MAIL FROM:<evil@x.test>") })
        }

        /// Keys: none, wrong, right; trusted clients need none.
        @Test func keysAreAsked() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let add = try stage.program(
                "mta", ["users", "add", "app", "--file", stage.path("keys")], input: "secret\n")
            #expect(try await add.waitForExit() == 0)
            let (mta, http) = try await relay(
                stage, to: sink.port, "  trusted_networks: []\n  api_keys: \(stage.path("keys"))")
            try await stage.runScript("http_keys.py", [String(http)])
            #expect(try await mta.stop(MTARecord.self).accepted == 2)
        }
    }
}
