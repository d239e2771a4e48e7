import DeliveryQueue
import MailRouting
import MailTypes
import NIOCore
import RelayService
import SpoolContract
import Testing

/// Mail that has to be there by a time, at a relay whose next hop is down.
@Suite(.timeLimit(.minutes(2))) struct DeadlineTests {
    private static func relay(_ spool: MemorySpool) async throws -> RelayServer {
        var listener = ListenerConfiguration(name: "in", host: "127.0.0.1", port: 0)
        listener.rules.deliverByMinimum = 0
        let nowhere = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
        var configuration = RelayConfiguration(
            listeners: [listener], hostname: "mx.test",
            routes: RouteTable(smartHost: .init(addresses: [.init(address: nowhere, name: "")], text: "nowhere")),
            threads: 1, policies: DestinationPolicies(), spoolName: "memory", durabilityName: "none")
        configuration.relayPolicy = RelayPolicy(networks: NetworkSet([NetworkPrefix("127.0.0.0/8")!]))
        configuration.drainSeconds = 0.2
        return try await RelayServer.start(configuration, spool: spool)
    }

    /// The content of the notification to the sender, as soon as there is one.
    private static func notification(_ spool: MemorySpool) async throws -> String {
        for _ in 0..<600 {
            var ids: [MessageID] = []
            _ = try spool.enumerate { if $0.envelope.reversePath.isNull { ids.append($0.id) } }
            if let id = ids.first, let stored = try spool.load(id) {
                return stored.message.content.slices.map { String(buffer: $0) }.joined()
            }
            try await Task.sleep(nanoseconds: 50_000_000)
        }
        return ""
    }

    /// RFC 2852 §4.1.3: that the time is over is told of recipients without NOTIFY, and of those whose NOTIFY has DELAY.
    @Test func whatIsNotInTimeIsADelay() async throws {
        let spool = MemorySpool()
        let server = try await Self.relay(spool)
        let replies = try await Visitor.visit(server.address) { visitor in
            var replies = [try visitor.hear()]
            for line in [
                "EHLO x.test", "MAIL FROM:<a@x.test> BY=-1;N", "RCPT TO:<usual@y.test>",
                "RCPT TO:<delay@y.test> NOTIFY=SUCCESS,DELAY", "RCPT TO:<failure@y.test> NOTIFY=FAILURE",
                "RCPT TO:<never@y.test> NOTIFY=NEVER", "DATA", "Subject: Hi\r\n\r\nHi\r\n.",
            ] { replies.append(try visitor.ask(line)) }
            return replies
        }
        #expect(replies.allSatisfy { $0.hasPrefix("2") || $0.hasPrefix("354") }, "\(replies)")
        let text = try await Self.notification(spool)
        _ = try await server.stop()
        #expect(text.contains("Action: delayed") && text.contains("Status: 4.4.7"), "\(text)")
        let told = ["usual", "delay", "failure", "never"].filter {
            text.contains("Final-Recipient: rfc822; \($0)@y.test")
        }
        #expect(told == ["usual", "delay"])
    }
}
