import MailTypes
import SMTPProtocol
import Testing

/// What holds for a server session whatever the client sends: it survives, it opens and ends content in pairs, its
/// reply lines keep to the limit, and how the bytes were cut into reads changes nothing.
@Suite struct SessionInvariantTests {
    /// What a transport would see of a session, ranges replaced by their bytes.
    private struct Trace: Equatable {
        var replies: [UInt8] = []
        var contents: [[UInt8]] = []
        var endings: [String] = []
        var content: [UInt8] = []
        var isClosed = false
        /// `.contentAborted` or `.contentEnds` without `.contentBegins` before it, or `.contentBegins` twice.
        var unpaired = 0
        private var isOpen = false

        mutating func feed(_ session: inout ServerSession, _ bytes: [UInt8]) {
            var offset = 0
            stepping: while !isClosed {
                switch session.step(bytes.span.bytes, &offset) {
                case .needsInput: break stepping
                case .hello, .sender, .recipient, .dataAsked: session.answer(nil)
                case .contentBegins:
                    if isOpen { unpaired += 1 }
                    (isOpen, content) = (true, [])
                case .content(let range): content += bytes[range]
                case .stuffedDot: break
                case .contentAborted: end("aborted")
                case .contentEnds:
                    contents.append(content)
                    end("complete")
                    session.answer(nil)
                case .startTLS: session.secured()
                case .authenticate, .authenticationLine:
                    isClosed =
                        session.answer(
                            authentication: session.proposedResponse == nil
                                ? .challenge("") : .succeeded(user: "a", data: nil)) == .close
                case .authenticationCancelled: break
                case .clientAttributes: session.answer(nil)
                case .close: isClosed = true
                }
            }
            replies += session.takeOutput()
        }

        private mutating func end(_ how: String) {
            if !isOpen { unpaired += 1 }
            isOpen = false
            content = []
            endings.append(how)
        }

        var codes: [String] {
            String(decoding: replies, as: UTF8.self).split(separator: "\r\n").map { String($0.prefix(4)) }
                .filter { $0.hasSuffix(" ") }.map { String($0.dropLast()) }
        }

        var longestReplyLine: Int { replies.split(separator: 0x0A).map { $0.count + 1 }.max() ?? 0 }
    }

    private static func run(
        _ pieces: [[UInt8]], size: Int = SMTPLimits.messageSize, errors: Int = SMTPLimits.errors
    ) -> Trace {
        var session = ServerSession(
            ServerConfiguration(hostname: "mx.test", maximumMessageSize: size, maximumErrors: errors))
        var trace = Trace()
        session.greet()
        for piece in pieces { trace.feed(&session, piece) }
        return trace
    }

    private static func run(_ text: String, size: Int = SMTPLimits.messageSize) -> Trace {
        run([Array(text.utf8)], size: size)
    }

    private static let opening = "EHLO c.test\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@x.test>\r\n"

    // MARK: Chunks

    /// The largest size that fits an Int, at a server without a size limit: read, not added to.
    @Test(arguments: ["9223372036854775806", "9223372036854775800 LAST"]) func hugeChunkSizeIsSurvived(size: String) {
        let trace = Self.run(Self.opening + "BDAT \(size)\r\nabc\r\n", size: 0)
        #expect(trace.codes == ["220", "250", "250", "250"])
        #expect(trace.content == Array("abc\r\n".utf8))
        #expect(!trace.isClosed)
    }

    /// What ends a BDAT sequence after one of its chunks was refused, and how often the message is dropped: once if
    /// its content had begun, never if the first chunk was refused before any octet was handed on.
    static let failedSequences: [(String, [String], [String])] = [
        ("BDAT 3\r\na\nbRSET\r\n", ["aborted"], ["554", "250"]),
        ("BDAT 3\r\na\nbEHLO c.test\r\n", ["aborted"], ["554", "250"]),
        ("BDAT 3\r\na\nbBDAT 1 LAST\r\nc", ["aborted"], ["554", "554"]),
        (
            "BDAT 3\r\nabcBDAT 90\r\n" + String(repeating: "x", count: 90) + "RSET\r\n", ["aborted"],
            ["250", "552", "250"]
        ),
        ("BDAT 90\r\n" + String(repeating: "x", count: 90) + "RSET\r\n", [], ["552", "250"]),
        ("BDAT 3\r\nabcRSET\r\n", ["aborted"], ["250", "250"]),
        ("BDAT 3 LAST\r\na\r\nRSET\r\n", ["complete"], ["250", "250"]),
        ("BDAT 2 LAST\r\na\rRSET\r\n", ["aborted"], ["554", "250"]),
    ]

    @Test(arguments: failedSequences) func aMessageIsDroppedOnce(commands: String, endings: [String], codes: [String]) {
        for bytewise in [false, true] {
            let bytes = Array((Self.opening + commands).utf8)
            let trace = Self.run(bytewise ? bytes.map { [$0] } : [bytes], size: 80)
            #expect(trace.endings == endings, "\(commands)")
            #expect(trace.unpaired == 0, "\(commands)")
            #expect(Array(trace.codes.dropFirst(4)) == codes, "\(commands)")
        }
    }

    /// Whatever ends a transaction, the next message's envelope has nothing of it.
    @Test(arguments: [
        "RSET\r\n", "EHLO c.test\r\n", "HELO c.test\r\n", "DATA\r\nx\r\n.\r\n", "DATA\r\na\nb\r\n.\r\n",
        "BDAT 1 LAST\r\nx",
        "BDAT 1 LAST\r\n\n", "BDAT 1\r\nxRSET\r\n", "BDAT 1\r\n\nRSET\r\n", "BDAT 1\r\nxEHLO c.test\r\n",
        "BDAT 90 LAST\r\n" + String(repeating: "x", count: 90),
    ])
    func envelopesStartEmpty(ending: String) {
        var harness = ServerHarness(ServerConfiguration(hostname: "mx.test", maximumMessageSize: 80))
        harness.feed(
            "EHLO c.test\r\nMAIL FROM:<\u{F6}@x.test> SIZE=9 BODY=8BITMIME SMTPUTF8\r\nRCPT TO:<\u{F6}@y.test>\r\n"
                + "RCPT TO:<old@y.test>\r\n")
        #expect(harness.session.envelope.recipients.count == 2)
        harness.feed(ending)
        #expect(harness.session.isIdle == true)
        #expect(harness.session.envelope == Envelope(reversePath: .null, recipients: []))
        #expect(harness.session.declaredSize == nil)
        let before = harness.messages.count
        harness.feed("MAIL FROM:<a@x.test>\r\nRCPT TO:<new@y.test>\r\nDATA\r\nx\r\n.\r\n")
        let expected = Envelope(reversePath: MailAddress("a@x.test"), recipients: [MailAddress("new@y.test")])
        #expect(harness.messages.dropFirst(before).map(\.envelope) == [expected])
        #expect(harness.messages.last?.content == Array("x\r\n".utf8))
    }

    // MARK: Replies

    /// RFC 5321 §4.5.3.1.5: 512 octets with CRLF, whatever of the client's words a reply repeats.
    @Test(arguments: [
        "EHLO \(String(repeating: "c", count: 255))", "EHLO \(String(repeating: "c", count: 2000))",
        "MAIL FROM:<a@x.test> \(String(repeating: "K", count: 1900))=1",
        "MAIL FROM:<a@x.test> BODY=\(String(repeating: "K", count: 1900))",
        "XYZ\(String(repeating: "y", count: 2000))", "VRFY \(String(repeating: "y", count: 2000))",
    ])
    func replyLinesKeepToTheLimit(command: String) {
        let trace = Self.run("EHLO c.test\r\n\(command)\r\nNOOP\r\n")
        #expect(trace.longestReplyLine <= 512)
        #expect(trace.codes.last == "250")
    }

    // MARK: Any bytes

    /// Knuth's MMIX generator: the same bytes on each machine and each day.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 29
        }
    }

    private static let words: [String] = [
        "EHLO c.test\r\n", "HELO c\r\n", "MAIL FROM:<a@x.test>\r\n", "MAIL FROM:<> SIZE=9\r\n",
        "RCPT TO:<b@x.test>\r\n",
        "RCPT TO:<c@x.test>\r\n", "DATA\r\n", "BDAT 5\r\n", "BDAT 0 LAST\r\n", "BDAT 64 LAST\r\n", "RSET\r\n",
        "NOOP\r\n",
        "QUIT now\r\n", ".\r\n", "\r\n", ".", "..\r\n", "\n", "\r", "\0", "abc", "\r\n.\r\n", "\n.\n", "\r\n.\r",
        "x\r\n",
        String(repeating: "y", count: 70), String(repeating: "z", count: 1000) + "\r\n", "BDAT 3 LAST\r\n",
    ]

    /// Sensible openings, then anything: whole, byte by byte and in random cuts, the session says and does the same.
    @Test(arguments: 0..<200) func cutsChangeNothing(seed: Int) {
        var generator = Generator(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1)
        var text = seed % 3 == 0 ? "" : Self.opening + ["DATA\r\n", "BDAT 40\r\n", ""][seed % 3]
        for _ in 0..<Int.random(in: 5...60, using: &generator) { text += Self.words.randomElement(using: &generator)! }
        let bytes = Array(text.utf8)
        let whole = Self.run([bytes], size: 3000, errors: 9)
        #expect(whole.unpaired == 0)
        #expect(whole.longestReplyLine <= 512)
        #expect(Self.run(bytes.map { [$0] }, size: 3000, errors: 9) == whole)
        for _ in 0..<4 {
            var pieces: [[UInt8]] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Int.random(in: 0...min(90, rest.count), using: &generator)
                pieces.append(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            #expect(Self.run(pieces, size: 3000, errors: 9) == whole)
        }
    }
}
