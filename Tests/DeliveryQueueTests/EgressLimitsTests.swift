import DeliveryQueue
import Testing

@Suite struct EgressLimitsTests {
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
