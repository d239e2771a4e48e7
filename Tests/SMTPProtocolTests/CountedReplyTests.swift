import MailTypes
import SMTPProtocol
import Testing

/// What the session answers by itself is counted where that is asked for.
@Suite struct CountedReplyTests {
    private func counts(_ input: String, asking: Bool = true) -> [String] {
        var configuration = ServerConfiguration(hostname: "mx.test")
        configuration.countsReplies = asking
        var harness = ServerHarness(configuration)
        harness.feed(input)
        return harness.takeCountedReplies().map { "\($0.stage) \($0.code) \($0.count)" }
    }

    private let envelope = "MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\n"

    @Test func everyCommandHasItsRow() {
        let found = counts(
            """
            MAIL FROM:<a@x.test>\r
            EHLO c.test\r
            RCPT TO:<b@y.test>\r
            MAIL FROM:nonsense\r
            MAIL FROM:nothing\r
            MAIL FROM:<a@x.test>\r
            RCPT TO:\r
            DATA\r
            NOOP\r
            NOOP\r
            FROB\r
            RSET\r
            VRFY x\r
            STARTTLS\r
            QUIT\r

            """)
        #expect(
            found == [
                "mail 503 1", "ehlo 250 1", "rcpt 503 1", "mail 501 2", "rcpt 501 1", "data 554 1", "other 250 3",
                "other 500 1", "other 252 1", "tls 502 1", "other 221 1",
            ])
    }

    /// Of content that begins there is one row, unless the service decides it: whatever comes of it afterwards.
    @Test(arguments: [
        ("DATA\r\na\nb\r\n.\r\n", ["final 554 1"]),
        ("DATA\r\na\nb\r\n", ["final 554 1"]),
        ("DATA\r\nab\r\n.\r\n", []),
        ("BDAT 3\r\nabcRSET\r\n", ["chunk 250 1", "content 0 1", "other 250 1"]),
        ("BDAT 3\r\na\nbRSET\r\n", ["final 554 1", "chunk 554 1", "other 250 1"]),
        ("BDAT 3\r\na\nbBDAT 1 LAST\r\nx", ["final 554 1", "chunk 554 1"]),
        ("BDAT 2 LAST\r\na\r", ["final 554 1"]),
        ("BDAT 3\r\nabcBDAT 3 LAST\r\nabc", ["chunk 250 1"]),
    ])
    func contentIsCountedOnce(input: String, rows: [String]) {
        #expect(counts("EHLO c.test\r\n" + envelope + input) == ["ehlo 250 1"] + rows)
    }

    @Test func nothingIsCountedUnasked() {
        #expect(counts("EHLO c.test\r\nFROB\r\nNOOP\r\n", asking: false).isEmpty)
    }
}
