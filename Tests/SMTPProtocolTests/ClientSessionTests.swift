import MailTypes
import SMTPProtocol
import Testing

/// Drives a client session and keeps what it wrote and did.
private struct ClientHarness: ~Copyable {
    var session: ClientSession
    var written = ""
    var actions: [ClientSession.Action] = []

    init(pipelining: Bool = true, overlap: Bool = true, chunking: Bool = false) {
        session = ClientSession(
            ClientConfiguration(hostname: "c.test", pipelining: pipelining, overlap: overlap, chunking: chunking))
    }

    mutating func feed(_ text: String, bytewise: Bool = false) {
        for piece in bytewise ? text.utf8.map({ [$0] }) : [Array(text.utf8)] {
            var offset = 0
            stepping: while true {
                let action = session.step(piece.span.bytes, &offset)
                if action == .needsInput { break }
                actions.append(action)
                switch action {
                case .sendContent: sendContent()
                case .close, .sessionRefused: break stepping
                default: break
                }
            }
        }
        flush()
    }

    mutating func sendContent() {
        flush()
        written += "<content>"
        session.appendContentEnd()
    }

    mutating func flush() { written += String(decoding: session.takeOutput(), as: UTF8.self) }

    @discardableResult
    mutating func begin(_ recipients: [String] = ["b@y.test"], form: WireForm = .dotStuffed) -> Bool {
        let envelope = Envelope(reversePath: MailAddress("a@x.test"), recipients: recipients.map { MailAddress($0) })
        return session.begin(envelope, size: 9, form: form)
    }

    static func ready(pipelining: Bool = true, overlap: Bool = true, chunking: Bool = false, keywords: [String])
        -> ClientHarness
    {
        var harness = ClientHarness(pipelining: pipelining, overlap: overlap, chunking: chunking)
        harness.feed("220 mx.test\r\n")
        harness.feed(
            "250-mx.test\r\n" + keywords.dropLast().map { "250-\($0)\r\n" }.joined() + "250 \(keywords.last!)\r\n")
        harness.written = ""
        harness.actions = []
        return harness
    }

    var results: [TransactionResult] {
        actions.compactMap { if case .finished(let result) = $0 { result } else { nil } }
    }
}

@Suite struct ClientSessionTests {
    static let full = ["PIPELINING", "SIZE 1000", "8BITMIME", "CHUNKING", "SMTPUTF8"]
    static let envelope = "MAIL FROM:<a@x.test> SIZE=9\r\nRCPT TO:<b@y.test>\r\nDATA\r\n"

    @Test(arguments: [false, true]) func opening(bytewise: Bool) {
        var harness = ClientHarness()
        harness.feed("220-mx.test hello\r\n220 there\r\n", bytewise: bytewise)
        #expect(harness.written == "EHLO c.test\r\n")
        harness.feed("250-mx.test greets\r\n250-pipelining\r\n250-SIZE 1000\r\n250 CHUNKING\r\n", bytewise: bytewise)
        #expect(harness.actions == [.ready])
        #expect(harness.session.capabilities.pipelining && harness.session.capabilities.chunking)
        #expect(harness.session.capabilities.size == 1000)
        #expect(harness.session.canBegin == true)
    }

    @Test func fallsBackToHELO() {
        var harness = ClientHarness()
        harness.feed("220 mx\r\n")
        harness.feed("502 what?\r\n")
        harness.feed("250 mx\r\n")
        #expect(harness.written == "EHLO c.test\r\nHELO c.test\r\n")
        #expect(harness.actions == [.ready])
        #expect(harness.session.capabilities == ServerCapabilities())
    }

    @Test(arguments: ["554 5.3.2 no\r\n", "421 4.3.2 later\r\n"]) func greetingRefused(greeting: String) {
        var harness = ClientHarness()
        harness.feed(greeting)
        guard case .sessionRefused(let reply)? = harness.actions.first else { return #expect(Bool(false)) }
        #expect(reply.description + "\r\n" == greeting)
    }

    @Test(arguments: [false, true]) func pipelinedTransactionAndOverlap(bytewise: Bool) {
        var harness = ClientHarness.ready(keywords: Self.full)
        let atOnce = harness.begin()
        #expect(!atOnce)
        harness.flush()
        #expect(harness.written == Self.envelope)
        harness.feed("250 ok\r\n250 ok\r\n354 go\r\n", bytewise: bytewise)
        #expect(harness.actions == [.sendContent])
        #expect(harness.session.unfinished == [true])
        #expect(harness.session.canBegin == true)
        harness.begin()
        harness.flush()
        #expect(harness.written == Self.envelope + "<content>.\r\n" + Self.envelope)
        #expect(harness.session.canBegin == false)
        #expect(harness.session.unfinished == [true, false])
        harness.feed("250 queued\r\n250 ok\r\n250 ok\r\n354 go\r\n450 4.2.0 busy\r\n", bytewise: bytewise)
        #expect(harness.results.map(\.isAccepted) == [true, false])
        #expect(harness.results[1].refusal == SMTPReply(450, .init(4, 2, 0), "busy"))
        #expect(harness.results[1].stage == .final)
    }

    @Test func withoutOverlapTheNextWaits() {
        var harness = ClientHarness.ready(overlap: false, keywords: Self.full)
        harness.begin()
        harness.feed("250 ok\r\n250 ok\r\n354 go\r\n")
        #expect(harness.session.canBegin == false)
        harness.feed("250 ok\r\n")
        #expect(harness.session.canBegin == true)
    }

    @Test func lockstepWithoutPipelining() {
        var harness = ClientHarness.ready(keywords: ["8BITMIME"])
        harness.begin(["b@y.test", "c@y.test"])
        harness.flush()
        #expect(harness.written == "MAIL FROM:<a@x.test>\r\n")
        harness.feed("250 ok\r\n")
        harness.feed("550 5.1.1 unknown\r\n")
        harness.feed("250 ok\r\n")
        harness.feed("354 go\r\n")
        #expect(harness.written.hasSuffix("RCPT TO:<b@y.test>\r\nRCPT TO:<c@y.test>\r\nDATA\r\n<content>.\r\n"))
        harness.feed("250 ok\r\n")
        #expect(harness.results.count == 1 && harness.results[0].isAccepted)
        #expect(harness.results[0].refusedRecipients.map(\.index) == [0])
        #expect(harness.results[0].refusedRecipients.first?.reply == SMTPReply(550, .init(5, 1, 1), "unknown"))
    }

    @Test func senderRefusedPipelined() {
        var harness = ClientHarness.ready(keywords: Self.full)
        harness.begin()
        harness.feed("553 5.1.8 bad sender\r\n503 no\r\n503 no\r\n")
        #expect(harness.results.map(\.stage) == [.mail])
        #expect(harness.written.hasSuffix("DATA\r\nRSET\r\n"))
        #expect(harness.session.canBegin == true)
        harness.feed("250 reset\r\n")
        #expect(harness.actions.last == .ready)
    }

    /// RFC 2920 §3.1: the replies behind a refused MAIL are 503s about the order of commands, not about recipients: a
    /// sender that is to be tried again later must not fail for good because of them.
    @Test func repliesBehindRefusedSenderSayNothingAboutRecipients() {
        var harness = ClientHarness.ready(keywords: Self.full)
        harness.begin(["b@y.test", "c@y.test"])
        harness.feed("451 4.3.0 later\r\n503 5.5.1 MAIL first\r\n503 5.5.1 MAIL first\r\n503 5.5.1 MAIL first\r\n")
        #expect(harness.results.map(\.refusal) == [SMTPReply(451, .init(4, 3, 0), "later")])
        #expect(harness.results.first?.refusedRecipients.isEmpty == true)
    }

    /// A server that takes a chunk after it refused all recipients has delivered nothing.
    @Test func chunkTakenWithoutRecipientsIsNotAccepted() {
        var harness = ClientHarness.ready(chunking: true, keywords: Self.full)
        harness.begin(form: .raw)
        harness.feed("250 ok\r\n550 5.1.1 unknown\r\n250 ok\r\n")
        #expect(harness.results.map(\.isAccepted) == [false])
        #expect(harness.results.map(\.stage) == [.rcpt])
    }

    @Test func allRecipientsRefusedButDataAccepted() {
        var harness = ClientHarness.ready(keywords: Self.full)
        harness.begin()
        harness.feed("250 ok\r\n550 5.1.1 unknown\r\n354 go\r\n")
        #expect(harness.written.hasSuffix("DATA\r\n.\r\n"))
        harness.feed("554 5.5.1 nothing to do\r\n")
        #expect(harness.results.map(\.stage) == [.rcpt])
        #expect(harness.results[0].refusal?.code == 550)
    }

    @Test func allRecipientsRefusedInLockstep() {
        var harness = ClientHarness.ready(keywords: ["8BITMIME"])
        harness.begin()
        harness.feed("250 ok\r\n")
        harness.feed("450 4.2.1 later\r\n")
        #expect(harness.results.map(\.stage) == [.rcpt])
        #expect(harness.written.hasSuffix("RSET\r\n"))
        #expect(harness.session.canBegin == false)
        harness.feed("250 ok\r\n")
        #expect(harness.session.canBegin && harness.actions.last == .ready)
    }

    @Test func chunks() {
        var harness = ClientHarness.ready(chunking: true, keywords: Self.full)
        let atOnce = harness.begin(form: .raw)
        #expect(atOnce)
        harness.flush()
        #expect(harness.written.hasSuffix("RCPT TO:<b@y.test>\r\nBDAT 9 LAST\r\n"))
        #expect(harness.session.unfinished == [true])
        harness.feed("250 ok\r\n250 ok\r\n250 done\r\n")
        #expect(harness.results.map(\.isAccepted) == [true])
        harness.begin(form: .raw)
        harness.feed("250 ok\r\n550 5.1.1 no\r\n503 5.5.1 no recipients\r\n")
        #expect(harness.results.last?.stage == .rcpt)
        #expect(harness.written.hasSuffix("RSET\r\n"))
    }

    @Test func shutdownInTheMiddle() {
        var harness = ClientHarness.ready(keywords: Self.full)
        harness.begin()
        harness.feed("250 ok\r\n250 ok\r\n354 go\r\n421 4.3.2 going down\r\n")
        #expect(harness.results.first?.refusal?.code == 421)
        guard case .sessionRefused? = harness.actions.last else { return #expect(Bool(false)) }
    }

    @Test func quitWaitsForOpenTransactions() {
        var harness = ClientHarness.ready(keywords: Self.full)
        harness.begin()
        harness.session.quit()
        harness.flush()
        #expect(!harness.written.contains("QUIT"), "QUIT behind DATA would be content")
        harness.feed("250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n")
        #expect(harness.written.hasSuffix(".\r\nQUIT\r\n"))
        harness.feed("221 bye\r\n")
        #expect(harness.actions.last == .close(nil))
    }

    @Test(arguments: ["HTTP/1.1 400 no\r\n", "250", "999 x\r\n", "\r\n"]) func nonsense(text: String) {
        var harness = ClientHarness()
        harness.feed(text.hasSuffix("\n") ? text : text + String(repeating: "x", count: 3000))
        guard case .close(let reason)? = harness.actions.first else { return #expect(Bool(false)) }
        #expect(reason != nil)
    }

    @Test func endlessReplyIsCutOff() {
        var harness = ClientHarness()
        for _ in 0..<200 where harness.actions.isEmpty { harness.feed("220-more\r\n") }
        guard case .close? = harness.actions.first else { return #expect(Bool(false)) }
    }

    @Test func unexpectedReplyCloses() {
        var harness = ClientHarness.ready(keywords: Self.full)
        harness.feed("250 what\r\n")
        guard case .close(let reason)? = harness.actions.first else { return #expect(Bool(false)) }
        #expect(reason != nil)
    }
}
