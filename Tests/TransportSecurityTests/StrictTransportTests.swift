import Testing
import TransportSecurity

private func policy(_ text: String) throws(StrictTransportPolicy.Fault) -> StrictTransportPolicy {
    try StrictTransportPolicy(Array(text.utf8))
}

@Suite struct StrictTransportPolicyTests {
    private static let example =
        "version: STSv1\r\nmode: enforce\r\nmx: mail.Example.org\r\nmx: *.example.net\r\nmax_age: 604800\r\n"

    /// The example of RFC 8461 §3.2, with either kind of line end and without a last one.
    @Test func policiesAreRead() throws {
        for text in [Self.example, Self.example.replacing("\r\n", with: "\n"), String(Self.example.dropLast())] {
            let policy = try policy(text)
            #expect(policy.mode == .enforce && policy.maxAge == 604_800)
            #expect(policy.patterns == ["mail.example.org", "*.example.net"])
            #expect(policy.lines.first == "version: STSv1" && policy.lines.count == 5)
        }
    }

    /// Unknown fields are left out, of what is there twice the first one counts, an age has a bound.
    @Test func whatIsUnknownIsLeftOut() throws {
        let text =
            "mode:testing\nversion:\t STSv1 \nmode: enforce\nnew-field.1: any (text) ü\nmx: a.test\nmax_age: 9999999999"
        let policy = try policy(text)
        #expect(policy.mode == .testing && policy.patterns == ["a.test"])
        #expect(policy.maxAge == StrictTransportPolicy.longestAge)
        #expect(try TransportSecurityTests.policyWithoutHosts().mode == .none)
    }

    @Test(arguments: [
        "", "version: STSv1", "version: STSv2\nmode: none\nmax_age: 1", "mode: none\nmax_age: 1",
        "version: STSv1\nmode: Enforce\nmx: a.test\nmax_age: 1", "version: STSv1\nmode: enforce\nmax_age: 1",
        "version: STSv1\nmode: none\nmax_age: -1", "version: STSv1\nmode: none\nmax_age: 12345678901",
        "version: STSv1\nmode: none\nmax_age: 1d", "version: STSv1\nmode: none",
        "version: STSv1\n\nmode: none\nmax_age: 1", "version: STSv1\nmode none\nmax_age: 1",
        "version: STSv1\nmode: enforce\nmx: *\nmax_age: 1", "version: STSv1\nmode: enforce\nmx: a.*.test\nmax_age: 1",
        "version: STSv1\nmode: enforce\nmx: *a.test\nmax_age: 1",
        "version: STSv1\nmode: enforce\nmx: a..test\nmax_age: 1",
        "version: STSv1\nmode: enforce\nmx: .a.test\nmax_age: 1", "version: STSv1\nmode: enforce\nmx: a b\nmax_age: 1",
        "version: STSv1\nmode: enforce\nmx: -a.test\nmax_age: 1", "version: STSv1\nmode: enforce\nmx:\nmax_age: 1",
        "version: STSv1\nmode: none\nmax_age: 1\n: x", "version: STSv1\nmode: none\nmax_age: 1\na b: x",
        "version: STSv1\rmode: none\rmax_age: 1", "<html>not found</html>",
    ])
    func nonsenseIsNoPolicy(_ text: String) {
        #expect(throws: StrictTransportPolicy.Fault.self) { try policy(text) }
    }

    /// RFC 8461 §4.1.
    @Test(arguments: [
        ("mail.example.org", true), ("MAIL.example.ORG", true), ("a.mail.example.org", false), ("example.org", false),
        ("mx.example.net", true), ("a.mx.example.net", false), ("example.net", false), (".example.net", false),
        ("", false), ("evil-example.net", false),
    ])
    func hostsMatchPatterns(_ host: String, _ isCovered: Bool) throws {
        #expect(try policy(Self.example).covers(host) == isCovered)
    }

    /// Whatever comes, nothing traps, and what is read is in bounds.
    @Test func damagedPoliciesAreHarmless() {
        var state: UInt64 = 7
        func random(_ below: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % below
        }
        var read = 0
        for _ in 0..<20_000 {
            var bytes = Array(Self.example.utf8)
            for _ in 0...random(4) {
                let place = random(bytes.count)
                switch random(3) {
                case 0: bytes[place] = UInt8(random(256))
                case 1: bytes.remove(at: place)
                default: bytes.insert(Array(":\n\r *.0".utf8)[random(7)], at: place)
                }
            }
            guard let policy = try? StrictTransportPolicy(bytes) else { continue }
            read += 1
            #expect(policy.mode == .none || !policy.patterns.isEmpty)
            #expect((0...StrictTransportPolicy.longestAge).contains(policy.maxAge))
        }
        #expect(read > 100)
        #expect(throws: StrictTransportPolicy.Fault.self) {
            try StrictTransportPolicy([UInt8](repeating: 0x61, count: StrictTransportPolicy.longestText + 1))
        }
    }
}

@Suite struct TransportSecurityTests {
    static func policyWithoutHosts() throws -> StrictTransportPolicy {
        try policy("version: STSv1\nmode: none\nmax_age: 86400\n")
    }

    /// RFC 8461 §3.1.
    @Test(
        arguments: [
            (["v=STSv1; id=20160831085700Z;"], "20160831085700Z"), (["v=STSv1;id=1"], "1"),
            (["other", "v=STSv1 ; new=x y ; id=a1 ;"], "a1"), (["v=STSv1; id=1;", "v=STSv1; id=2;"], nil),
            (["v=STSv1"], nil), (["v=STSv1;"], nil), (["v=STSv1; id="], nil), (["v=STSv1; id=a-b"], nil),
            (["v=STSv1; id=\(String(repeating: "1", count: 33))"], nil), (["v=STSv10; id=1"], nil), ([], nil),
            (["V=stsv1; id=1"], nil), (["v=STSv1; id=1; ; "], nil), (["v=STSv1; x; id=1"], nil),
        ] as [([String], String?)])
    func idsAreRead(_ records: [String], _ id: String?) {
        #expect(PolicyRecord.strictTransportID(records) == id)
    }

    /// RFC 8460 §3.
    @Test(
        arguments: [
            (["v=TLSRPTv1; rua=mailto:reports@example.com"], ["mailto:reports@example.com"]),
            (
                ["v=TLSRPTv1;rua=https://x.test/r,mailto:a@x.test!10m, MAILTO:b@x.test?subject=c, mailto:a@x.test;"],
                ["https://x.test/r", "mailto:a@x.test", "mailto:b@x.test"]
            ),
            (["v=TLSRPTv1; rua=http://x.test/r,https://,https:///r,mailto:a>b@x.test,mailto:@x.test"], []),
            (["v=TLSRPTv1; rua=mailto:a%40x.test"], []), (["v=TLSRPTv2; rua=mailto:a@x.test"], []),
            (["v=TLSRPTv1; rua=mailto:a@x.test", "v=TLSRPTv1; rua=mailto:b@x.test"], []), (["v=TLSRPTv1;"], []),
        ] as [([String], [String])])
    func reportPlacesAreRead(_ records: [String], _ places: [String]) {
        #expect(PolicyRecord.reportPlaces(records).map(\.text) == places)
    }

    @Test func stringsOfARecordAreJoined() {
        #expect(PolicyRecord.text([2, 0x61, 0x62, 0, 1, 0x63]) == "abc")
        #expect(PolicyRecord.text([2, 0x61]) == nil)
        #expect(PolicyRecord.text([1, 0xFF]) == nil)
        #expect(PolicyRecord.text([]) == "")
    }

    // MARK: What is remembered

    private func enforce(_ age: Int) -> StrictTransportPolicy {
        StrictTransportPolicy(mode: .enforce, patterns: ["mx.a.test"], maxAge: age)
    }

    /// RFC 8461 §10.2: who blocks the DNS or the web server cannot take a policy away before its time.
    @Test func aPolicyOutlivesItsRecord() {
        var cache = StrictTransportCache()
        #expect(cache.step("a.test", .none, now: 100) == .none)
        #expect(cache.step("a.test", .failed, now: 100) == .none)
        #expect(cache.step("a.test", .id("1"), now: 100) == .fetch(id: "1"))
        cache.fetched("a.test", id: "1", enforce(1000), now: 100)
        for record in [StrictTransportCache.Record.none, .failed, .id("1")] {
            #expect(cache.step("a.test", record, now: 1099) == .use(enforce(1000)))
            #expect(cache.step("a.test", record, now: 1100) == (record == .id("1") ? .fetch(id: "1") : .none))
        }
    }

    @Test func aNewIdIsFetchedAndTheOldPolicyHoldsWhereThatFails() {
        var cache = StrictTransportCache()
        cache.fetched("a.test", id: "1", enforce(100_000), now: 0)
        #expect(cache.step("a.test", .id("2"), now: 10) == .fetch(id: "2"))
        cache.failed("a.test", id: "2", now: 10)
        #expect(cache.policy(of: "a.test", now: 10) == enforce(100_000))
        #expect(cache.step("a.test", .id("2"), now: 309) == .use(enforce(100_000)))
        #expect(cache.step("a.test", .id("3"), now: 309) == .fetch(id: "3"))
        #expect(cache.step("a.test", .id("2"), now: 310) == .fetch(id: "2"))
        cache.fetched("a.test", id: "2", StrictTransportPolicy(mode: .none, patterns: [], maxAge: 50), now: 310)
        #expect(cache.policy(of: "a.test", now: 311)?.mode == StrictTransportPolicy.Mode.none)
    }

    @Test func policiesAreFetchedAgainBeforeTheyEnd() {
        var cache = StrictTransportCache()
        cache.fetched("long.test", id: "1", enforce(31_557_600), now: 0)
        cache.fetched("short.test", id: "1", enforce(1000), now: 0)
        #expect(cache.due(now: 499).isEmpty)
        #expect(cache.due(now: 500).map(\.domain) == ["short.test"])
        #expect(cache.due(now: 86_400).map(\.domain) == ["long.test"])
        cache.failed("long.test", id: "1", now: 86_400)
        #expect(cache.due(now: 86_401).isEmpty)
        #expect(cache.due(now: 86_700).map(\.domain) == ["long.test"])
    }

    @Test func policiesSurviveARestart() {
        var cache = StrictTransportCache()
        cache.fetched("a.test", id: "1", enforce(1000), now: 100)
        cache.fetched("b.test", id: "1", enforce(10), now: 100)
        #expect(cache.isChanged)
        let kept = cache.written()
        #expect(!cache.isChanged && kept.map(\.domain) == ["a.test", "b.test"])
        var second = StrictTransportCache()
        second.restore(kept, now: 500)
        #expect(second.policy(of: "a.test", now: 1099) == enforce(1000))
        #expect(second.count == 1)
        // The clock was set back: no policy lasts longer than it says.
        var third = StrictTransportCache()
        third.restore(kept, now: 50)
        #expect(third.policy(of: "a.test", now: 1050) == nil && third.policy(of: "a.test", now: 1049) != nil)
    }

    @Test func theCacheHasABound() {
        var cache = StrictTransportCache()
        for number in 0...StrictTransportCache.mostDomains {
            cache.fetched("\(number).test", id: "1", enforce(number == 7 ? 900 : 1000), now: 0)
        }
        #expect(cache.count == StrictTransportCache.mostDomains)
        #expect(cache.policy(of: "7.test", now: 1) == nil && cache.policy(of: "8.test", now: 1) != nil)
    }
}
