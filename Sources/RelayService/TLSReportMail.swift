package import MailTypes
import TextCodecs
package import TransportSecurity

/// A domain's TLS report of one day on its way out: compressed, and as a mail (RFC 8460 §5.3).
package struct TLSReportMail: Sendable {
    /// Who sends it: the name of this host.
    package var submitter: String
    /// Whose hosts it is about.
    package var domain: String
    package var day: ReportDay
    /// ``TLSReport/id``.
    package var reportID: String
    /// JSON, compressed with gzip.
    package var body: [UInt8]
    package var from: MailAddress

    package init(
        submitter: String, domain: String, day: ReportDay, reportID: String, body: [UInt8], from: MailAddress
    ) {
        self.submitter = submitter
        self.domain = domain
        self.day = day
        self.reportID = reportID
        self.body = body
        self.from = from
    }

    /// The type of a compressed report (§6.5).
    package static let mediaType = "application/tlsrpt+gzip"

    /// RFC 8460 §5.1: `mta.example.org!example.net!1764115200!1764201599.json.gz`
    package var fileName: String {
        let last = day.startSeconds + 86_399
        return "\(submitter)!\(Self.plain(domain))!\(day.startSeconds)!\(last).json.gz"
    }

    /// The whole message with CRLF line ends, not dot-stuffed.
    /// - Parameter nowSeconds: since 1970.
    package func content(to recipient: MailAddress, id: MessageID, nowSeconds: Int) -> [UInt8] {
        let (boundary, domain) = ("millrace-\(id)", Self.plain(domain))
        let lines =
            [
                "Date: \(MailDate.text(unixSeconds: nowSeconds))", "From: <\(from)>", "To: <\(recipient)>",
                "Message-ID: <\(id)@\(submitter)>", "Subject: Report Domain: \(domain)",
                " Submitter: \(submitter)", " Report-ID: <\(reportID)>", "TLS-Report-Domain: \(domain)",
                "TLS-Report-Submitter: \(submitter)",
                // RFC 8460 §3: reports about broken TLS must not wait for it.
                "TLS-Required: No", "Auto-Submitted: auto-generated", "MIME-Version: 1.0",
                "Content-Type: multipart/report; report-type=\"tlsrpt\"; boundary=\"\(boundary)\"", "",
                "--\(boundary)", "Content-Type: text/plain; charset=us-ascii", "",
                "This is an aggregate report of \(submitter) about TLS of sessions with hosts of",
                "\(domain) from \(day.firstSecond) to \(day.lastSecond) (RFC 8460).", "",
                "--\(boundary)", "Content-Type: \(Self.mediaType)", "Content-Transfer-Encoding: base64",
                "Content-Disposition: attachment;", "\tfilename=\"\(fileName)\"", "", "",
            ].joined(separator: "\r\n")
        return Array(lines.utf8) + Base64.bytes(body, lineWidth: 76) + Array("\r\n--\(boundary)--\r\n".utf8)
    }

    /// What a stranger's DNS says goes into a header.
    private static func plain(_ domain: String) -> String {
        String(
            decoding: domain.utf8.map { $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x2F ? $0 : 0x5F }, as: UTF8.self)
    }
}
