import MTAConfiguration
import RunRecords
import Testing

/// `verification`, of listeners and of all, and `dns_blocklists`.
@Suite struct VerificationSectionTests {
    @Test func everythingIsOff() throws {
        let settings = try MTASettings.load(
            text: "smart_host: 127.0.0.1:25\nspool: memory\nlisteners: [{name: a, address: '127.0.0.1:0'}]", file: "f")
        #expect(!settings.listeners[0].verification.isUsed && !settings.usesVerification)
    }

    @Test func sectionsAreRead() throws {
        let settings = try MTASettings.load(
            text: """
                smart_host: 127.0.0.1:25
                spool: memory
                listeners:
                  - {name: a, address: '127.0.0.1:0', verification: {spf: note, dmarc: enforce, dnsbl: enforce, auth: true}}
                dns_blocklists:
                  - {zone: Bl.test}
                  - {zone: good.test, answers: [127.0.0.0/16], kind: allow}
                verification:
                  authserv_id: mx.test
                  on_temporary_failure: defer
                  exempt_networks: [192.0.2.0/24]
                  trusted_sealers: [Lists.test]
                  dnsbl_at: connection
                """, file: "f")
        let listener = settings.listeners[0].verification
        #expect(listener.isUsed && settings.usesVerification)
        #expect(listener.spf == .note && listener.dmarc == .enforce && listener.dkim == .off && listener.auth)
        #expect(settings.blockLists.map { $0.zone?.text } == ["bl.test", "good.test"])
        #expect(settings.blockLists[1].kind == .allow && settings.blockLists[0].answers.isEmpty)
        let all = settings.verification
        #expect(all.service?.text == "mx.test" && all.onTemporaryFailure == .deferMail && all.listMoment == .connection)
        #expect(all.trustedSealers.map(\.text) == ["lists.test"] && all.mostSignatures == 5)
    }

    @Test(arguments: [
        ("listeners: [{name: a, address: '127.0.0.1:0', verification: {spf: yes}}]", "expected off or note or enforce"),
        ("listeners: [{name: a, address: '127.0.0.1:0', verification: {dnsbl: note}}]", "needs `dns_blocklists`"),
        ("listeners: [{name: a, address: '127.0.0.1:0', verification: {dkmi: note}}]", "did you mean 'dkim'"),
        ("dns_blocklists: [{kind: allow}]", "key 'dns_blocklists[0].zone': is missing"),
        ("verification: {max_signatures: 0}", "expected 1 to 50"),
        ("verification: {seal: {domain: x.test, selector: k}}", "key 'verification.seal.key': is missing"),
        ("verification: {seal: {domain: x.test, key: /nowhere}}", "key 'verification.seal.selector': is missing"),
        ("verification: {dnsbl_text: 'grüße'}", "expected one line"),
    ]) func mistakesAreNamed(text: String, fault: String) {
        let error = #expect(throws: ConfigurationFaults.self) {
            try MTASettings.load(text: "smart_host: 127.0.0.1:25\nspool: memory\n" + text, file: "f")
        }
        #expect(error?.description.contains(fault) == true, "\(error?.description ?? "")")
    }
}
