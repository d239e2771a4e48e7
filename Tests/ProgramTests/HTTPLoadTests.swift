import RunRecords
import TestSupport
import Testing

/// What many or large requests over HTTP do to others.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(1))) struct HTTPLoadTests {
        /// Connections and bodies have a bound; beyond it 503, and no memory.
        @Test func connectionsAndBodiesAreBounded() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let (mta, http) = try await stage.injectingRelay(to: 1, spool: "memory", "  max_connections: 20")
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
            let (mta, http) = try await stage.injectingRelay(
                to: 1, spool: "memory", "  trusted_networks: []\n  api_keys: \(stage.path("keys"))")
            try await stage.runScript("http_admission.py", [String(http)])
            #expect(try await mta.program.terminate() == 0)
        }

        /// Templates that cost a lot are another thread's work.
        @Test func nobodyWaitsForLargeRequests() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let (mta, http) = try await stage.injectingRelay(to: 1, spool: "memory")
            try await stage.runScript("http_beside.py", [String(http)])
            #expect(try await mta.program.terminate() == 0)
        }
    }
}
