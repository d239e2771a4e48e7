import MailTypes
import Measures
import RunRecords
import SinkBehaviour
import Testing

@Suite struct BehaviourEngineTests {
    private let second: UInt64 = 1_000_000_000
    private let client = NetworkAddress("192.0.2.1")!

    private func engine(_ rules: String, seed: Int = 1) throws -> BehaviourEngine {
        BehaviourEngine(try SinkRules(text: "seed: \(seed)\nrules:\n\(rules)", file: "sink.yaml"))
    }

    private func question(
        _ stage: SinkStage, to recipients: String..., from client: NetworkAddress? = nil, sender: String = "s@x.test",
        listener: String = "127.0.0.1:2526"
    ) -> SinkQuestion {
        SinkQuestion(
            stage, client: client ?? self.client, listener: listener, sender: MailAddress(sender),
            recipients: recipients.map { MailAddress($0) })
    }

    private func code(_ decision: SinkDecision) -> UInt16 {
        switch decision.outcome {
        case .answer(let reply): reply?.code ?? 250
        case .close(let reply): reply?.code ?? 0
        default: 0
        }
    }

    @Test(arguments: [("x.test", true), ("a.slow.test", true), ("slow.test", false), ("A.B.SLOW.TEST", true)])
    func domainsMatchByPattern(domain: String, matches: Bool) throws {
        var engine = try engine("  - {match: {domain: [x.test, \"*.slow.test\"]}, action: reject}")
        #expect((code(engine.decide(question(.end, to: "a@" + domain), now: 0)) == 550) == matches)
    }

    @Test func recipientSenderClientAndListenerMatch() throws {
        var engine = try engine(
            """
              - {match: {recipient: "no?ody@*"}, at: rcpt, action: reject, reply: "550 a"}
              - {match: {sender: "*@spam.test"}, at: rcpt, action: reject, reply: "551 b"}
              - {match: {client: 198.51.100.0/24}, at: rcpt, action: reject, reply: "552 c"}
              - {match: {listener: "*:25"}, at: rcpt, action: reject, reply: "553 d"}
            """)
        let other = NetworkAddress("198.51.100.9")!
        #expect(code(engine.decide(question(.rcpt, to: "nobody@x.test"), now: 0)) == 550)
        #expect(code(engine.decide(question(.rcpt, to: "a@x.test", sender: "b@spam.test"), now: 0)) == 551)
        #expect(code(engine.decide(question(.rcpt, to: "a@x.test", from: other), now: 0)) == 552)
        #expect(code(engine.decide(question(.rcpt, to: "a@x.test", listener: "127.0.0.1:25"), now: 0)) == 553)
        #expect(code(engine.decide(question(.rcpt, to: "a@x.test"), now: 0)) == 250)
        #expect(engine.hits.map(\.count) == [1, 1, 1, 1])
    }

    /// Exact wherever the share of the count is a whole number, whatever the seed.
    @Test(arguments: [0.1, 0.25, 0.5, 0.9, 0.003, 1, 0], [1, 2, 77])
    func sharesAreExact(share: Double, seed: Int) throws {
        var engine = try engine("  - {match: {share: \(share)}, action: defer}", seed: seed)
        var hits = 0
        for _ in 0..<20_000 where code(engine.decide(question(.end, to: "a@x.test"), now: 0)) == 451 { hits += 1 }
        #expect(hits == Int((share * 20_000).rounded()))
    }

    @Test func aSeedDecidesWhich() throws {
        func picks(_ seed: Int) throws -> [Bool] {
            var engine = try engine("  - {match: {share: 0.1}, action: defer}", seed: seed)
            return (0..<500).map { _ in code(engine.decide(question(.end, to: "a@x.test"), now: 0)) == 451 }
        }
        #expect(try picks(1) == picks(1))
        #expect(try picks(1) != picks(2))
    }

    @Test func windowsCountFromTheFirstConnection() throws {
        var engine = try engine(
            "  - {match: {during: {after: 10s, for: 5s, every: 20s}}, action: defer}")
        let start: UInt64 = 500 * second
        _ = engine.decide(question(.connect), now: start)
        var deferred: [UInt64] = []
        for elapsed in 0..<60
        where code(engine.decide(question(.end, to: "a@x.test"), now: start + UInt64(elapsed) * second)) == 451 {
            deferred.append(UInt64(elapsed))
        }
        #expect(deferred == [10, 11, 12, 13, 14, 30, 31, 32, 33, 34, 50, 51, 52, 53, 54])
    }

    @Test func theFirstRuleThatAnswersDecides() throws {
        var engine = try engine(
            """
              - {action: delay, delay: 100ms}
              - {action: accept, match: {domain: good.test}, delay: 1s}
              - {action: reject}
            """)
        let good = engine.decide(question(.end, to: "a@good.test"), now: 0)
        #expect(good.outcome == .answer(nil) && good.delay == 1_100_000_000)
        let bad = engine.decide(question(.end, to: "a@bad.test"), now: 0)
        #expect(code(bad) == 550 && bad.delay == 100_000_000)
    }

    /// 60 a minute with a burst of 3: three at once, then one a second, to the nanosecond; each domain for itself.
    @Test func ratesAreExact() throws {
        var engine = try engine(
            "  - {action: limit, per: domain, messages: 60/m, burst: 3}")
        func taken(_ domain: String, _ now: UInt64) -> Bool {
            code(engine.decide(question(.rcpt, to: "a@" + domain), now: now)) == 250
        }
        #expect((0..<5).map { _ in taken("a.test", 0) } == [true, true, true, false, false])
        #expect(taken("b.test", 0))
        #expect(!taken("a.test", second - 1))
        #expect(taken("A.test", second))
        #expect(!taken("a.test", second))
        var count = 0
        for step in 1...1000 where taken("c.test", UInt64(step) * second / 10) { count += 1 }
        // Two more than one a second come from the burst.
        #expect(count == 102)
    }

    @Test func a421LetsTheClientGo() throws {
        var engine = try engine("  - {action: limit, per: client, messages: 1/h}")
        #expect(engine.decide(question(.mail), now: 0).outcome == .answer(nil))
        guard case .close(let reply?) = engine.decide(question(.mail), now: 1).outcome else {
            Issue.record("the client may stay")
            return
        }
        #expect(reply.code == 421)
        #expect(code(engine.decide(question(.mail, from: NetworkAddress("192.0.2.2")), now: 1)) == 250)
    }

    @Test func connectionsAreCountedAndGivenBack() throws {
        var engine = try engine("  - {action: limit, per: client, connections: 2}")
        let first = engine.decide(question(.connect), now: 0)
        let second = engine.decide(question(.connect), now: 0)
        #expect(first.leases.count == 1 && second.leases.count == 1)
        #expect(code(engine.decide(question(.connect), now: 0)) == 421)
        engine.release(first.leases)
        #expect(engine.decide(question(.connect), now: 0).leases.count == 1)
    }

    @Test func greylistingLetsThroughWhoComesAgain() throws {
        var engine = try engine("  - {action: greylist, wait: 30s, forget: 1h}")
        func code(at seconds: UInt64, _ recipient: String = "a@x.test") -> UInt16 {
            self.code(engine.decide(question(.rcpt, to: recipient), now: seconds * second))
        }
        #expect(code(at: 0) == 450)
        #expect(code(at: 29) == 450)
        #expect(code(at: 30) == 250)
        #expect(code(at: 31, "b@x.test") == 450)
        #expect(code(at: 4000) == 450, "forgotten by then")
    }

    @Test func mixesAreExactAWholeDeckAtATime() throws {
        var engine = try engine(
            """
              - action: mix
                outcomes:
                  - {weight: 85, action: accept}
                  - {weight: 10, action: reject, replies: [{reply: "550 a", weight: 3}, {reply: "551 b"}]}
                  - {weight: 5, action: drop}
            """)
        var counts: [String: Int] = [:]
        for _ in 0..<4000 {
            counts["\(engine.decide(question(.end, to: "a@x.test"), now: 0).outcome)", default: 0] += 1
        }
        #expect(counts.values.sorted() == [100, 200, 300, 3400])
    }

    @Test func changesGoBesideTheAnswer() throws {
        var engine = BehaviourEngine(
            try SinkRules(
                text: """
                    reports_to: 127.0.0.1:25
                    rules:
                      - {action: extensions, without: [chunking, DSN]}
                      - {action: bandwidth, at: data, rate: 10kb}
                      - {action: tls, fault: garbage}
                      - {action: bounce, after: 2s, reply: "552 5.2.2 Full"}
                      - {action: complaint, match: {domain: y.test}, to: f@z.test}
                    """, file: "sink.yaml"))
        #expect(engine.decide(question(.ehlo), now: 0).withheld == ["CHUNKING", "DSN"])
        #expect(engine.decide(question(.data, to: "a@x.test"), now: 0).bytesPerSecond == 10_000)
        #expect(engine.decide(question(.tls), now: 0).failure == .garbage)
        let end = engine.decide(question(.end, to: "a@x.test", "b@y.test"), now: 0)
        #expect(end.outcome == .answer(nil) && end.reports.count == 2)
        #expect(end.reports[0].reply.code == 552 && end.reports[0].delay == 2 * second)
        #expect(end.reports[0].recipients.count == 2)
        #expect(end.reports[1].recipients == [MailAddress("b@y.test")] && end.reports[1].to == MailAddress("f@z.test"))
    }

    @Test(arguments: [
        ("tempfail@x.test", UInt16(451)), ("permfail@x.test", 550), ("450-x@x.test", 450), ("250-x@x.test", 250),
        ("x@x.test", 552), ("delay-200ms@x.test", 552), ("999-x@x.test", 552),
    ])
    func recipientsAskByName(recipient: String, code: UInt16) throws {
        var engine = BehaviourEngine(
            try SinkRules(
                text: "local_parts: rcpt\nrules:\n  - {at: rcpt, action: reject, reply: \"552 no\"}", file: "s.yaml"))
        let decision = engine.decide(question(.rcpt, to: recipient), now: 0)
        #expect(self.code(decision) == code)
        #expect(decision.delay == (recipient.hasPrefix("delay-") ? 200_000_000 : 0))
    }

    @Test func delaysHaveTheirShapes() {
        func median(_ delay: SinkDelay) -> (middle: UInt64, least: UInt64, most: UInt64) {
            var random = SplitMix64(seed: 5)
            let draws = (0..<4001).map { _ in delay.draw(&random) }.sorted()
            return (draws[2000], draws[0], draws[4000])
        }
        let ms: UInt64 = 1_000_000
        #expect(median(SinkDelay(.fixed(5 * ms))) == (5 * ms, 5 * ms, 5 * ms))
        let uniform = median(SinkDelay(.uniform(10 * ms, 50 * ms)))
        #expect((27...33).contains(uniform.middle / ms) && uniform.least >= 10 * ms && uniform.most <= 50 * ms)
        let normal = median(SinkDelay(.logNormal(median: 20 * ms, sigma: 1), most: 500 * ms))
        #expect((18...22).contains(normal.middle / ms) && normal.least < 4 * ms && normal.most > 200 * ms)
        #expect(normal.most <= 500 * ms)
        let exponential = median(SinkDelay(.exponential(mean: 100 * ms)))
        #expect((62...76).contains(exponential.middle / ms), "the median is ln 2 of the mean")
    }

    /// A share is what it says, however small, and not none.
    @Test func tinySharesAreNotLost() throws {
        let rules = try SinkRules(text: "rules:\n  - {match: {share: 0.0000001}, action: defer}", file: "sink.yaml")
        #expect(rules.rules[0].match.shareBillionths == 100)
        var share = EvenShare(billionths: 500, seed: 7)
        #expect((0..<4_000_000).count { _ in share.next() } == 2)
    }

    /// All that rules remember: shares, decks, limits, greylists and windows.
    @Test func aResetBeginsAgain() throws {
        let text = """
              - {match: {share: 0.3}, at: mail, action: defer, reply: "450 share"}
              - {match: {during: {after: 4s, for: 2s}}, at: mail, action: defer, reply: "451 window"}
              - {action: limit, messages: 20/m, burst: 5, reply: "452 limit"}
              - {action: greylist, wait: 3s, reply: "450 grey"}
              - {at: end, action: mix, outcomes: [{weight: 2, action: reject}, {weight: 1, action: accept, replies: ["250 a", "250 b"]}]}
              - {at: end, action: delay, delay: {uniform: [1ms, 1h]}}
            """
        func run(_ engine: inout BehaviourEngine, from start: UInt64) -> [SinkDecision] {
            (0..<60 as Range<UInt64>).flatMap { step in
                [SinkStage.connect, .mail, .rcpt, .end].map { stage in
                    engine.decide(question(stage, to: "a\(step % 7)@x.test"), now: start + step * second / 4)
                }
            }
        }
        var engine = try engine(text)
        let first = run(&engine, from: 100 * second)
        #expect(run(&engine, from: 200 * second) != first, "without a reset a second run is another")
        engine.reset()
        #expect(engine.hits.allSatisfy { $0.count == 0 })
        #expect(run(&engine, from: 300 * second) == first)
    }

    /// Who is there stays there: a limit of connections must not let in one too many.
    @Test func openConnectionsOutliveAReset() throws {
        var engine = try engine("  - {action: limit, connections: 1}")
        let first = engine.decide(question(.connect), now: 0)
        engine.reset()
        #expect(code(engine.decide(question(.connect), now: 1)) == 421)
        engine.release(first.leases)
        #expect(engine.decide(question(.connect), now: 2).leases.count == 1)
    }

    /// What the last whole number of strata leaves over is at most one.
    @Test func anyShareIsWithinOneEverywhere() {
        for millionths in [1, 333_333, 123_456, 499_999, 500_001, 876_543, 999_999] {
            var share = EvenShare(billionths: millionths * 1000, seed: 3)
            var hits = 0
            for count in 1...5000 {
                if share.next() { hits += 1 }
                let exact = Double(count) * Double(millionths) / 1e6
                #expect(abs(Double(hits) - exact) < 2, "\(millionths) of \(count): \(hits)")
            }
        }
    }
}
