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
              timeouts: {connect: 7s, greeting: 1m, command: 2m, handshake: 30s, data: 3m, content: 20m}
              tls_minimum: '1.3'
              tls_ciphers: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_RSA_WITH_AES_128_GCM_SHA256]
              tls_required_header: true
            mta_sts: {port: 8443, ca: /there/ca, timeout: 5s}
            tls_reports: {organization: Ours, contact: a@x.test, keep_days: 7, send: false, from: b@x.test, spread: 1h}
            domains:
              - {name: a.test, dane: false, mta_sts: false, tls_certificate: /there/d, tls_key: /there/e}
            """)
        let all = settings.delivery.security
        #expect(all.dane == true && all.mtaSTS == true && all.rememberBrokenTLS?.seconds == 0)
        #expect(all.certificate == "/there/c" && all.key == "/there/open")
        #expect(all.auth?.user == "joe" && all.auth?.passwordFile == "/there/p")
        #expect(all.timeouts?.greeting?.seconds == 60 && all.timeouts?.content?.seconds == 1200)
        #expect(settings.mtaSTS.port == 8443 && settings.mtaSTS.ca == "/there/ca")
        #expect(all.timeouts?.connect?.seconds == 7 && settings.delivery.obeysTLSRequired)
        #expect(all.minimumVersion == .v13 && all.ciphers.map(\.value) == [0xC030, 0x9C])
        #expect(settings.tlsReports?.keepDays == 7 && settings.tlsReports?.sends == false)
        #expect(settings.tlsReports?.from == "b@x.test" && settings.tlsReports?.spread.seconds == 3600)
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
        (
            "spool_dir: /s\ntls_reports: {organization: a, contact: 'https://x.test'}",
            "contact': 'https://x.test': expected a mail address"
        ),
        ("spool_dir: /s\ntls_reports: {organization: a, contact: b@x.test, spread: 1d}", "at most 20h"),
        (
            "delivery: {tls_ciphers: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA25]}",
            "did you mean 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'?"
        ),
        ("delivery: {tls_ciphers: [TLS_AES_128_GCM_SHA256]}", "is of TLS 1.3 and always there"),
        ("delivery: {skip_hosts: [192.0.2.1/24]}", "expected a host such as"),
        ("delivery: {reconnect_strategy: never}", "expected anew or next_host or same_host"),
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
