import MailTypes
import SMTPProtocol
import Testing

@Suite struct SessionMemoryTests {
    private static let configuration = ServerConfiguration(hostname: "mx.test", maximumErrors: 4)

    private static let transcript = Array(
        """
        EHLO client.test\r
        NOOP\r
        FROB\r
        MAIL FROM:<a@x.test> SIZE=12\r
        RCPT TO:<b@y.test>\r
        RCPT TO:<c@y.test>\r
        DATA\r
        Subject: one\r
        \r
        ..first\r
        .\r
        MAIL FROM:<d@x.test> BODY=8BITMIME\r
        RSET\r
        FROB\r
        MAIL FROM:<e@x.test>\r
        RCPT TO:<f@y.test>\r
        BDAT 5\r
        abcdeBDAT 4 LAST\r
        fghiVRFY x\r
        FROB\r
        FROB\r
        NOOP\r

        """.utf8)

    /// Wherever it rests another session can go on, and the client sees no difference: also in the middle of a command,
    /// and with its errors counted on.
    @Test func anotherSessionGoesOnAnywhere() throws {
        var whole = ServerHarness(Self.configuration)
        whole.feed(Self.transcript)
        let (messages, isClosed) = (whole.messages.count, whole.isClosed)
        try #require(messages == 2 && isClosed)
        var places = 0
        for cut in 0...Self.transcript.count {
            var first = ServerHarness(Self.configuration)
            first.feed(Array(Self.transcript[..<cut]))
            guard !first.isClosed, let memory = first.memory else { continue }
            places += 1
            var second = ServerHarness(resuming: memory, Self.configuration)
            second.feed(Array(Self.transcript[cut...]))
            #expect(first.output + second.output == whole.output, "cut at \(cut)")
            #expect(first.messages + second.messages == whole.messages, "cut at \(cut)")
            #expect(second.isClosed == true)
        }
        // Nearly all places that are in no transaction.
        #expect(places > 100)
    }

    @Test func inATransactionNobodyElseGoesOn() {
        var session = ServerHarness(Self.configuration)
        session.feed("EHLO c.test\r\nMAIL FROM:<a@x.test>\r\n")
        #expect(session.memory == nil)
        session.feed("RCPT TO:<b@y.test>\r\nDATA\r\nhello\r\n")
        #expect(session.memory == nil)
        session.feed(".\r\n")
        #expect(session.memory?.transactions == 1)
    }

    @Test func whatTLSProtectsStays() {
        var configuration = Self.configuration
        configuration.offersStartTLS = true
        var session = ServerHarness(configuration)
        session.feed("EHLO c.test\r\n")
        #expect(session.memory != nil)
        session.feed("STARTTLS\r\n")
        #expect(session.memory == nil)
    }

    /// A line that is too long to be kept has to end here first.
    @Test func aCommandThatIsNotKeptEndsHere() {
        var session = ServerHarness(Self.configuration)
        session.feed(String(repeating: "x", count: 3_000))
        #expect(session.memory == nil)
        session.feed("\r\n")
        #expect(session.memory?.errors == 1)
    }

    /// Limits that the client was told hold on; the others are those of the new process.
    @Test func whatWasAnnouncedHoldsOn() throws {
        var old = Self.configuration
        (old.maximumMessageSize, old.maximumRecipients, old.maximumMessages) = (5_000, 7, 3)
        var first = ServerHarness(old)
        first.feed("EHLO c.test\r\n")
        var new = Self.configuration
        (new.hostname, new.maximumMessageSize, new.maximumMessages) = ("other.test", 100, 1)
        let found = first.memory
        let memory = try #require(found)
        var second = ServerHarness(resuming: memory, new)
        second.feed("MAIL FROM:<a@x.test> SIZE=4000\r\nRSET\r\nMAIL FROM:<a@x.test>\r\nRSET\r\nEHLO c.test\r\n")
        #expect(second.replies.prefix(4).allSatisfy { $0.hasPrefix("250") })
        #expect(second.replies.contains { $0.hasPrefix("250-SIZE 5000") })
        #expect(second.replies.contains { $0.hasPrefix("250-other.test") })
    }
}
