import DeliveryQueue
import MailTypes
import Measures
import RunRecords
import Testing
import TrafficShaping

@Suite struct ShapingAutomatonTests {
    /// A relay's rules and what becomes of them, at times in seconds.
    private struct Bench {
        var automaton: ShapingAutomaton
        init(_ rules: String, limits: String = "connections: 10, rate: 100/1s", bounds: ShapingBounds = .init()) throws
        {
            let plan = try ShapingPlanTests.plan(
                """
                default: {\(limits), automation: [\(rules)]}
                providers: [{name: big, mx: .big.test}]
                """)
            automaton = ShapingAutomaton(plan, bounds: bounds)
        }

        func path(_ domain: String = "a.test", from source: String? = "s") -> ShapedPath {
            ShapingPlanTests.path(automaton.plan, domain, mx: ["mx.big.test"], from: source)
        }

        mutating func see(
            _ reply: SMTPReply = SMTPReply(421, nil, "slow down"), _ domain: String = "a.test",
            from source: String? = "s", at seconds: Double
        ) -> [String] {
            automaton.observe(.reply(reply), on: path(domain, from: source), now: UInt64(seconds * 1000)).map(Self.text)
        }

        mutating func expire(at seconds: Double) -> [String] {
            automaton.expire(now: UInt64(seconds * 1000)).map(Self.text)
        }

        func overlay(_ domain: String = "a.test", from source: String? = "s", at seconds: Double) -> ShapingOverlay {
            automaton.overlay(for: path(domain, from: source), now: UInt64(seconds * 1000))
        }

        static func text(_ event: ShapingEvent) -> String {
            "\(event.kind.rawValue) \(event.rule) \(event.scope.text) until \(event.until.map { Double($0) / 1000 } ?? 0)"
        }
    }

    private static let three = "{name: r, when: {reply: slow}, count: 3 in 10s, do: suspend, for: 60s}"

    /// The third within ten seconds, and not one that comes a millisecond too late.
    @Test func theWindowIsExact() throws {
        var bench = try Bench(Self.three)
        #expect(bench.see(at: 0) == [] && bench.see(at: 5) == [] && bench.see(at: 10) == [])
        #expect(bench.overlay(at: 10).isEmpty)
        #expect(bench.see(at: 14.999) == ["triggered default/r s>a.test until 74.999"])
        #expect(bench.overlay(at: 14.999).suspendedUntil == 74_999)
        #expect(bench.overlay(at: 74.998).suspendedUntil == 74_999 && bench.overlay(at: 74.999).isEmpty)
        #expect(bench.expire(at: 74.998) == [] && bench.automaton.count == 1)
        #expect(bench.expire(at: 74.999) == ["ended default/r s>a.test until 74.999"])
        #expect(bench.automaton.isIdle)
    }

    @Test func onlyWhatMatchesCounts() throws {
        var bench = try Bench(
            "{name: r, when: {reply: [slow, stop], except: please, code: [421, 45x], enhanced: '4.7.*'}, do: notify}")
        let code = EnhancedStatusCode(4, 7, 28)
        for (reply, counts) in [
            (SMTPReply(421, code, "SLOW down"), true), (SMTPReply(452, code, "Stop"), true),
            (SMTPReply(421, code, "slow, please"), false), (SMTPReply(441, code, "slow"), false),
            (SMTPReply(421, EnhancedStatusCode(4, 2, 1), "slow"), false), (SMTPReply(421, nil, "slow"), false),
            (SMTPReply(421, code, "other"), false),
        ] {
            #expect(bench.see(reply, at: 0).isEmpty != counts, "\(reply)")
        }
    }

    @Test func failedConnectionsCountByTheirKind() throws {
        var bench = try Bench(
            "{name: r, when: {connection: [timeout, unreachable]}, do: notify}, {name: s, when: {code: 421}, do: notify}"
        )
        let path = bench.path()
        func rules(_ signal: ShapingSignal) -> [String] {
            bench.automaton.observe(signal, on: path, now: 0).map(\.rule)
        }
        #expect(rules(.connection(.timeout, text: "")) == ["default/r"])
        #expect(rules(.connection(.lost, text: "")) == [])
        #expect(rules(.reply(SMTPReply(421, nil, ""))) == ["default/s"])
    }

    /// Who is meant: a source to a destination, to a provider, all sources to a destination, a source.
    @Test(arguments: [
        ("path", [true, false, false, false]), ("provider", [true, true, false, false]),
        ("destination", [true, false, true, false]), ("source", [true, true, false, true]),
    ])
    func scopesAreKeptApart(scope: String, isMeant: [Bool]) throws {
        var bench = try Bench("{name: r, when: {code: 421}, scope: \(scope), do: suspend, for: 60s}")
        _ = bench.see(at: 0)
        let outside = ShapingPlanTests.path(bench.automaton.plan, "c.test", mx: ["mx.c.test"], from: "s")
        let overlays = [
            bench.overlay(at: 1), bench.overlay("b.test", at: 1), bench.overlay(from: "t", at: 1),
            bench.automaton.overlay(for: outside, now: 1000),
        ]
        #expect(overlays.map { $0.suspendedUntil != nil } == isMeant)
        #expect(bench.overlay("b.test", from: "t", at: 1).isEmpty)
    }

    /// The time begins anew; the log is told when a tenth of it has passed since it was told last.
    @Test func triggersExtend() throws {
        var bench = try Bench("{name: r, when: {code: 421}, do: suspend, for: 100s}")
        #expect(bench.see(at: 0) == ["triggered default/r s>a.test until 100.0"])
        #expect(bench.see(at: 9) == [])
        #expect(bench.overlay(at: 9).suspendedUntil == 109_000)
        #expect(bench.see(at: 10) == ["extended default/r s>a.test until 110.0"])
        #expect(bench.automaton.active.map(\.triggers) == [3])
        #expect(bench.automaton.triggers == ["default/r": 3])
        #expect(bench.expire(at: 110) == ["ended default/r s>a.test until 110.0"])
    }

    @Test func limitsAreSetAndMultiplied() throws {
        var bench = try Bench(
            "{name: r, when: {code: 421}, do: limit, for: 60s, set: {connections: x0.25, rate: 7/1s, messages_per_connection: x0.5}}"
        )
        _ = bench.see(at: 0)
        let limits = bench.overlay(at: 1).limits
        #expect(limits.connections == 2 && limits.messageRate == DeliveryRate(messages: 7, milliseconds: 1000))
        // There is no half of what is not limited.
        #expect(limits.messagesPerConnection == nil)
        #expect(bench.overlay(at: 60).limits.isEmpty)
    }

    /// Ten steps from what was set to what is usual, and then nothing is left.
    @Test func theWayBackHasTenSteps() throws {
        var bench = try Bench(
            "{name: r, when: {code: 421}, do: limit, for: 60s, recover: linear 100s, set: {rate: 1/1s, connections: 1}}",
            limits: "connections: 12, rate: 12/1s")
        _ = bench.see(at: 0)
        #expect(bench.expire(at: 60) == ["recovering default/r s>a.test until 160.0"])
        #expect(bench.expire(at: 61) == [])
        let steps = (0..<10).map { bench.overlay(at: 60 + Double($0) * 10).limits }
        #expect(steps.map(\.connections) == Array(2...11))
        #expect(steps.map { $0.messageRate!.messages.rounded() } == (2...11).map(Double.init))
        #expect(bench.overlay(at: 69.999).limits.connections == 2)
        #expect(bench.expire(at: 160) == ["ended default/r s>a.test until 60.0"])
        #expect(bench.overlay(at: 160).isEmpty)
    }

    @Test func whatWasSuspendedComesBackByParts() throws {
        var bench = try Bench(
            "{name: r, when: {code: 421}, do: suspend, for: 60s, recover: linear 100s}",
            limits: "connections: 11, rate: 11/1s")
        _ = bench.see(at: 0)
        #expect(bench.overlay(at: 59).suspendedUntil == 60_000)
        #expect(bench.overlay(at: 60).suspendedUntil == nil)
        #expect(bench.overlay(at: 60).limits.connections == 1 && bench.overlay(at: 155).limits.connections == 10)
        // Again, in the middle of it: suspended anew.
        #expect(
            bench.see(at: 100) == [
                "recovering default/r s>a.test until 160.0", "extended default/r s>a.test until 160.0",
            ])
        #expect(bench.overlay(at: 101).suspendedUntil == 160_000)
    }

    @Test func bouncesHaveTheirReply() throws {
        var bench = try Bench("{name: r, when: {class: permanent}, do: bounce, for: 60s, reply: 550 5.7.1 Not wanted}")
        #expect(bench.see(at: 0) == [])
        _ = bench.see(SMTPReply(550, nil, "no"), at: 0)
        #expect(bench.overlay(at: 1).bounce == SMTPReply(550, EnhancedStatusCode(5, 7, 1), "Not wanted"))
        #expect(bench.overlay(at: 1).suspendedUntil == 60_000 && bench.overlay(at: 60).bounce == nil)
    }

    @Test func operatorsEndThem() throws {
        var bench = try Bench(Self.three.replacing("count: 3 in 10s, ", with: ""))
        _ = bench.see(at: 0)
        let id = bench.automaton.active[0].id
        #expect(bench.automaton.cancel(id, now: 1).map(Bench.text) == "cancelled default/r s>a.test until 60.0")
        #expect(bench.automaton.cancel(id, now: 1) == nil && bench.overlay(at: 1).isEmpty)
    }

    /// The one triggered longest ago goes where there is no room, and the counting that was touched longest ago.
    @Test func tablesAreBounded() throws {
        var bounds = ShapingBounds()
        (bounds.active, bounds.windows, bounds.times) = (2, 3, 100)
        var bench = try Bench(
            "{name: r, when: {code: 421}, do: suspend, for: 60s}, \(Self.three.replacing("name: r", with: "name: c"))",
            bounds: bounds)
        _ = bench.see(SMTPReply(421, nil, ""), "a.test", at: 0)
        _ = bench.see(SMTPReply(421, nil, ""), "b.test", at: 1)
        _ = bench.see(SMTPReply(421, nil, ""), "a.test", at: 2)
        #expect(
            bench.see(SMTPReply(421, nil, ""), "c.test", at: 3) == [
                "evicted default/r s>b.test until 61.0", "triggered default/r s>c.test until 63.0",
            ])
        for domain in ["1.test", "2.test", "3.test", "4.test"] {
            for _ in 0..<2 { _ = bench.see(SMTPReply(450, nil, "slow"), domain, at: 4) }
        }
        #expect(bench.see(SMTPReply(450, nil, "slow"), "1.test", at: 5) == [])
        #expect(bench.see(SMTPReply(450, nil, "slow"), "4.test", at: 5).first?.hasPrefix("evicted") ?? false)
    }

    /// Another automaton goes on where this one ended: what is at work, what was counted, and the numbers.
    @Test func theStateSurvives() throws {
        var bench = try Bench(Self.three)
        for seconds in [0.0, 1, 2, 3, 4] { _ = bench.see(at: seconds) }
        let text = try bench.automaton.state.encoded()
        var other = try Bench(Self.three)
        #expect(other.automaton.restore(try ShapingState(text), now: 5000).isEmpty)
        #expect(other.automaton.active == bench.automaton.active)
        #expect(other.see(at: 5) == bench.see(at: 5))
        #expect(other.overlay(at: 5) == bench.overlay(at: 5))
        #expect(other.automaton.active.map(\.triggers) == [2])
        #expect(try other.automaton.state.encoded() == bench.automaton.state.encoded())
        // What is over by now ends at once, and rules that are gone with it.
        var late = try Bench(Self.three)
        #expect(late.automaton.restore(try ShapingState(text), now: 100_000).map(\.kind) == [.ended])
        var changed = try Bench("{name: other, when: {code: 421}, do: notify}")
        #expect(changed.automaton.restore(try ShapingState(text), now: 5000).map(\.kind) == [.withdrawn])
    }

    @Test(arguments: ["", "{", "{}", "[1]", "{\"version\":9,\"nextID\":1,\"active\":[],\"windows\":[]}"])
    func whatIsNoStateIsSaid(text: String) {
        #expect(throws: RecordFault.self) { try ShapingState(Array(text.utf8)) }
    }

    @Test func otherFilesAreTakenOver() throws {
        var bench = try Bench(Self.three.replacing("count: 3 in 10s, ", with: ""))
        _ = bench.see(at: 0)
        let slower = try Bench("{name: r, when: {reply: slow}, do: limit, set: {connections: 3}, for: 5s}")
        #expect(bench.automaton.adopt(slower.automaton.plan, now: 1000).isEmpty)
        #expect(bench.overlay(at: 1).limits.connections == 3 && bench.overlay(at: 59).suspendedUntil == nil)
        let without = try Bench("{name: x, when: {code: 421}, do: notify}")
        #expect(bench.automaton.adopt(without.automaton.plan, now: 2000).map(\.kind) == [.withdrawn])
        #expect(bench.automaton.isIdle)
    }

    /// Ten thousand signals of a seed, twice: the same events to the last letter.
    @Test func theSameSignalsMakeTheSameEvents() throws {
        func run(seed: UInt64) throws -> [String] {
            var random = SplitMix64(seed: seed)
            var bench = try Bench("\(Self.three), {name: n, when: {code: 450}, count: 2 in 1s, do: notify}")
            var log: [String] = []
            for step in 0..<10_000 {
                let word = random.next()
                let reply = SMTPReply(word % 3 == 0 ? 450 : 421, nil, word % 5 == 0 ? "slow" : "x")
                log += bench.see(reply, "d\(word % 7).test", from: "s\(word % 2)", at: Double(step) / 3)
                log += bench.expire(at: Double(step) / 3)
            }
            return log
        }
        let first = try run(seed: 1)
        let (again, other) = (try run(seed: 1), try run(seed: 2))
        #expect(first.count > 100 && first == again && first != other)
    }
}
