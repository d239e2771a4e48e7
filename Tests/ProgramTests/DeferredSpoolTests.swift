import Foundation
import RunRecords
import Testing

/// `deferred_spool` of an injection: faster, and lost with the process; only where the configuration allows it.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(1))) struct DeferredSpoolTests {
        private func relay(_ stage: Stage, http: Int, allows: Bool) async throws -> Server {
            try """
            listen: 127.0.0.1:0
            hostname: mta.test
            smart_host: 127.0.0.1:\(try freePort())
            spool_dir: \(stage.path("spool"))
            record: \(stage.path("mta.json"))
            http: {address: "127.0.0.1:\(http)", deferred_spool: \(allows)}
            """.write(toFile: stage.path("mta.yaml"), atomically: true, encoding: .utf8)
            let program = try stage.program("mta", ["serve", "--config", stage.path("mta.yaml")])
            return Server(
                program: program, port: try await program.listeningPort(), recordPath: stage.path("mta.json"))
        }

        /// The next hop is down, the process is killed: what was written down is there again, and nothing else.
        @Test(arguments: [(true, 1), (false, 3)])
        func onlyWhatWasAgreedToIsLost(_ allows: Bool, _ kept: Int) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let http = try freePort()
            let first = try await relay(stage, http: http, allows: allows)
            let request =
                "\"envelope_sender\":\"a@x.test\",\"recipients\":[{\"email\":\"b@y.test\"}],\"content\":\"Subject: x\\n\\nx\\n\"}"
            try await stage.runScript(
                "inject.py",
                [
                    String(http), "{\"deferred_spool\":true," + request, "{" + request,
                    "{\"deferred_spool\":true," + request,
                ])
            first.program.kill()
            let second = try await relay(stage, http: http, allows: allows)
            #expect(try await second.stop(MTARecord.self).recovered == UInt64(kept))
        }
    }
}
