import DeliveryQueue
import MTAConfiguration
import Testing
import TrafficShaping

@Suite struct ShapingPlanTests {
    static func plan(_ texts: String...) throws -> ShapingPlan {
        try ShapingPlan.load(texts.enumerated().map { ($0.element, "file\($0.offset + 1).yaml") })
    }

    static func path(
        _ plan: ShapingPlan, _ domain: String, mx: [String] = [], from source: String? = nil
    ) -> ShapedPath {
        plan.path(ShapingQuestion(destination: domain, domain: domain, exchangers: mx, source: source))
    }

    private static let precedence = """
        default:
          connections: 1
          rate: 1/1s
          from: [{source: warm, connections: 2, rate: 2/1s}]
        providers:
          - name: big
            mx: .big.test
            domains: named.test
            connections: 3
            from: [{source: warm, connections: 4}]
        sites:
          - {mx: .big.test, connections: 5}
          - {mx: .eu.big.test, connections: 6}
          - {mx: [mx1.eu.big.test, mx2.eu.big.test], connections: 7}
        domains:
          - {domain: .below.test, connections: 8}
          - {domain: .far.below.test, connections: 9}
          - domain: exact.below.test
            connections: 10
            from: [{source: [warm, other], connections: 11}]
        """

    /// What is said more narrowly wins, key by key; see the table in docs/EGRESS.md.
    @Test(arguments: [
        ("x.test", ["mx.x.test"], nil, 1), ("x.test", [], "warm", 2), ("x.test", [], "other", 1),
        ("named.test", ["mx.x.test"], nil, 3), ("named.test", [], "warm", 4),
        ("x.test", ["a.big.test", "b.big.test"], nil, 5), ("x.test", ["a.big.test", "mx.x.test"], nil, 1),
        ("x.test", ["a.big.test"], "warm", 5), ("x.test", ["a.eu.big.test", "b.eu.big.test"], nil, 6),
        ("x.test", ["a.eu.big.test", "b.big.test"], nil, 5),
        ("x.test", ["mx1.eu.big.test", "mx2.eu.big.test"], nil, 7),
        ("x.test", ["mx1.eu.big.test", "mx3.eu.big.test"], nil, 6), ("a.below.test", ["mx1.eu.big.test"], nil, 8),
        ("below.test", [], nil, 1), ("a.far.below.test", [], nil, 9), ("exact.below.test", [], nil, 10),
        ("exact.below.test", [], "other", 11), ("x.exact.below.test", [], nil, 8),
    ])
    func theNarrowestPlaceWins(domain: String, mx: [String], source: String?, connections: Int) throws {
        let path = Self.path(try Self.plan(Self.precedence), domain, mx: mx, from: source)
        #expect(path.limits.connections == connections)
        // What it does not say stays as a wider place said it.
        #expect(path.limits.messageRate == DeliveryRate(messages: source == "warm" ? 2 : 1, milliseconds: 1000))
    }

    /// Within one place a later file wins; a wider place of a later file does not.
    @Test func laterFilesWinWithinAPlace() throws {
        let plan = try Self.plan(
            "{default: {connections: 1, messages_per_connection: 5}, domains: [{domain: a.test, connections: 2}]}",
            "{default: {connections: 3}, domains: [{domain: b.test, connections: 4}]}",
            "domains: [{domain: b.test, connections: 5}]")
        #expect(Self.path(plan, "x.test").limits == EgressLimits(connections: 3, messagesPerConnection: 5))
        #expect(Self.path(plan, "a.test").limits.connections == 2)
        #expect(Self.path(plan, "b.test").limits.connections == 5)
    }

    @Test func wholesHoldBesides() throws {
        let plan = try Self.plan(
            """
            default: {connections: 9, whole: {connections: 90}}
            providers:
              - name: big
                mx: .big.test
                whole: {connections: 50}
                each_source: {connections: 20}
            domains: [{domain: a.test, whole: {rate: 5/1s}}]
            sources: [{source: s, connections: 30}]
            """)
        let path = Self.path(plan, "a.test", mx: ["mx.big.test"], from: "s")
        #expect(path.name == PathName(destination: "a.test", provider: "big", source: "s"))
        #expect(path.limits.connections == 9 && path.sourceLimits.connections == 30)
        #expect(path.destinationLimits.connections == 90 && path.destinationLimits.messageRate?.messages == 5)
        #expect(path.providerLimits.connections == 50 && path.providerSourceLimits.connections == 20)
        #expect(Self.path(plan, "b.test", from: "t").sourceLimits.isEmpty)
    }

    @Test func eachValueSaysWhereItWasSaid() throws {
        let plan = try Self.plan(
            "default:\n  connections: 1\n  rate: 1/1s", "domains:\n  - domain: a.test\n    connections: 2")
        let question = ShapingQuestion(destination: "a.test", domain: "a.test", exchangers: [], source: nil)
        let limits = plan.explanation(question).limits
        #expect(
            limits.map { "\($0.of) \($0.key) \($0.value) \($0.origin)" } == [
                "path connections 2 file2.yaml:2 (domain:a.test)", "path rate 1/1s file1.yaml:2 (default)",
            ])
    }

    /// By name: a narrower place or a later file replaces a rule, and `nothing` takes it away.
    @Test func rulesAreReplacedByTheirNames() throws {
        let rule = "{name: NAME, when: {code: 421}, do: suspend, for: 1m}"
        let one = rule.replacing("NAME", with: "one")
        let two = rule.replacing("NAME", with: "two")
        let plan = try Self.plan(
            """
            default: {automation: [\(one), \(two)]}
            domains:
              - {domain: a.test, automation: [{name: one, do: nothing}]}
              - {domain: b.test, automation: [{name: one, when: {code: 450}, do: notify}]}
            """,
            "{default: {automation: [\(two)]}, sources: [{source: s, automation: [{name: two, do: nothing}]}]}")
        #expect(Self.path(plan, "x.test").rules == ["default/one", "default/two#2"])
        #expect(Self.path(plan, "a.test").rules == ["default/two#2"])
        #expect(Self.path(plan, "b.test").rules == ["domain:b.test/one", "default/two#2"])
        #expect(Self.path(plan, "x.test", from: "s").rules == ["default/one"])
    }

    @Test func domainsThatAreNamedHaveQueuesOfTheirOwn() throws {
        let plan = try Self.plan(Self.precedence)
        #expect(plan.namedDomains == ["named.test", "exact.below.test"])
        #expect(plan.namedSources == ["warm", "other"])
    }

    @Test(arguments: [
        ("defaults: {}", ["unknown key 'defaults', did you mean 'default'?"]),
        ("default: {conections: 1}", ["file1.yaml:1: unknown key 'default.conections', did you mean 'connections'?"]),
        ("default: {connections: 0, rate: fast}", ["expected 1 or more", "'fast': expected messages/duration"]),
        ("domains: [{connections: 1}]", ["'domains[0].domain': is missing"]),
        ("domains:\n  - domain: a.test\n  - domain: [b.test, A.test]", ["file1.yaml:3", "'a.test' appears twice"]),
        ("domains: [{domain: 'a b'}]", ["expected a name such as mx.example.org"]),
        ("providers: [{name: x, connections: 1}]", ["provider x needs `mx` or `domains`"]),
        ("providers: [{name: a, domains: x.test}, {name: b, domains: x.test}]", ["'x.test' is provider a's, too"]),
        ("default: {automation: [{name: a, when: {code: 421}}]}", ["'default.automation[0].do': is missing: suspend"]),
        ("default: {automation: [{name: a, when: {code: 421}, do: suspend}]}", ["for': is missing"]),
        ("default: {automation: [{name: a, do: suspend, for: 1m}]}", ["when': is missing"]),
        ("default: {automation: [{name: a, when: {}, do: suspend, for: 1m}]}", ["asks nothing"]),
        ("default: {automation: [{name: a, when: {code: 250}, do: notify}]}", ["a code of a failure"]),
        ("default: {automation: [{name: a, when: {reply: '('}, do: notify}]}", ["when.reply'", "'(' without ')'"]),
        ("default: {automation: [{name: a, when: {code: 421, connection: lost}, do: notify}]}", ["make it two rules"]),
        ("default: {automation: [{name: a, when: {code: 421}, do: limit, for: 1m}]}", ["set': is missing"]),
        (
            "default: {automation: [{name: a, when: {code: 421}, do: suspend, for: 1m, set: {connections: x2}}]}",
            ["a factor above 0 and below 1"]
        ),
        (
            "default: {automation: [{name: a, when: {code: 421}, do: notify, reply: 550 5.7.1 No}]}",
            ["reply': says nothing with `do: notify`"]
        ),
        (
            "default: {automation: [{name: a, when: {code: 421}, do: bounce, for: 1m, reply: no}]}",
            ["such as 550 5.7.1 Not wanted there"]
        ),
        (
            "default: {automation: [{name: a, count: 5000 in 1m, when: {code: 421}, do: notify}]}",
            ["expected 1 to 1000"]
        ),
        (
            "default: {automation: [{name: a, when: {code: 421}, do: notify}, {name: a, when: {code: 422}, do: notify}]}",
            ["'a' appears twice"]
        ),
    ])
    func faultsNameTheirPlace(text: String, parts: [String]) {
        let fault = #expect(throws: ConfigurationFaults.self) { try Self.plan(text) }
        for part in parts { #expect(fault?.description.contains(part) ?? false, "\(fault?.description ?? "none")") }
        #expect(fault?.description.hasPrefix("file1.yaml:") ?? false)
    }
}
