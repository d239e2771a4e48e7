import DKIMSigning
import MailAuthentication
import MailTypes
import Testing

@Suite struct ClientCheckTests {
    private static let client = NetworkAddress("192.0.2.65")!

    @Test(arguments: [
        ("192.0.2.65 PTR a.test\na.test A 192.0.2.65", AuthenticationOutcome.pass, "a.test"),
        ("192.0.2.65 PTR b.test\n192.0.2.65 PTR a.test\na.test A 192.0.2.65", .pass, "a.test"),
        ("192.0.2.65 PTR a.test\na.test A 192.0.2.66", .fail, "a.test"), ("192.0.2.65 PTR a.test", .fail, "a.test"),
        ("192.0.2.66 PTR a.test", .permerror, ""),
    ]) func namesLeadBack(records: String, outcome: AuthenticationOutcome, name: String) async {
        let result = await ReverseNameCheck.run(Self.client, Zone(records))
        #expect(result.outcome == outcome && result.name ?? "" == name)
        let failing = Zone(records)
        failing.fail("192.0.2.65 PTR")
        #expect(await ReverseNameCheck.run(Self.client, failing).outcome == .temperror)
    }

    /// Many names are not followed without end.
    @Test func namesAreBounded() async {
        let zone = Zone((0..<40).map { "192.0.2.65 PTR n\($0).test" }.joined(separator: "\n"))
        #expect(await ReverseNameCheck.run(Self.client, zone).outcome == .fail)
        #expect(zone.asked.count == 1 + ReverseNameCheck.mostNames)
    }

    @Test func listsAreAsked() async {
        let zone = Zone(
            """
            65.2.0.192.bl.test A 127.0.0.4
            65.2.0.192.refusing.test A 127.255.255.254
            65.2.0.192.some.test A 127.0.0.9
            66.2.0.192.bl.test A 127.0.0.2
            66.2.0.192.good.test A 127.0.0.2
            1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.test A 127.0.0.2
            """)
        zone.fail("65.2.0.192.dead.test A")
        let usual = BlockList.usualAnswers
        let lists = [
            BlockList(zone: "bl.test", answers: usual), BlockList(zone: "refusing.test", answers: usual),
            BlockList(zone: "some.test", answers: [NetworkPrefix("127.0.0.8/32")!]),
            BlockList(zone: "dead.test.", answers: usual),
            BlockList(zone: "good.test", answers: usual, isAllowList: true),
        ]
        let results = await BlockListCheck.run(Self.client, lists, zone)
        #expect(results.listed == [BlockListResult(zone: "bl.test", answer: NetworkAddress("127.0.0.4")!)])
        #expect(
            results.faults == [
                "refusing.test answers 127.255.255.254", "some.test answers 127.0.0.9", "dead.test: SERVFAIL",
            ])
        let welcome = await BlockListCheck.run(NetworkAddress("192.0.2.66")!, lists, zone)
        #expect(welcome.listed.isEmpty && welcome.allowed?.zone == "good.test")
        #expect(await BlockListCheck.run(NetworkAddress("2001:db8::1")!, lists, zone).listed.count == 1)
        #expect(await BlockListCheck.run(NetworkAddress("192.0.2.67")!, lists, zone) == BlockListResults())
    }

    /// Texts of strangers make no line and no result of their own.
    @Test func resultsAreWrittenSafely() {
        let results = AuthenticationResults(
            service: "mx.test",
            entries: [
                .init("spf", .fail, "no (really) \\ \r\n", [("smtp.mailfrom", "a@x.test"), ("smtp.helo", "")]),
                .init("dkim", .pass, "", [("header.d", "x; spf=pass \"q\""), ("header.b", "abc/d+=")]),
            ])
        #expect(
            results.value
                == "mx.test;\r\n\tspf=fail (no \\(really\\) \\\\ ??) smtp.mailfrom=a@x.test;\r\n\t"
                + "dkim=pass header.d=\"x; spf=pass \\\"q\\\"\" header.b=\"abc/d+=\"")
        #expect(
            String(decoding: AuthenticationResults(service: "mx.test", entries: []).field, as: UTF8.self)
                == "Authentication-Results: mx.test; none\r\n")
    }

    @Test(arguments: [
        ("Authentication-Results: mx.test; spf=pass", true), ("authentication-results:MX.test 1; spf=pass", true),
        ("Authentication-Results:\r\n\t(a (nested) comment) \"mx.test\"; none", true),
        ("Authentication-Results: mx.test", true),
        ("Authentication-Results: (\\) mx.test; x) other.test; none", false),
        ("Authentication-Results: mx.test.evil; none", false),
        ("Authentication-Results: \"mx\\.test\"(c); none", true), ("X-Authentication-Results: mx.test; none", false),
        ("Authentication-Results: ", false),
    ]) func whatClaimsToBeOurs(field: String, claims: Bool) throws {
        let field = try #require(HeaderField.all(Array((field + "\r\n").utf8)).first)
        #expect(AuthenticationResults.claims("mx.test", field) == claims)
    }
}
