import Foundation
import MailAuthentication
import MailTypes
import Measures
import TestSupport
import Testing

@Suite struct SPFTests {
    private static func check(
        _ zone: Zone, _ client: String = "192.0.2.65", from: String = "user@example.com",
        helo: String = "mail.example.com"
    ) async throws -> SPFResult {
        let parts = from.split(separator: "@", maxSplits: 1).map(String.init)
        let identity = SPFIdentity.mailFrom(
            localPart: parts.count == 2 ? parts[0] : "", domain: parts.last ?? "", hello: helo,
            try #require(NetworkAddress(client)))
        return await SPFCheck.run(identity, zone)
    }

    private static func outcome(
        _ record: String, _ client: String = "192.0.2.65", more: String = ""
    ) async throws -> AuthenticationOutcome {
        try await check(Zone("example.com TXT \(record)\n" + more), client).outcome
    }

    /// RFC 7208 appendix A: one domain with all kinds of records.
    private static let rfc = """
        example.com MX 10 mail-a.example.com
        example.com MX 20 mail-b.example.com
        example.com A 192.0.2.10
        example.com A 192.0.2.11
        amy.example.com A 192.0.2.65
        bob.example.com A 192.0.2.66
        mail-a.example.com A 192.0.2.129
        mail-b.example.com A 192.0.2.130
        www.example.com A 192.0.2.10
        mail-c.example.org A 192.0.2.140
        example.org MX 10 mail-c.example.org
        192.0.2.10 PTR example.com
        192.0.2.65 PTR amy.example.com
        192.0.2.66 PTR bob.example.com
        192.0.2.129 PTR mail-a.example.com
        192.0.2.140 PTR mail-c.example.org
        10.0.0.4 PTR bob.example.com

        """

    /// Its examples of §A.1, each with who passes and who does not.
    @Test(arguments: [
        ("v=spf1 +all", ["192.0.2.10", "10.0.0.4"], []),
        ("v=spf1 a -all", ["192.0.2.10", "192.0.2.11"], ["192.0.2.65"]),
        ("v=spf1 a:example.org -all", [], ["192.0.2.10", "192.0.2.140"]),
        ("v=spf1 mx -all", ["192.0.2.129", "192.0.2.130"], ["192.0.2.10"]),
        ("v=spf1 mx:example.org -all", ["192.0.2.140"], ["192.0.2.129"]),
        ("v=spf1 mx mx:example.org -all", ["192.0.2.129", "192.0.2.130", "192.0.2.140"], ["192.0.2.65"]),
        ("v=spf1 mx/30 mx:example.org/30 -all", ["192.0.2.131", "192.0.2.143"], ["192.0.2.132", "192.0.2.144"]),
        ("v=spf1 ptr -all", ["192.0.2.10", "192.0.2.65"], ["192.0.2.140", "10.0.0.4"]),
        ("v=spf1 ip4:192.0.2.128/28 -all", ["192.0.2.129", "192.0.2.140"], ["192.0.2.65"]),
    ]) func theExamplesOfTheStandard(record: String, passing: [String], failing: [String]) async throws {
        for (clients, outcome) in [(passing, AuthenticationOutcome.pass), (failing, .fail)] {
            for client in clients {
                #expect(try await Self.outcome(record, client, more: Self.rfc) == outcome, "\(record) \(client)")
            }
        }
    }

    /// §A.4: macros and lists by the sender's name and the client's address.
    @Test func macrosNameHosts() async throws {
        let zone = Zone(
            """
            example.com TXT v=spf1 mx -exists:%{ir}.sbl.spamhaus.example.org redirect=_spf.%{d2}
            _spf.example.com TXT v=spf1 exists:%{ir}.%{l1r+-}._spf.%{d2} -all
            65.2.0.192.strong._spf.example.com A 127.0.0.2
            example.com MX 10 mail.example.com
            mail.example.com A 192.0.2.1
            3.2.0.192.sbl.spamhaus.example.org A 127.0.0.2
            """)
        #expect(try await Self.check(zone, from: "strong-bad@example.com").outcome == .pass)
        #expect(try await Self.check(zone, from: "weak-bad@example.com").outcome == .fail)
        let direct = Zone(
            """
            email.example.com TXT v=spf1 exists:%{ir}.%{v}.%{l1r-}.lp._spf.%{d2} exists:%{s}.%{h}.%{o1} ?all
            3.2.0.192.in-addr.strong.lp._spf.example.com A 127.0.0.2
            a-b@email.example.com.helo.test.com A 127.0.0.2
            """)
        #expect(
            try await Self.check(direct, "192.0.2.3", from: "strong-bad@email.example.com").outcome == .pass)
        #expect(
            try await Self.check(direct, "192.0.2.4", from: "a-b@email.example.com", helo: "helo.test").outcome == .pass
        )
        #expect(try await Self.check(direct, "192.0.2.4", from: "x@email.example.com").outcome == .neutral)
    }

    /// §7.4: what each macro comes to, seen in what is asked.
    @Test(arguments: [
        ("%{s}", "strong-bad@email.example.com"), ("%{o}", "email.example.com"), ("%{d}", "email.example.com"),
        ("%{d4}", "email.example.com"), ("%{d3}", "email.example.com"), ("%{d2}", "example.com"), ("%{d1}", "com"),
        ("%{dr}", "com.example.email"), ("%{d2r}", "example.email"), ("%{l}", "strong-bad"), ("%{l-}", "strong.bad"),
        ("%{lr}", "strong-bad"), ("%{lr-}", "bad.strong"), ("%{l1r-}", "strong"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
        ("%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"),
        ("%%.%_%-.%{h}.x.y", "%. %20.mail.example.com.x.y"), ("%{L}.%{S1}.x.y", "strong-bad.com.x.y"),
        ("%{p}.x.y", "mail.email.example.com.x.y"),
    ]) func macrosAreFilledIn(text: String, name: String) async throws {
        let zone = Zone(
            """
            email.example.com TXT v=spf1 exists:\(text) -all
            192.0.2.3 PTR other.test
            192.0.2.3 PTR mail.email.example.com
            other.test A 192.0.2.3
            mail.email.example.com A 192.0.2.3
            """)
        _ = try await Self.check(zone, "192.0.2.3", from: "strong-bad@email.example.com")
        #expect(zone.asked.last == name + " A")
    }

    @Test func halfOctetsOfIPv6() async throws {
        let zone = Zone("example.com TXT v=spf1 exists:%{ir}.%{v}._spf.%{d} -all")
        _ = try await Self.check(zone, "2001:db8::cb01")
        #expect(
            zone.asked.last
                == "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com A")
    }

    /// Records that are wrong are wrong before anything of them matches (§4.6).
    @Test(arguments: [
        "v=spf1 +all moo", "v=spf1 +all a:", "v=spf1 +all a:localhost", "v=spf1 +all all:x", "v=spf1 +all ip4:1.2.3",
        "v=spf1 +all ip4:1.2.3.4/33", "v=spf1 +all ip4:1.2.3.4/", "v=spf1 +all ip4:1.2.3.4/08",
        "v=spf1 +all ip4:01.2.3.4",
        "v=spf1 +all ip4", "v=spf1 +all ip6:1.2.3.4", "v=spf1 +all ip6:2001:db8::/129", "v=spf1 +all a/33",
        "v=spf1 +all a//129", "v=spf1 +all exists", "v=spf1 +all include", "v=spf1 +all include:%{c}.x.y",
        "v=spf1 +all exists:%{d0}.x.y", "v=spf1 +all exists:%{z}.x.y", "v=spf1 +all exists:%x.y.z",
        "v=spf1 +all redirect=a.test redirect=b.test", "v=spf1 +all exp=a.test exp=b.test", "v=spf1 +all redirect=",
        "v=spf1 +all =x", "v=spf1 +all ++all", "v=spf1 +all a:x.123", "v=spf1 +all x=%", "v=spf1 +all a:é.test",
        "v=spf1 +all mx:example.com/24/64",
    ]) func faultsAreFaults(record: String) async throws {
        #expect(try await Self.outcome(record) == .permerror, "\(record)")
    }

    @Test(arguments: [
        ("v=spf1", AuthenticationOutcome.neutral), ("V=SPF1 -ALL", .fail), ("v=spf10 -all", .none),
        ("v=spf1\t-all", .none),
        ("v=spf1  -all  ", .fail), ("v=spf1 ~all", .softfail), ("v=spf1 ?all", .neutral),
        ("v=spf1 unknown=x.%{d}%{t} +all", .pass),
        ("v=spf1 IP4:192.0.2.65 -all", .pass), ("v=spf1 ip4:192.0.2.0/24 -all", .pass),
        ("v=spf1 ip4:0.0.0.0/0 -all", .pass),
        ("v=spf1 ip6:::/0 -all", .fail), ("v=spf1 -ip4:192.0.2.65 +all", .fail),
        ("v=spf1 a:exists.test//64 -all", .fail),
        ("v=spf1 redirect=none.test", .permerror), ("v=spf1 include:none.test +all", .permerror),
        ("v=spf1 exp=why.test -all", .fail), ("v=spf1 +all redirect=none.test", .pass),
    ]) func recordsMean(record: String, outcome: AuthenticationOutcome) async throws {
        #expect(try await Self.outcome(record) == outcome, "\(record)")
    }

    @Test func whatIsIncludedSaysOnlyYes() async throws {
        for (included, outcome): (String, AuthenticationOutcome) in [
            ("+all", .pass), ("-all", .softfail), ("~all", .softfail), ("?all", .softfail), ("moo", .permerror),
            ("redirect=none.test", .permerror), ("redirect=pass.test", .pass),
        ] {
            let more = "inner.test TXT v=spf1 \(included)\npass.test TXT v=spf1 ip4:192.0.2.0/24 -all"
            #expect(try await Self.outcome("v=spf1 include:inner.test ~all", more: more) == outcome, "\(included)")
        }
        let zone = Zone("example.com TXT v=spf1 include:inner.test +all")
        zone.fail("inner.test TXT")
        #expect(try await Self.check(zone).outcome == .temperror)
    }

    /// §4.6.4.
    @Test func limitsAreKept() async throws {
        let names = (0..<11).map { "a\($0).test" }
        let hosts = names.map { "\($0) A 192.0.2.1" }.joined(separator: "\n")
        let ten = "v=spf1 " + names.prefix(10).map { "a:\($0)" }.joined(separator: " ")
        #expect(try await Self.outcome(ten + " +all", more: hosts) == .pass)
        #expect(try await Self.outcome(ten + " a:\(names[10]) +all", more: hosts) == .permerror)
        #expect(
            try await Self.outcome(ten + " redirect=pass.test", more: hosts + "\npass.test TXT v=spf1 +all")
                == .permerror)
        #expect(try await Self.outcome("v=spf1 a:n1.test a:n2.test +all") == .pass)
        #expect(try await Self.outcome("v=spf1 a:n1.test mx:n2.test exists:n3.test +all") == .permerror)
        func exchangers(_ count: Int) -> String {
            hosts + "\n" + (0..<count).map { "example.com MX 10 a\($0).test" }.joined(separator: "\n")
        }
        #expect(try await Self.outcome("v=spf1 mx +all", more: exchangers(10)) == .pass)
        #expect(try await Self.outcome("v=spf1 mx +all", more: exchangers(11)) == .permerror)
        // Of many names the first ten are looked at, and that is no fault.
        let reverse = (0..<12).map {
            "192.0.2.65 PTR p\($0).example.com\np\($0).example.com A 192.0.2.\($0 == 11 ? 65 : 1)"
        }
        #expect(try await Self.outcome("v=spf1 ptr ?all", more: reverse.joined(separator: "\n")) == .neutral)
        #expect(try await Self.outcome("v=spf1 include:example.com -all") == .permerror)
        #expect(try await Self.outcome("v=spf1 redirect=example.com") == .permerror)
    }

    @Test func namesThatAreNone() async throws {
        let zone = Zone("example.com TXT v=spf1 -all\nmail.example.com TXT v=spf1 +all\nlocalhost TXT v=spf1 +all")
        for (from, outcome): (String, AuthenticationOutcome) in [
            ("a@localhost", .none), ("a@x..test", .none), ("a@" + String(repeating: "a", count: 64) + ".test", .none),
            ("a@[192.0.2.65]", .none), ("a@192.0.2.65", .none), ("a@none.test", .none), ("@example.com", .fail),
            ("", .pass), ("a@EXAMPLE.com.", .fail),
        ] { #expect(try await Self.check(zone, from: from).outcome == outcome, "\(from)") }
        let hello = await SPFCheck.run(.hello("mail.example.com", NetworkAddress("192.0.2.1")!), zone)
        #expect(hello.outcome == .pass && hello.kind == .hello && hello.domain == "mail.example.com")
        zone.add("example.com", "TXT", "v=spf1 +all")
        #expect(try await Self.check(zone).outcome == .permerror)
        zone.fail("none.test TXT")
        #expect(try await Self.check(zone, from: "a@none.test").outcome == .temperror)
    }

    // MARK: Another implementation

    private struct Case: Codable {
        var records: [String]
        var client: String
        var from: String
        var helo: String
    }

    /// pyspf, an implementation by others, says the same of generated records: mechanisms, prefixes, macros, includes and
    /// redirections, to limits and beyond.
    @Test func anotherImplementationAgrees() async throws {
        var numbers = SplitMix64(seed: 7208)
        let cases = (0..<2_500).map { _ in Self.generated(&numbers) }
        let directory = TemporaryDirectory()
        let file = directory.path + "/cases.json"
        try JSONEncoder().encode(cases).write(to: URL(fileURLWithPath: file))
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Support/spf_check.py"
        let output = try NameServer.run("/usr/bin/python3 \(script) \(file)")
        let expected = try JSONDecoder().decode([String].self, from: Data(output.utf8))
        #expect(expected.count == cases.count)
        var seen: [String: Int] = [:]
        for (sample, outcome) in zip(cases, expected) {
            let zone = Zone(sample.records.joined(separator: "\n"))
            let result = try await Self.check(zone, sample.client, from: sample.from, helo: sample.helo)
            #expect(result.outcome.rawValue == outcome, "\(sample): \(result.reason)")
            seen[outcome, default: 0] += 1
        }
        for outcome in ["pass", "fail", "softfail", "neutral", "permerror"] { #expect(seen[outcome, default: 0] > 40) }
    }

    private static let names = ["example.com", "a.example.com", "b.test", "c.b.test", "d.example.org", "void.test"]
    private static let clients = ["192.0.2.1", "192.0.2.65", "198.51.100.7", "2001:db8::1", "2001:db8:1::7"]

    private static func generated(_ numbers: inout SplitMix64) -> Case {
        func one<T>(_ list: [T]) -> T { list[numbers.below(list.count)] }
        func domain() -> String {
            one(
                names + [
                    "%{d}", "%{o}", "a.%{d2}", "%{l}.b.test", "%{ir}.%{v}.b.test", "%{h}", "%{dr}.test", "%{l1-}.x",
                    "x",
                ])
        }
        func prefix() -> String { one(["", "", "", "/24", "//64", "/16//32", "/0", "/33"]) }
        // A record that includes itself is for pyspf a fault of its own, reached or not; here the limit ends it.
        func included(_ name: String) -> String {
            one(names.filter { $0 != name } + ["%{l}.b.test", "%{ir}.%{v}.b.test", "x"])
        }
        func term(_ name: String) -> String {
            let qualifier = one(["", "", "+", "-", "~", "?"])
            switch numbers.below(13) {
            case 0, 1: return qualifier + "a" + one(["", ":" + domain()]) + prefix()
            case 2: return qualifier + "mx" + one(["", ":" + domain()]) + prefix()
            case 3, 4: return qualifier + "ip4:" + one(["192.0.2.0/24", "192.0.2.65", "198.51.100.0/25", "1.2.3.4/32"])
            case 5: return qualifier + "ip6:" + one(["2001:db8::/32", "2001:db8::1", "2001:db8:1::/48"])
            case 6, 7: return qualifier + "include:" + included(name)
            case 8: return qualifier + "exists:" + domain()
            case 9: return qualifier + "ptr" + one(["", ":" + one(names)])
            case 10: return one(["x\(numbers.below(9_999))=%{d}", "moo", "ip4:1.2.3", "A", "MX"])
            default: return one(["-all", "~all", "?all"])
            }
        }
        var records: [String] = []
        for name in names.dropLast() {
            if numbers.below(8) > 0 {
                var terms = (0..<numbers.below(4)).map { _ in term(name) }
                if numbers.below(2) == 0 {
                    terms.append(one(["-all", "~all", "+all"]))
                } else if numbers.below(3) == 0 {
                    terms.append("redirect=" + one(names))
                }
                records.append("\(name) TXT v=spf1 \(terms.joined(separator: " "))")
            }
            for client in clients where numbers.below(4) == 0 {
                records.append("\(name) \(client.contains(":") ? "AAAA" : "A") \(client)")
            }
            for _ in 0..<numbers.below(3) { records.append("\(name) MX \(numbers.below(50)) \(one(names))") }
        }
        // A name of the client's without an address counts as a void lookup for pyspf; the record is not to blame for it.
        for client in clients where numbers.below(2) == 0 {
            let name = one(names)
            records.append("\(client) PTR \(name)")
            records.append(client.contains(":") ? "\(name) AAAA 2001:db8:9::9" : "\(name) A 203.0.113.9")
        }
        return Case(
            records: Array(Set(records)).sorted(), client: one(clients),
            from: one(["u", "a-b", "x.y"]) + "@" + one(names),
            helo: one(names))
    }
}
