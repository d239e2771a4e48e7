import MailTypes
import RelayService
import TransportSecurity

/// A ``TLSProbeReport`` for people.
struct TLSProbeSheet {
    private let report: TLSProbeReport
    init(_ report: TLSProbeReport) { self.report = report }

    var text: String {
        var lines = [
            "target       \(report.target)", "destination  \(report.destination)  \(report.route)",
            "tls          \(report.tls)\(report.usesDANE ? ", DANE" : "")\(report.usesStrictTransport ? ", MTA-STS" : "")",
        ]
        if let policy = report.strictTransport { lines.append("MTA-STS      \(Self.text(policy))") }
        for host in report.hosts { lines += [""] + self.lines(host) }
        return (lines + ["", "mail         \(Self.text(report.verdict))"]).joined(separator: "\n") + "\n"
    }

    private static func text(_ policy: TLSProbeReport.StrictTransport) -> String {
        let fault = policy.fault.map { "could not be had: \($0)" }
        guard let mode = policy.mode else { return fault ?? "no policy" }
        let seconds = policy.maxAgeSeconds.map { ", max_age \($0) s" } ?? ""
        return "\(mode): \(policy.patterns.joined(separator: ", "))\(seconds)"
            + (fault.map { "; a newer one \($0)" } ?? "")
    }

    private static func text(_ verdict: TLSProbeReport.Verdict) -> String {
        switch verdict.way {
        case .encrypted: "goes over TLS, \(verdict.reason)"
        case .clear: "goes in the clear, \(verdict.reason)"
        case .waits: "waits, \(verdict.reason)"
        }
    }

    private func lines(_ host: TLSProbeReport.Host) -> [String] {
        let signed = host.isNameSecure ? "" : "  (its name is not secure: DANE does not count)"
        var lines = ["host         \(host.name.isEmpty ? "" : host.name + "  ")\(host.address)\(signed)"]
        lines += Self.lines(host.dane)
        switch (host.offersTLS, host.version) {
        case (nil, _): lines.append("  STARTTLS   not known: \(host.fault ?? "")")
        case (false?, _): lines.append("  STARTTLS   not offered")
        case (true?, nil): lines.append("  STARTTLS   offered, and the handshake fails: \(host.fault ?? "")")
        case (true?, let version?): lines.append("  STARTTLS   \(version) \(host.cipher ?? "")")
        }
        for (index, certificate) in host.certificates.enumerated() {
            lines += Self.lines(certificate, isFirst: index == 0)
        }
        for check in host.checks {
            // Signed by somebody in `tls_ca`, or whom this system trusts, for the host's name.
            let name = check.name == "certificate" ? "web PKI" : check.name
            lines.append("  \(Self.padded(name, 11))\(check.passed ? "right" : "wrong: " + (check.reason ?? ""))")
        }
        return lines + ["  mail       \(Self.text(host.verdict))"]
    }

    private static func lines(_ dane: TLSProbeReport.DANE) -> [String] {
        switch dane.state {
        case "none": return ["  TLSA       none that is secure"]
        case "failed": return ["  TLSA       not to be had: \(dane.fault ?? "")"]
        default:
            let state = dane.state == "usable" ? "" : ", of which none can be used"
            let names = dane.names.count > 1 ? "; with usage 2 for \(dane.names.joined(separator: ", "))" : ""
            return ["  TLSA       of \(dane.baseDomain ?? "")\(state)\(names)"]
                + dane.records.map { "             \($0)" }
        }
    }

    private static func lines(_ certificate: CertificateReport, isFirst: Bool) -> [String] {
        var lines = [
            "  \(isFirst ? "shows     " : "          ") \(certificate.subject.joined(separator: ", "))",
            "             signed by \(certificate.issuer.joined(separator: ", "))",
        ]
        if isFirst {
            if !certificate.names.isEmpty {
                lines.append("             for \(certificate.names.joined(separator: ", "))")
            }
            let dates = [certificate.notBefore, certificate.notAfter].map { MailDate.text(unixSeconds: $0) }
            lines.append("             from \(dates[0]) to \(dates[1])")
        }
        return lines + ["             TLSA \(isFirst ? 3 : 2) 1 1 \(certificate.publicKeySHA256)"]
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}
