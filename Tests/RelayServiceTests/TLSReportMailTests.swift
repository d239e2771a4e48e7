import Foundation
import MailTypes
import NIOCore
import RelayService
import SpoolContract
import TestSupport
import Testing
import TransportSecurity

@Suite struct TLSReportMailTests {
    private func report(_ domain: String = "example.net") -> TLSReportMail {
        TLSReportMail(
            submitter: "mta.example.org", domain: domain, day: ReportDay("2026-11-25")!, reportID: "1@mta.example.org",
            body: Array("not really compressed".utf8), from: MailAddress("tls@example.org"))
    }

    /// RFC 8460 §5.1, §5.3.
    @Test func aMailHasTheFormOfTheRFC() {
        let report = report()
        #expect(report.fileName == "mta.example.org!example.net!1795564800!1795651199.json.gz")
        let bytes = report.content(
            to: MailAddress("in@example.net"), id: MessageID(high: 1, low: 2), nowSeconds: 1_795_651_260)
        let text = String(decoding: bytes, as: UTF8.self)
        for line in [
            "Subject: Report Domain: example.net\r\n Submitter: mta.example.org\r\n Report-ID: <1@mta.example.org>\r\n",
            "TLS-Report-Domain: example.net\r\n", "TLS-Report-Submitter: mta.example.org\r\n", "TLS-Required: No\r\n",
            "Content-Type: multipart/report; report-type=\"tlsrpt\"; boundary=\"",
            "Content-Type: application/tlsrpt+gzip\r\n", "\tfilename=\"\(report.fileName)\"\r\n\r\n",
            Data(report.body).base64EncodedString() + "\r\n--",
        ] { #expect(text.contains(line), "\(line)") }
        #expect(!bytes.indices.dropFirst().contains { bytes[$0] == 0x0A && bytes[$0 - 1] != 0x0D })
    }

    @Test func aStrangersNameStaysInItsPlace() {
        let text = report("a\"\r\nBcc: x/y").fileName
        #expect(text == "mta.example.org!a___Bcc:_x_y!1795564800!1795651199.json.gz")
    }

    @Test func gzipReadsWhatIsCompressed() throws {
        let directory = TemporaryDirectory()
        for length in [0, 1, 100_000] {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 * $0 >> 3) }
            let file = directory.path + "/\(length).gz"
            try Data(#require(Gzip.compressed(bytes))).write(to: URL(fileURLWithPath: file))
            let digest = try NameServer.run("gzip -dc \(file) | sha256sum").prefix(64)
            try Data(bytes).write(to: URL(fileURLWithPath: directory.path + "/plain"))
            #expect(try NameServer.run("sha256sum < \(directory.path)/plain").prefix(64) == digest)
        }
    }
}

@Suite struct TLSRequiredFieldTests {
    private static let cases: [(header: String, no: Bool)] = [
        ("TLS-Required: No\r\n", true), ("Subject: a\r\ntls-required:no\r\nTo: b\r\n", true),
        ("TLS-Required:\r\n\tNO \r\n", true), ("TLS-Required: Yes\r\n", false), ("TLS-Required:\r\n", false),
        ("TLS-Required: No, thanks\r\n", false), ("TLS-Required: No\r\n x\r\n", false),
        // Twice is not as it should be.
        ("TLS-Required: No\r\nTLS-Required: No\r\n", false), ("X-TLS-Required: No\r\n", false),
        ("Subject: a\r\n TLS-Required: No\r\n", false), ("TLS-Requirednt: No\r\n", false), ("", false),
    ]

    @Test func aHeaderIsReadHoweverItIsCut() {
        for (header, no) in Self.cases {
            let bytes = Array((header + "\r\nTLS-Required: No\r\n").utf8)
            for cut in 0...bytes.count {
                let content = MessageContent(
                    slices: [ByteBuffer(bytes: bytes[..<cut]), ByteBuffer(bytes: bytes[cut...])], form: .raw)
                #expect(TLSRequiredField.saysNo(content) == no, "\(header) cut at \(cut)")
            }
        }
    }
}
