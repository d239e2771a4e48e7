import RunRecords
import TestSupport
import Testing

/// Listeners behind proxies that say for whom they speak.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(1))) struct ProxyTests {
        /// Whose address or name XCLIENT calls unavailable has none of the proxy's rights, nor those of the client before;
        /// limits are those of the client that is meant.
        @Test func clientsOfProxiesHaveTheirOwnRights() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let kept = try stage.openDirectory("kept")
            let sink = try await stage.sink(["--keep", kept])
            let mta = try await stage.mta(
                configured: """
                    smart_host: 127.0.0.1:\(sink.port)
                    relay_networks: [127.0.0.0/8]
                    listeners:
                      - name: mx
                        address: 127.0.0.1:0
                        xclient_networks: [127.0.0.1]
                        max_connections_per_client: 2
                    """)
            try await stage.runScript("xclient.py", [String(mta.port)])
            try await mta.wait(for: 1)
            #expect(try await mta.stop(MTARecord.self).accepted == 1)
            let message = String(decoding: try #require(KeptMessage.all(in: kept).first).content, as: UTF8.self)
            #expect(message.hasPrefix("Received: from client.test (unknown)\r\n\tby mta.test"), "\(message)")
        }
    }
}
