import Glibc
import Measures
import SinkService
import Testing

/// A whole sink within the test: what its tasks do at the same time.
@Suite(.timeLimit(.minutes(2))) struct SinkServerTests {
    /// So many messages over one connection, all written at once; returns when the sink has answered all of them.
    private func send(_ count: Int, to port: UInt16) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
        }
        try #require(connected == 0)
        let message = "MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\n"
        let text = "EHLO c.test\r\n" + String(repeating: message, count: count) + "QUIT\r\n"
        let bytes = Array(text.utf8)
        try #require(write(descriptor, bytes, bytes.count) == bytes.count)
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while read(descriptor, &buffer, buffer.count) > 0 {}
    }

    /// Ticks, resets and looks at the counts at the same time: each message is counted in one run, and the seconds of the
    /// last one add up to its messages.
    @Test func ticksAndResetsAreNotMixed() async throws {
        let server = try await SinkServer.start(
            SinkConfiguration(
                listen: [Endpoint(host: "127.0.0.1", port: 0)], threads: 2, hostname: "sink.test"))
        let port = try #require(server.addresses[0].split(separator: ":").last.flatMap { UInt16($0) })
        var counted: UInt64 = 0
        for _ in 0..<100 {
            try send(5, to: port)
            async let first = server.tick(endsSecond: true)
            async let record = server.reset()
            async let counters = server.counters()
            async let second = server.tick(endsSecond: true)
            _ = try await (first, counters, second)
            counted += try await record.received
        }
        try send(7, to: port)
        _ = try await server.tick(endsSecond: true)
        let last = try await server.stop()
        #expect(counted + last.received == 507 && last.received >= 7)
        #expect(last.series.map(\.messages).reduce(0, +) == last.received)
    }
}
