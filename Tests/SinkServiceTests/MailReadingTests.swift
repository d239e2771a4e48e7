import SinkService
import Testing

@Suite struct MailReadingTests {
    private func read(_ text: String) -> MailReading {
        MailReading(Array(text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n").utf8))
    }

    @Test func headersAreUnfoldedAndDecoded() {
        let mail = read(
            """
            Subject: =?utf-8?Q?Caf=C3=A9_au?= =?utf-8?b?IGxhaXQ=?= today
            From: "A" <a@x.test>
            X-Long: one
             two
            X-Broken: =?utf-8?x?abc?= =?utf-8?q?unended

            hello
            """)
        #expect(mail.field("subject") == "Café au lait today")
        #expect(mail.field("X-Long") == "one two")
        #expect(mail.field("x-broken") == "=?utf-8?x?abc?= =?utf-8?q?unended")
        #expect(mail.parts == [.init(type: "text/plain", name: "", size: 5, text: "hello")])
    }

    @Test func partsAreDecodedHoweverDeepTheyLie() {
        let mail = read(
            """
            Content-Type: multipart/mixed; boundary="a b"

            preamble
            --a b
            Content-Type: multipart/alternative; boundary=inner

            --inner
            Content-Type: text/plain; charset=iso-8859-1
            Content-Transfer-Encoding: quoted-printable

            caf=E9 =
            ole
            --inner
            Content-Type: text/html

            <b>caf&eacute;</b>
            --inner--
            --a b
            Content-Type: application/pdf; name=x.pdf
            Content-Disposition: attachment; filename="report.pdf"
            Content-Transfer-Encoding: base64

            AAEC
            AwQ=
            --a b--
            epilogue
            """)
        #expect(
            mail.parts == [
                .init(type: "text/plain", name: "", size: 8, text: "café ole"),
                .init(type: "text/html", name: "", size: 18, text: "<b>caf&eacute;</b>"),
                .init(type: "application/pdf", name: "report.pdf", size: 5, text: nil),
            ])
    }

    @Test(arguments: [
        "", "\n", "no colon", "Content-Type: multipart/mixed; boundary=x\n\n--x", ":\n\n=?", "A: =?a?b?c?=",
    ])
    func nothingThatComesStopsIt(text: String) { #expect(read(text).parts.count <= 1) }
}
