import MTAConfiguration
import Testing

private struct Files: FileProbe {
    func text(_ path: String) -> String? { path.hasPrefix("/there") ? "pencil\n" : nil }
    func isWorldReadable(_ path: String) -> Bool { path.hasSuffix("open") }
}

/// How connections to next hops are secured.
@Suite struct SecurityTests {
    private func load(_ text: String) throws -> MTASettings {
        try MTASettings.load(text: text, file: "mta.yaml", probe: Files())
    }

    @Test func everyKeyIsRead() throws {
        let settings = try load(
            """
            spool_dir: /s
            delivery:
              tls: required
              dane: true
              mta_sts: true
              remember_broken_tls: 0s
              tls_certificate: /there/c
              tls_key: /there/open
              auth: {user: joe, password_file: /there/p}
              timeouts: {greeting: 1m, command: 2m, handshake: 30s, data: 3m, content: 20m}
            mta_sts: {port: 8443, ca: /there/ca, timeout: 5s}
            tls_reports: {organization: Ours, contact: a@x.test, keep_days: 7}
            domains:
              - {name: a.test, dane: false, mta_sts: false, tls_certificate: /there/d, tls_key: /there/e}
            """)
        let all = settings.delivery.security
        #expect(all.dane == true && all.mtaSTS == true && all.rememberBrokenTLS?.seconds == 0)
        #expect(all.certificate == "/there/c" && all.key == "/there/open")
        #expect(all.auth?.user == "joe" && all.auth?.passwordFile == "/there/p")
        #expect(all.timeouts?.greeting?.seconds == 60 && all.timeouts?.content?.seconds == 1200)
        #expect(settings.mtaSTS.port == 8443 && settings.mtaSTS.ca == "/there/ca")
        #expect(settings.tlsReports?.keepDays == 7)
        let own = settings.domains[0].security
        #expect(own.dane == false && own.mtaSTS == false && own.auth == nil && own.certificate == "/there/d")
        #expect(settings.warnings(Files()) == ["/there/open: the private key is readable by everyone"])
        #expect(MTASettings().delivery.security.dane == nil)
    }

    @Test(arguments: [
        ("delivery: {dane: true}\ndns: {dnssec: false}", "needs `dnssec`"),
        ("delivery: {dane: true, tls: none}", "needs TLS"), ("delivery: {mta_sts: true, tls: none}", "needs TLS"),
        ("delivery: {tls_certificate: /there/c}", "key 'delivery.tls_key': is missing"),
        ("delivery: {tls_key: /there/c}", "key 'delivery.tls_certificate': is missing"),
        ("delivery: {tls_certificate: /gone, tls_key: /there/k}", "'/gone' cannot be read"),
        ("delivery: {auth: {user: a, password_file: /there/p}}", "told over TLS only"),
        ("delivery: {tls: required, auth: {password_file: /there/p}}", "user': is missing"),
        ("delivery: {tls: required, auth: {user: a}}", "password_file': is missing"),
        ("delivery: {tls: required, auth: {user: a, password_file: /gone}}", "no first line"),
        (
            "delivery: {tls: required, auth: {user: a, password_file: /there/p}}\ndomains: [{name: a.test, tls: none}]",
            "told over TLS only"
        ),
        ("delivery: {remember_broken_tls: 32d}", "expected 0s to 31d"),
        ("mta_sts: {ca: /gone}", "'/gone' cannot be read"),
        ("spool_dir: /s\ntls_reports: {contact: a@x.test}", "organization': is missing"),
        ("spool_dir: /s\ntls_reports: {organization: a}", "contact': is missing"),
        ("tls_reports: {organization: a, contact: b}", "no `spool_dir`"),
        ("spool_dir: /s\ntls_reports: {organization: a, contact: b, keep_days: 0}", "expected 1 to 3650"),
    ])
    func mistakesAreNamed(_ text: String, _ fault: String) {
        #expect { _ = try load(text) } throws: { "\($0)".contains(fault) }
    }
}
