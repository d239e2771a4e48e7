import DKIMSigning
import Foundation
import MailAuthentication
import MailTypes
import TestSupport
import Testing

/// Mail and records of the DNS that are made to mislead, or to cost much.
@Suite struct HostileMailTests {
    private static let zone = Zone("_dmarc.bank.test TXT v=DMARC1; p=reject")

    private static func isRefused(_ header: String) async -> Bool {
        var plan = VerificationPlan()
        plan.dmarc = .enforce
        let message = hashed(Array("\(header)\r\n\r\nHi\r\n".utf8)) { _ in [] }
        var findings = MessageFindings(ClientFindings())
        findings.dmarc = await DMARCCheck.run(author: message.authorDomain, spf: nil, dkim: [], share: 0, zone)
        return plan.refusal(of: findings) != nil
    }

    /// However From is written, readers see the bank.
    @Test(arguments: [
        "From: a@bank.test", "From: team: a@bank.test;", "From: a@bank.test:;", "From: <a@bank.test",
        "From: a@bank.test\r\nFrom: b@other.test", "From: b@other.test, a@bank.test", "From: a@bank.test\u{FF0E}",
        "From: a@bank.test;", "From: a@bank.test/", "From: \"bank <a@bank.test>", "From: a@BANK.TEST.",
    ]) func nobodyPassesForTheBank(header: String) async { #expect(await Self.isRefused(header)) }

    @Test(arguments: [
        "From: a@other.test", "Subject: none", "From: MAILER-DAEMON", "From: undisclosed:;", "From: a@[192.0.2.1]",
        "From: a@[IPv6:2001:db8::1]", "From: \"a@bank.test\" <b@other.test>",
        "From: a@localhost",
    ]) func mailOfOthersIsTaken(header: String) async { #expect(await !Self.isRefused(header)) }

    /// What a stranger had written into a trusted forwarder's results is no result of it.
    @Test(arguments: [
        ("spf=fail smtp.mailfrom=\"x;dmarc=pass y\"@evil.test; dmarc=fail", false),
        ("spf=fail (x; dmarc=pass ) smtp.mailfrom=evil.test; dmarc=fail", false),
        ("spf=fail (x (\\); dmarc=pass ); dmarc=pass )", false), ("x-dmarc=pass; dmarc=passed", false),
        ("spf=fail; DMARC=Pass (p=reject) header.from=x.test", true), ("dmarc=pass", true),
    ]) func onlyResultsOfForwardersCount(results: String, isVouchedFor: Bool) {
        #expect(AuthenticationResults.methods(in: results).contains("dmarc=pass") == isVouchedFor)
    }

    /// Whatever strangers have called their domains and selectors: no line is too long for the next hop.
    @Test func linesOfResultsAreShortEnough() {
        let long = String(repeating: "\"(", count: 400)
        let entry = AuthenticationResults.Entry(
            "dkim", .fail, long, [("header.d", long), ("header.i", long), ("header.s", long)])
        let field = AuthenticationResults(service: "mx.test", entries: [entry, entry]).field
        let lines = String(decoding: field, as: UTF8.self).split(separator: "\r\n")
        #expect(lines.count > 2 && lines.allSatisfy { $0.utf8.count <= 998 })
        #expect(lines.dropFirst().allSatisfy { $0.hasPrefix("\t") })
    }

    /// A list of four thousand tags would cost eight million comparisons, and a message has room for many such lists.
    @Test func listsHaveNotAnyNumberOfTags() {
        let letters = (0x61...0x7A).map { String(UnicodeScalar($0)) }
        let names = letters.flatMap { first in letters.map { first + $0 } }
        func list(_ count: Int) -> String { names.prefix(count).map { $0 + "=1" }.joined(separator: ";") }
        #expect(TagList(list(TagList.mostTags)) != nil && TagList(list(TagList.mostTags) + ";") != nil)
        #expect(TagList(list(TagList.mostTags + 1)) == nil)
    }

    /// Macros that come to half a megabyte: what is asked for is the end of it that is a name.
    @Test func macrosCostNoMoreThanANameIsLong() async throws {
        let many = String(repeating: "%{l}.", count: 3_200)
        let zone = Zone("evil.test TXT v=spf1 exists:\(many)evil.test ~all")
        let local = (0..<100).map { _ in "a" }.joined(separator: ".")
        let result = await SPFCheck.run(
            .mailFrom(
                localPart: local, domain: "evil.test", hello: "h.test", try #require(NetworkAddress("192.0.2.1"))),
            zone)
        #expect(result.outcome == .softfail)
        let name = String(repeating: "a.", count: 122) + "evil.test"
        #expect(name.utf8.count == 253 && zone.asked.last == name + " A")
    }

    /// With an exponent as long as the key, a signature costs as much to verify as to make.
    @Test(arguments: [("65537", AuthenticationOutcome.pass), ("1208925819614629174706189", .permerror)])
    func keysHaveShortExponents(exponent: String, outcome: AuthenticationOutcome) async throws {
        let directory = TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let file = directory.path + "/key.pem"
        _ = try NameServer.run(
            "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_pubexp:\(exponent) -out \(file)"
        )
        let key = try DKIMKey(pem: try String(contentsOfFile: file, encoding: .utf8), file: file)
        let zone = Zone("s._domainkey.x.test TXT \(key.publicRecord)")
        let message = Array("From: a@x.test\r\n\r\nHi\r\n".utf8)
        let signature = DKIMSignature(domain: "x.test", selector: "s", key: key)
        let signed = try #require(
            signature.field(for: hashed(message) { _ in [BodyHashKind(signature.bodyForm)] }, now: 1))
        let fields = hashed(signed + message) { _ in [] }.fields
        let verifier = DKIMVerifier(fields, most: 1)
        let whole = hashed(signed + message) { _ in verifier.bodyKinds }
        #expect(await verifier.verify(whole, now: 1, zone).map(\.outcome) == [outcome])
    }

    /// Empty lines count only if something follows: a body of many and then a word costs no memory for them.
    @Test(arguments: CanonicalForm.allCases) func emptyLinesAreHashed(form: CanonicalForm) {
        let lines = Array(String(repeating: "\r\n", count: 20_000).utf8)
        let kind = BodyHashKind(form)
        let head = Array("From: a@x.test\r\n\r\n".utf8)
        let whole = hashed(head + lines + Array("x\r\n".utf8)) { _ in [kind] }
        #expect(whole.bodies[kind]?.octets == 40_003)
        let empty = hashed(head + lines) { _ in [kind] }
        #expect(empty.bodies[kind]?.octets == (form == .simple ? 2 : 0))
    }
}
