import RunRecords

// DANE, MTA-STS, certificates and AUTH for next hops.
extension MTASettings {
    func checkSecurity(_ probe: any FileProbe, _ faults: inout [RecordFault]) {
        check(delivery.security, delivery.tls, delivery.mapping, probe, &faults)
        for domain in domains {
            check(domain.security, domain.tls ?? delivery.tls, domain.mapping, probe, &faults)
            if domain.security.auth == nil, delivery.security.auth != nil, let tls = domain.tls,
                tls != .required, tls != .verified
            {
                note(&faults, domain.mapping, "tls", "'\(tls.rawValue)': `auth` of `delivery` is told over TLS only")
            }
        }
        if let file = mtaSTS.ca, probe.text(file) == nil {
            note(&faults, mtaSTS.mapping, "ca", "'\(file)' \(probe.unreadable(file))")
        }
        guard let reports = tlsReports else { return }
        for (key, text) in [("organization", reports.organization), ("contact", reports.contact)] where text.isEmpty {
            note(&faults, reports.mapping, key, "is missing")
        }
        if reports.sends, !Self.isMailAddress(reports.from ?? reports.contact), !reports.contact.isEmpty {
            let key = reports.from == nil ? "contact" : "from"
            let text = "'\(reports.from ?? reports.contact)': expected a mail address to send from, or `send: false`"
            note(&faults, reports.mapping, key, text)
        }
        if !(0...72_000).contains(reports.spread.seconds) {
            note(&faults, reports.mapping, "spread", "expected at most 20h: reports are given up a day later")
        }
        if reports.directory == nil, spoolDirectory == nil {
            note(&faults, reports.mapping, "directory", "is missing: there is no `spool_dir`")
        }
    }

    private static func isMailAddress(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && !parts[0].isEmpty && (try? DomainName(written: String(parts[1]))) != nil
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"<>(),;:\\\"[]".utf8.contains($0) }
    }

    private func check(
        _ values: SecurityValues, _ tls: OutgoingTLS, _ mapping: StrictMapping?, _ probe: any FileProbe,
        _ faults: inout [RecordFault]
    ) {
        if values.dane == true, !dns.dnssec {
            note(&faults, mapping, "dane", "needs `dnssec` of `dns`")
        }
        for (key, isOn) in [("dane", values.dane), ("mta_sts", values.mtaSTS)] where isOn == true && tls == .none {
            note(&faults, mapping, key, "needs TLS: `tls` is none")
        }
        if (values.certificate == nil) != (values.key == nil) {
            let key = values.certificate == nil ? "tls_certificate" : "tls_key"
            note(&faults, mapping, key, "is missing: certificate and key go together")
        }
        for (key, file) in [("tls_certificate", values.certificate), ("tls_key", values.key)] {
            if let file, probe.text(file) == nil { note(&faults, mapping, key, "'\(file)' \(probe.unreadable(file))") }
        }
        guard let auth = values.auth else { return }
        if tls != .required, tls != .verified {
            note(&faults, mapping, "auth", "is told over TLS only: needs `tls: required` or `verified`")
        }
        if auth.user.isEmpty { note(&faults, auth.mapping, "user", "is missing") }
        if auth.passwordFile.isEmpty {
            note(&faults, auth.mapping, "password_file", "is missing")
        } else if probe.text(auth.passwordFile).map(Self.password(in:))?.isEmpty ?? true {
            note(&faults, auth.mapping, "password_file", "'\(auth.passwordFile)' has no first line to read")
        }
    }
}
