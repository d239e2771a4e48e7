import MailAuthentication
import MailTypes
import Testing

@Suite struct DMARCTests {
    private static func dkim(_ domain: String, _ outcome: AuthenticationOutcome = .pass) -> DKIMResult {
        var result = DKIMResult(outcome)
        result.domain = domain
        return result
    }

    private static func spf(_ domain: String, _ outcome: AuthenticationOutcome = .pass) -> SPFResult {
        SPFResult(outcome: outcome, kind: .mailFrom, domain: domain)
    }

    private static func check(
        _ author: String?, _ zone: Zone, dkim: [DKIMResult] = [], spf: SPFResult? = nil, share: Int = 0
    ) async -> DMARCResult {
        await DMARCCheck.run(author: author, spf: spf, dkim: dkim, share: share, zone)
    }

    /// Who is aligned with whom: RFC 7489 §3.1, appendix B.1.
    @Test(arguments: [
        ("p=reject", "x.test", "x.test", AuthenticationOutcome.pass), ("p=reject", "x.test", "mail.x.test", .pass),
        ("p=reject", "mail.x.test", "x.test", .pass), ("p=reject", "a.x.test", "b.x.test", .pass),
        ("p=reject", "x.test", "y.test", .fail), ("p=reject", "x.test", "notx.test", .fail),
        ("p=reject", "x.test", "test", .fail),
        ("p=reject; adkim=s; aspf=s", "x.test", "x.test", .pass),
        ("p=reject; adkim=s; aspf=s", "x.test", "mail.x.test", .fail),
        ("p=reject; adkim=r; aspf=R", "x.test", "mail.x.test", .pass),
    ]) func alignment(record: String, author: String, domain: String, outcome: AuthenticationOutcome) async {
        let zone = Zone("_dmarc.x.test TXT v=DMARC1; \(record)")
        #expect(await Self.check(author, zone, dkim: [Self.dkim(domain)]).outcome == outcome)
        #expect(await Self.check(author, zone, spf: Self.spf(domain)).outcome == outcome)
        // What does not pass proves nothing.
        #expect(
            await Self.check(author, zone, dkim: [Self.dkim(domain, .fail)], spf: Self.spf(domain, .softfail)).outcome
                == .fail)
        #expect(await Self.check(author, zone, dkim: [Self.dkim(domain, .policy)]).outcome == .fail)
        let mixed = [Self.dkim("other.test"), Self.dkim(domain, .neutral), Self.dkim(domain)]
        #expect(await Self.check(author, zone, dkim: mixed).outcome == outcome)
    }

    /// What is asked for: p, sp, np, t, pct.
    @Test(arguments: [
        ("p=reject", "x.test", DMARCPolicy.reject), ("p=quarantine", "x.test", .quarantine),
        ("p=none", "x.test", .none),
        ("p=reject; sp=none", "x.test", .reject), ("p=reject; sp=none", "a.x.test", .none),
        ("p=reject", "a.x.test", .reject),
        ("p=none; sp=quarantine; np=reject", "a.x.test", .quarantine),
        ("p=none; sp=quarantine; np=reject", "gone.x.test", .reject),
        ("p=reject; t=y", "x.test", .quarantine), ("p=quarantine; t=y", "x.test", .none),
        ("p=reject; pct=100", "x.test", .reject),
        ("p=reject; pct=51", "x.test", .reject), ("p=reject; pct=50", "x.test", .quarantine),
        ("p=quarantine; pct=0", "x.test", .none),
        ("p=REJECT ; ;junk; rf=afrf", "x.test", .reject), ("p=what; rua=mailto:a@x.test", "x.test", .none),
        ("rua=mailto:a@x.test", "x.test", .none),
    ]) func dispositions(record: String, author: String, disposition: DMARCPolicy) async {
        let zone = Zone("_dmarc.x.test TXT v=DMARC1; \(record)\na.x.test A 192.0.2.1")
        let result = await Self.check(author, zone, share: 50)
        #expect(result.outcome == .fail && result.disposition == disposition && result.policyDomain == "x.test")
        let right = await Self.check(author, zone, dkim: [Self.dkim(author)], share: 50)
        #expect(right.outcome == .pass && right.disposition == .none)
    }

    @Test(arguments: [
        "v=DMARC2; p=reject", "p=reject; v=DMARC1", "v=DMARC1 p=reject", "v=dmarc1; p=reject", "v=DMARC1; p=what",
        "v=DMARC1;",
        "v=spf1 -all",
    ]) func recordsThatAreNone(record: String) async {
        let zone = Zone("_dmarc.x.test TXT \(record)")
        let result = await Self.check("x.test", zone, dkim: [Self.dkim("x.test")])
        #expect(result.outcome == .none && result.policyDomain == nil)
        // Two that are valid are none; beside one that is not, it is the one.
        let both = Zone("_dmarc.x.test TXT v=DMARC1; p=reject\n_dmarc.x.test TXT v=DMARC1; p=none")
        #expect(await Self.check("x.test", both).outcome == .none)
        zone.add("_dmarc.x.test", "TXT", "v=DMARC1; p=reject")
        #expect(await Self.check("x.test", zone).disposition == .reject)
    }

    /// The tree walk (RFC 9989 §4.10): public suffixes that say so, domains that say that they are none, long names.
    @Test func organisationsAreFound() async {
        let suffix = Zone(
            """
            _dmarc.co.test TXT v=DMARC1; p=reject; psd=y
            _dmarc.x.co.test TXT v=DMARC1; p=quarantine
            _dmarc.own.y.co.test TXT v=DMARC1; p=none; psd=n
            """)
        #expect(await Self.check("a.x.co.test", suffix, dkim: [Self.dkim("b.x.co.test")]).outcome == .pass)
        // Two organisations below one suffix have nothing in common; the suffix's policy holds where they have none.
        let result = await Self.check("z.co.test", suffix, dkim: [Self.dkim("x.co.test")])
        #expect(result.outcome == .fail && result.disposition == .reject && result.policyDomain == "co.test")
        #expect(await Self.check("z.co.test", suffix, dkim: [Self.dkim("a.z.co.test")]).outcome == .pass)
        // psd=n cuts off what is above.
        #expect(await Self.check("own.y.co.test", suffix, dkim: [Self.dkim("y.co.test")]).outcome == .fail)
        #expect(await Self.check("a.own.y.co.test", suffix, dkim: [Self.dkim("b.own.y.co.test")]).outcome == .pass)
        let long = Zone("_dmarc.x.test TXT v=DMARC1; p=reject")
        #expect(await Self.check("1.2.3.4.5.6.7.8.9.10.x.test", long).disposition == .reject)
        #expect(long.asked.filter { $0.hasPrefix("_dmarc.") }.count <= 8)
        #expect(
            long.asked.contains("_dmarc.6.7.8.9.10.x.test TXT")
                && !long.asked.contains("_dmarc.2.3.4.5.6.7.8.9.10.x.test TXT"))
    }

    @Test func whatTheDNSDoesNotSay() async {
        let zone = Zone("_dmarc.x.test TXT v=DMARC1; p=reject")
        #expect(await Self.check(nil, zone).outcome == .permerror)
        #expect(await Self.check("none.test", zone).outcome == .none)
        let waiting = await Self.check("x.test", zone, dkim: [Self.dkim("x.test", .temperror)])
        #expect(waiting.outcome == .temperror && waiting.disposition == .none)
        #expect(await Self.check("x.test", zone, dkim: [Self.dkim("y.test", .temperror)]).outcome == .fail)
        let right = await Self.check("x.test", zone, dkim: [Self.dkim("x.test", .temperror)], spf: Self.spf("x.test"))
        #expect(right.outcome == .pass)
        zone.fail("_dmarc.x.test TXT")
        #expect(await Self.check("x.test", zone, dkim: [Self.dkim("x.test")]).outcome == .temperror)
    }
}
