import Measures
import SinkService
import Testing

@Suite struct ListenRangeTests {
    @Test func addressesAndPortsAreCountedOut() throws {
        let addresses = try ListenRange(parsing: "127.0.1.254-127.0.2.1:2525").endpoints
        #expect(
            addresses.map(\.description) == [
                "127.0.1.254:2525", "127.0.1.255:2525", "127.0.2.0:2525", "127.0.2.1:2525",
            ])
        let ports = try ListenRange(parsing: "127.0.0.1:25000-25002").endpoints
        #expect(ports.map(\.port) == [25000, 25001, 25002])
        #expect(try ListenRange(parsing: "127.0.1.1-127.0.20.250:2525").count == 5114)
    }

    @Test(arguments: [
        "127.0.0.1", "127.0.0.2-127.0.0.1:25", "127.0.0.1:26-25", "a-b:25", "127.0.0.1-127.0.0.2-127.0.0.3:25",
        "127.0.0.1:70000", "127.0.0.256:25", "127.0.0.0-127.0.255.255:25", "127.0.0.1:+25",
    ])
    func whatIsNoRangeIsRefused(text: String) {
        #expect(throws: UnitFault.self) { try ListenRange(parsing: text) }
    }
}
