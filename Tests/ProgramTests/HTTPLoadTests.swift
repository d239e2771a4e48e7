import RunRecords
import TestSupport
import Testing

/// What many or large requests over HTTP do to others.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(1))) struct HTTPLoadTests {
        private func relay(_ stage: Stage, _ more: String = "") async throws -> (Server, http: Int) {
            let http = try freePort()
            let mta = try await stage.mta(
                configured: """
                    smart_host: 127.0.0.1:1
                    listen: 127.0.0.1:0
                    spool: memory
                    http:
                      address: 127.0.0.1:\(http)
                    \(more)
                    """)
            return (mta, http)
        }

        /// Connections and bodies have a bound; beyond it 503, and no memory.
        @Test func connectionsAndBodiesAreBounded() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let (mta, http) = try await relay(stage, "  max_connections: 20")
            try await stage.runScript(
                "http_limits.py", [String(http), String(mta.program.pid), "20", String(256 << 20)])
            #expect(try await mta.program.terminate() == 0)
        }

        /// A key is looked at before a body is; wrong ones cost those who have no right one.
        @Test func wrongKeysAreToldAtOnce() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let add = try stage.program(
                "mta", ["users", "add", "app", "--file", stage.path("keys")], input: "secret\n")
            #expect(try await add.waitForExit() == 0)
            let (mta, http) = try await relay(stage, "  trusted_networks: []\n  api_keys: \(stage.path("keys"))")
            try await stage.runScript("http_admission.py", [String(http)])
            #expect(try await mta.program.terminate() == 0)
        }

        /// Templates that cost a lot are another thread's work.
        @Test func nobodyWaitsForLargeRequests() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let (mta, http) = try await relay(stage)
            try await stage.runScript("http_beside.py", [String(http)])
            #expect(try await mta.program.terminate() == 0)
        }
    }
}
