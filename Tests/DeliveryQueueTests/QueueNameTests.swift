import DeliveryQueue
import Testing

@Suite struct QueueNameTests {
    @Test(arguments: [
        ("example.org", nil, "example.org"),
        ("127.0.0.1:2525", nil, "127.0.0.1:2525"),
        ("[::1]:25", nil, "[::1]:25"),
        ("bulk>example.org", "bulk", "example.org"),
        ("mx:(mx1>backup).example.org", nil, "mx:(mx1>backup).example.org"),
        ("bulk>mx:(mx1>backup).example.org", "bulk", "mx:(mx1>backup).example.org"),
        ("a_B-1.c>[::1]:25", "a_B-1.c", "[::1]:25"),
        (">example.org", nil, ">example.org"),
        ("", nil, ""),
    ]) func namesAreReadAndWritten(text: String, pool: String?, destination: String) {
        let name = QueueName(text)
        #expect(name == QueueName(pool: pool, destination: destination))
        #expect(name.text == text)
        #expect(QueueName.destination(of: text) == destination)
    }

    @Test func policiesAreThoseOfTheDestination() {
        var policies = DestinationPolicies()
        policies.named["example.org"] = DestinationPolicy(connections: 3)
        #expect(policies["bulk>example.org"].limits.connections == 3)
        #expect(policies["bulk>example.net"].limits.connections == nil)
    }

    @Test func theStricterOfTwoLimitsWins() {
        var one = EgressLimits(connections: 5, messageRate: .init(messages: 10, milliseconds: 1_000))
        one.holdFirstMilliseconds = 1_000
        var other = EgressLimits(
            connections: 3, messageRate: .init(messages: 100, milliseconds: 60_000), messagesPerConnection: 7)
        other.holdFirstMilliseconds = 5_000
        let both = one.tightened(by: other)
        #expect(both == other.tightened(by: one))
        #expect(both.connections == 3)
        #expect(both.messageRate?.messages == 100)
        #expect(both.messagesPerConnection == 7)
        #expect(both.holdFirstMilliseconds == 5_000)
        #expect(EgressLimits().tightened(by: EgressLimits()).isEmpty)
    }
}
