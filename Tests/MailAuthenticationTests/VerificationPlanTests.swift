import DKIMSigning
import MailAuthentication
import MailTypes
import Testing

@Suite struct VerificationPlanTests {
    private static let client = NetworkAddress("192.0.2.65")!
    private static let zone = """
        x.test TXT v=spf1 ip4:192.0.2.65 -all
        y.test TXT v=spf1 -all
        _dmarc.x.test TXT v=DMARC1; p=reject
        _dmarc.q.test TXT v=DMARC1; p=quarantine
        192.0.2.65 PTR mail.x.test
        mail.x.test A 192.0.2.65
        66.2.0.192.bl.test A 127.0.0.2
        """

    private static func plan(_ change: (inout VerificationPlan) -> Void) -> VerificationPlan {
        var plan = VerificationPlan()
        change(&plan)
        return plan
    }

    private static func findings(
        _ plan: VerificationPlan, _ client: NetworkAddress = client, from: String = "a@x.test",
        helo: String = "mail.x.test",
        zone: Zone = Zone(zone)
    ) async -> ClientFindings {
        let address = MailAddress(from)
        let identity = SPFIdentity.mailFrom(
            localPart: String(decoding: address.localPart, as: UTF8.self),
            domain: String(decoding: address.domain, as: UTF8.self), hello: helo, client)
        return await ClientFindings.client(client, plan, zone).with(identity, plan, zone)
    }

    @Test func nothingIsAskedThatIsOff() async {
        let zone = Zone(Self.zone)
        let plan = VerificationPlan()
        #expect(await Self.findings(plan, zone: zone) == ClientFindings() && zone.asked.isEmpty)
        let message = Array("From: a@x.test\r\nDKIM-Signature: v=1\r\nARC-Seal: i=1\r\n\r\n".utf8)
        let hashed = hashed(message) { ContentVerifier.bodyKinds($0, plan) }
        let findings = await ContentVerifier(hashed.fields, plan).verify(
            hashed, author: hashed.authorDomain, ClientFindings(), share: 0, now: 0, zone)
        #expect(findings.entries.isEmpty && zone.asked.isEmpty && hashed.bodies.isEmpty)
    }

    @Test func clientsAreRefused() async {
        let other = NetworkAddress("192.0.2.66")!
        let plan = Self.plan {
            ($0.spf, $0.reverseName, $0.blockLists) = (.enforce, .enforce, .enforce)
            $0.lists = [BlockList(zone: "bl.test", answers: BlockList.usualAnswers)]
        }
        let right = await Self.findings(plan)
        #expect(plan.refusal(of: right) == nil && plan.refusal(ofListed: right, Self.client) == nil)
        #expect(
            right.entries.map(\.text) == [
                "spf=none (no record) smtp.helo=mail.x.test", "spf=pass (ip4:192.0.2.65) smtp.mailfrom=x.test",
                "iprev=pass (mail.x.test) policy.iprev=192.0.2.65",
            ])
        let listed = await Self.findings(plan, other)
        let reply = plan.refusal(ofListed: listed, other)
        #expect(reply?.code == 550 && reply?.text == "192.0.2.66 is listed at bl.test")
        #expect(plan.refusal(of: listed)?.enhanced == .init(5, 7, 25))
        let noted = Self.plan {
            ($0.spf, $0.reverseName, $0.blockLists) = (.note, .note, .note)
            $0.lists = plan.lists
        }
        #expect(noted.refusal(of: listed) == nil && noted.refusal(ofListed: listed, other) == nil)
        let spf = Self.plan { $0.spf = .enforce }
        #expect(spf.refusal(of: await Self.findings(spf, other))?.enhanced == .init(5, 7, 23))
        #expect(
            spf.refusal(of: await Self.findings(spf, from: "a@none.test", helo: "y.test"))?.enhanced == .init(5, 7, 23))
        #expect(spf.refusal(of: await Self.findings(spf, from: "a@none.test")) == nil)
    }

    @Test func silenceOfTheDNS() async {
        let zone = Zone(Self.zone)
        zone.fail("x.test TXT")
        zone.fail("192.0.2.65 PTR")
        for (defers, code): (Bool, UInt16?) in [(false, nil), (true, 451)] {
            let spf = Self.plan { ($0.spf, $0.defersOnTemporaryFailure) = (.enforce, defers) }
            #expect(spf.refusal(of: await Self.findings(spf, zone: zone))?.code == code)
            let name = Self.plan { ($0.reverseName, $0.defersOnTemporaryFailure) = (.enforce, defers) }
            #expect(name.refusal(of: await Self.findings(name, zone: zone))?.code == code)
        }
    }

    private static func verified(
        _ plan: VerificationPlan, author: String, _ client: ClientFindings = ClientFindings(), more: String = ""
    ) async -> MessageFindings {
        let message = Array("\(more)From: a@\(author)\r\n\r\nHi\r\n".utf8)
        let hashed = hashed(message) { ContentVerifier.bodyKinds($0, plan) }
        return await ContentVerifier(hashed.fields, plan).verify(
            hashed, author: hashed.authorDomain, client, share: 0, now: 1, Zone(zone))
    }

    @Test func messagesAreRefused() async {
        let plan = Self.plan { $0.dmarc = .enforce }
        let failing = await Self.verified(plan, author: "x.test")
        #expect(plan.refusal(of: failing)?.enhanced == .init(5, 7, 1) && plan.quarantine(failing) == nil)
        #expect(
            failing.entries.map(\.text) == ["dkim=none", "dmarc=fail (p=reject dis=reject) header.from=x.test"])
        let aside = await Self.verified(plan, author: "q.test")
        #expect(plan.refusal(of: aside) == nil && plan.quarantine(aside) == "dmarc; header.from=q.test")
        let proven = await Self.verified(plan, author: "x.test", await Self.findings(plan))
        #expect(proven.dmarc?.outcome == .pass && plan.refusal(of: proven) == nil)
        let noted = Self.plan { $0.dmarc = .note }
        #expect(noted.refusal(of: failing) == nil && noted.quarantine(aside) == nil)
        let signatures = Self.plan { ($0.dkim, $0.arc) = (.enforce, .enforce) }
        #expect(signatures.refusal(of: await Self.verified(signatures, author: "x.test")) == nil)
        let wrong = await Self.verified(signatures, author: "x.test", more: "DKIM-Signature: v=1; d=x.test\r\n")
        #expect(signatures.refusal(of: wrong)?.enhanced == .init(5, 7, 20))
        var partial = MessageFindings(ClientFindings())
        partial.dkim = [DKIMResult(.fail), DKIMResult(.policy)]
        #expect(signatures.refusal(of: partial)?.enhanced == .init(5, 7, 21) && partial.dkimOutcome == .policy)
        partial.dkim?.append(DKIMResult(.pass))
        #expect(signatures.refusal(of: partial) == nil)
        let broken = await Self.verified(signatures, author: "x.test", more: "ARC-Seal: i=1; cv=none\r\n")
        #expect(signatures.refusal(of: broken)?.enhanced == .init(5, 7, 29))
    }

    /// Where DMARC fails, forwarders that are trusted may vouch for the message.
    @Test func trustedForwardersVouch() async throws {
        let keys = try Keys()
        let sealer = ARCSealer(domain: "list.test", selector: "ed", key: keys.ed25519)
        let zone = Zone(Self.zone + "\ned._domainkey.list.test TXT \(keys.ed25519.publicRecord)")
        for (seen, sealers, isVouchedFor): (AuthenticationOutcome, Set<String>, Bool) in [
            (.pass, ["list.test"], true), (.fail, ["list.test"], false), (.pass, ["other.test"], false),
            (.pass, [], false),
        ] {
            let plan = Self.plan { ($0.dmarc, $0.trustedSealers) = (.enforce, sealers) }
            let message = Array("From: a@x.test\r\n\r\nHi\r\n".utf8)
            let results = AuthenticationResults(service: "list.test", entries: [.init("dmarc", seen, "p=reject")])
            let set = try #require(
                sealer.fields(
                    for: hashed(message) { _ in [ARCSealer.bodyKind] }, status: .none, results: results.value, now: 1))
            let sealed = hashed(set + message) { ContentVerifier.bodyKinds($0, plan) }
            let findings = await ContentVerifier(sealed.fields, plan).verify(
                sealed, author: sealed.authorDomain, ClientFindings(), share: 0, now: 1, zone)
            #expect(findings.isVouchedFor == isVouchedFor && (plan.refusal(of: findings) == nil) == isVouchedFor)
        }
    }
}
