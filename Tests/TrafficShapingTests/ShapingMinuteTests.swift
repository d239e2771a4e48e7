import DeliveryQueue
import MailTypes
import SinkBehaviour
import Testing
import TrafficShaping

/// Four minutes of a relay and of receivers that throttle, put off and block, on a clock of their own: exact.
@Suite struct ShapingMinuteTests {
    private static let shaping = """
        default: {connections: 3, rate: 600/1m, messages_per_connection: 20}
        providers:
          - name: big
            mx: .big.test
            connections: 5
            rate: 20/1s
            whole: {connections: 8}
            automation:
              - name: throttled
                when: {code: 421, reply: '4\\.7\\.28'}
                count: 3 in 10s
                scope: provider
                do: limit
                set: {rate: x0.1, connections: 1}
                for: 60s
                recover: linear 20s
              - {name: blocked, when: {code: 554}, count: 2 in 5s, do: suspend, for: 30s}
              - {name: put-off, when: {reply: '4\\.2\\.0'}, count: 5 in 30s, do: notify}
        """

    /// By seconds from the first message on.
    private static let trouble = """
        rules:
          - name: throttles
            match: {domain: "big*.test", during: {after: 70s, for: 5s}}
            at: rcpt
            action: defer
            reply: "421 4.7.28 Unusual rate of mail"
          - name: blocks
            match: {domain: big1.test, during: {after: 180s, for: 5s}}
            at: rcpt
            action: reject
            reply: "554 5.7.1 Blocked"
          - name: puts off
            match: {domain: big1.test, share: 0.02}
            at: rcpt
            action: defer
            reply: "450 4.2.0 Later"
        """
    private static let begin: UInt64 = 1_000_000
    private static let end: UInt64 = begin + 240_000

    private static let troubled = Result { try run(trouble) }
    private static let untroubled = Result { try run("rules: []") }

    private static func run(_ rules: String, seed: Int = 1, until end: UInt64 = Self.end) throws -> VirtualRelay {
        var relay = VirtualRelay(
            try ShapingPlanTests.plan(shaping), try SinkRules(text: "seed: \(seed)\n\(rules)", file: "sink.yaml"),
            to: [("calm.test", "mx.calm.test"), ("big1.test", "mx1.big.test"), ("big2.test", "mx2.big.test")])
        relay.run(from: begin, to: end)
        return relay
    }

    private static func count(_ times: [UInt64], _ from: UInt64, _ to: UInt64) -> Int {
        times.count { $0 >= from && $0 < to }
    }

    /// The largest number in any span of so many milliseconds.
    private static func most(_ times: [UInt64], in span: UInt64) -> Int {
        var (first, most) = (0, 0)
        for (index, time) in times.enumerated() {
            while times[first] + span <= time { first += 1 }
            most = max(most, index - first + 1)
        }
        return most
    }

    @Test func limitsAreKeptToTheUnitOverAMinute() throws {
        let relay = try Self.untroubled.get()
        let calm = relay.lanes["calm.test"]!
        // 600 a minute, and what a rest saves up: a quarter of a second's worth, two and a half.
        #expect(Self.most(calm.begun, in: 60_000) == 602)
        for minute in 1..<4 {
            let from = Self.begin + UInt64(minute) * 60_000
            #expect(Self.count(calm.begun, from, from + 60_000) == 600, "minute \(minute)")
        }
        #expect(calm.mostConnections == 3 && calm.served == [20])
        let big = relay.lanes["big1.test"]!
        // Five at once, then one each twentieth of a second.
        #expect(Self.most(big.begun, in: 60_000) == 1_204 && Self.most(big.begun, in: 1_000) == 24)
        // Five each, and eight together.
        #expect(big.mostConnections == 5 && relay.mostToProvider == 8)
        #expect(relay.log.isEmpty)
    }

    @Test func rulesFireAndExpireAsTheyAreConfigured() throws {
        let relay = try Self.troubled.get()
        let throttled = relay.events.filter { $0.rule == "provider:big/throttled" }
        #expect(throttled.map(\.kind).filter { $0 != .extended } == [.triggered, .recovering, .ended])
        let first = try #require(throttled.first)
        #expect(first.scope.text == "s>provider big" && first.milliseconds >= Self.begin + 70_000)
        // The third of 40 a second.
        #expect(first.milliseconds <= Self.begin + 70_200)
        let (recovering, ended) = (throttled[throttled.count - 2], throttled[throttled.count - 1])
        #expect(ended.until == recovering.milliseconds && ended.milliseconds == recovering.milliseconds + 20_000)
        #expect(recovering.milliseconds - 60_000 <= Self.begin + 75_000)
        for name in ["big1.test", "big2.test"] {
            let lane = relay.lanes[name]!
            // A tenth of 20 a second while it holds, and all of it when it is over.
            let slow = Self.begin + 90_000
            #expect(Self.count(lane.begun, slow, slow + 30_000) == 60, "\(name)")
            #expect(
                Self.most(lane.begun.filter { $0 > first.milliseconds && $0 < recovering.milliseconds }, in: 500) == 1)
            let (half, over) = (recovering.milliseconds + 10_000, ended.milliseconds + 1_000)
            #expect((100..<160).contains(Self.count(lane.begun, half, half + 10_000)), "\(name)")
            #expect(Self.count(lane.begun, over, over + 10_000) == 200, "\(name)")
        }
    }

    /// Nothing is begun while it is suspended, and the first message goes out in the millisecond in which it ends.
    @Test func aSuspendedPathIsLeftAloneToTheMillisecond() throws {
        let relay = try Self.troubled.get()
        let blocked = relay.events.filter { $0.rule == "provider:big/blocked" }
        #expect(blocked.map(\.kind) == [.triggered, .ended])
        let (at, until) = (blocked[0].milliseconds, blocked[0].until!)
        #expect(until == at + 30_000 && blocked[1].milliseconds == until)
        #expect(at >= Self.begin + 180_000 && at <= Self.begin + 180_200)
        let suspended = relay.lanes["big1.test"]!
        #expect(Self.count(suspended.begun, at + 1, until) == 0 && suspended.begun.contains(until))
        // The other one of the provider goes on.
        #expect(Self.count(relay.lanes["big2.test"]!.begun, at, until) == 600)
    }

    /// To the millisecond as if nobody else had any trouble.
    @Test func otherDestinationsAreUnaffected() throws {
        let (with, without) = (try Self.troubled.get(), try Self.untroubled.get())
        #expect(with.lanes["calm.test"]!.begun == without.lanes["calm.test"]!.begun)
        #expect(with.lanes["big1.test"]!.begun != without.lanes["big1.test"]!.begun)
    }

    @Test func theSameSeedMakesTheSameLog() throws {
        let end = Self.begin + 100_000
        let log = try Self.run(Self.trouble, seed: 7, until: end).log
        #expect(log.contains { $0.contains("put-off") })
        #expect(log == (try Self.run(Self.trouble, seed: 7, until: end).log))
        #expect(log != (try Self.run(Self.trouble, seed: 8, until: end).log))
    }
}
