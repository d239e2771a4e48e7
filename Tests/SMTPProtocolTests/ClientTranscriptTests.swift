import MailTypes
import SMTPProtocol
import Testing

/// Whole client sessions against a server that is a text: what the client writes and does depends on the bytes only,
/// not on how they were cut into reads.
@Suite struct ClientTranscriptTests {
    /// A client that has `messages` to send and begins each as soon as it may.
    private struct Run: Equatable {
        var written = ""
        var outcomes: [String] = []
        /// Of the transactions that were open at the end: was the content sent?
        var unfinished: [Bool] = []

        init(_ pieces: [[UInt8]], _ row: Row) {
            var session = ClientSession(
                ClientConfiguration(
                    hostname: "c", pipelining: row.pipelining, overlap: row.overlap, chunking: row.chunking))
            let envelope = Envelope(
                reversePath: MailAddress("a@x"), recipients: row.recipients.map { MailAddress($0) },
                bodyType: .eightBitMIME, smtpUTF8: true)
            var left = row.messages
            var isOver = false
            for piece in pieces where !isOver {
                var offset = 0
                stepping: while !isOver {
                    switch session.step(piece.span.bytes, &offset) {
                    case .needsInput: break stepping
                    case .ready: outcomes.append("ready")
                    case .startTLS:
                        outcomes.append("tls")
                        session.secured()
                    case .deriveKeys: outcomes.append("keys")
                    case .sendContent:
                        written += String(decoding: session.takeOutput(), as: UTF8.self) + "*"
                        if !session.sendsChunk(.dotStuffed) { session.appendContentEnd() }
                    case .finished(let result): outcomes.append(Self.text(result))
                    case .sessionRefused(let reply):
                        outcomes.append("refused \(reply.code)")
                        isOver = true
                    case .close(let reason):
                        outcomes.append(reason == nil ? "bye" : "nonsense")
                        isOver = true
                    }
                    while left > 0, session.canBegin {
                        left -= 1
                        if session.begin(envelope, size: 1, form: .dotStuffed) {
                            written += String(decoding: session.takeOutput(), as: UTF8.self) + "*"
                        }
                        if left == 0 { session.quit() }
                    }
                    written += String(decoding: session.takeOutput(), as: UTF8.self)
                }
            }
            unfinished = session.unfinished
        }

        /// `ok`, or the refusal with its stage; then each recipient that was refused on its own.
        private static func text(_ result: TransactionResult) -> String {
            let ending = result.refusal.map { "\($0.code) \(result.stage.rawValue)" } ?? "ok"
            return ([ending] + result.refusedRecipients.map { "\($0.index):\($0.reply.code)" }).joined(separator: " ")
        }
    }

    struct Row: Sendable {
        var name: String
        var server: String
        var written: String
        var outcomes: [String]
        var unfinished: [Bool] = []
        var messages = 1
        var recipients = ["b@y"]
        var pipelining = true
        var overlap = true
        var chunking = false
    }

    private static let start = "220 mx\r\n250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
    private static let mail = "MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\n"
    private static let mail2 = "MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nRCPT TO:<c@y>\r\n"
    private static let two = ["b@y", "c@y"]

    static let table: [Row] = [
        Row(
            name: "one message", server: start + "250 ok\r\n250 ok\r\n354 go\r\n250 done\r\n221 bye\r\n",
            written: "EHLO c\r\n\(mail)DATA\r\n*.\r\nQUIT\r\n", outcomes: ["ready", "ok", "bye"]),
        Row(
            name: "the next MAIL goes out behind the content",
            server: start
                + "250 ok\r\n250 ok\r\n354 go\r\n250 done\r\n250 ok\r\n250 ok\r\n354 go\r\n250 done\r\n221 bye\r\n",
            written: "EHLO c\r\n\(mail)DATA\r\n*.\r\n\(mail)DATA\r\n*.\r\nQUIT\r\n",
            outcomes: ["ready", "ok", "ok", "bye"],
            messages: 2),
        Row(
            name: "first content refused, overlapped second one accepted",
            server: start
                + "250 ok\r\n250 ok\r\n354 go\r\n452 full\r\n250 ok\r\n250 ok\r\n354 go\r\n250 done\r\n221 bye\r\n",
            written: "EHLO c\r\n\(mail)DATA\r\n*.\r\n\(mail)DATA\r\n*.\r\nQUIT\r\n",
            outcomes: ["ready", "452 final", "ok", "bye"], messages: 2),
        Row(
            name: "overlapped MAIL refused",
            server: start + "250 ok\r\n250 ok\r\n354 go\r\n250 done\r\n451 later\r\n503 no\r\n503 no\r\n221 bye\r\n",
            written: "EHLO c\r\n\(mail)DATA\r\n*.\r\n\(mail)DATA\r\nQUIT\r\n",
            outcomes: ["ready", "ok", "451 mail", "bye"],
            messages: 2),
        Row(
            name: "MAIL refused with more to come: RSET and the next one in one write",
            server: start
                + "550 no\r\n503 no\r\n503 no\r\n250 reset\r\n250 ok\r\n250 ok\r\n354 go\r\n250 done\r\n221 bye\r\n",
            written: "EHLO c\r\n\(mail)DATA\r\nRSET\r\n\(mail)DATA\r\n*.\r\nQUIT\r\n",
            outcomes: ["ready", "550 mail", "ok", "bye"], messages: 2),
        Row(
            name: "one of two recipients refused",
            server: start + "250 ok\r\n250 ok\r\n450-busy\r\n450 still\r\n354 go\r\n250 done\r\n221 bye\r\n",
            written: "EHLO c\r\n\(mail2)DATA\r\n*.\r\nQUIT\r\n", outcomes: ["ready", "ok 1:450", "bye"], recipients: two
        ),
        Row(
            name: "all recipients refused, DATA too",
            server: start + "250 ok\r\n550 no\r\n450 no\r\n503 no\r\n221 bye\r\n",
            written: "EHLO c\r\n\(mail2)DATA\r\nQUIT\r\n", outcomes: ["ready", "550 rcpt 0:550 1:450", "bye"],
            recipients: two),
        Row(
            name: "all recipients refused, 354 all the same: nothing but the dot",
            server: start + "250 ok\r\n550 no\r\n450 no\r\n354 go\r\n250 fine\r\n221 bye\r\n",
            written: "EHLO c\r\n\(mail2)DATA\r\n.\r\nQUIT\r\n", outcomes: ["ready", "550 rcpt 0:550 1:450", "bye"],
            recipients: two),
        Row(
            name: "DATA refused with recipients taken",
            server: start + "250 ok\r\n250 ok\r\n250 ok\r\n451 no\r\n221 bye\r\n",
            written: "EHLO c\r\n\(mail2)DATA\r\nQUIT\r\n",
            outcomes: ["ready", "451 data", "bye"], recipients: two),
        Row(
            name: "421 to RCPT ends all", server: start + "250 ok\r\n421 gone\r\n",
            written: "EHLO c\r\n\(mail)DATA\r\n",
            outcomes: ["ready", "refused 421"], unfinished: [false]),
        Row(
            name: "421 to content: the message is refused, the session over",
            server: start + "250 ok\r\n250 ok\r\n354 go\r\n421 gone\r\n250 never read\r\n",
            written: "EHLO c\r\n\(mail)DATA\r\n*.\r\n\(mail)DATA\r\n", outcomes: ["ready", "421 final", "refused 421"],
            unfinished: [false], messages: 2),
        Row(
            name: "421 while nothing is due", server: start + "421 idle\r\n", written: "EHLO c\r\n",
            outcomes: ["ready", "refused 421"], messages: 0),
        Row(
            name: "lost before the content's reply: in doubt", server: start + "250 ok\r\n250 ok\r\n354 go\r\n25",
            written: "EHLO c\r\n\(mail)DATA\r\n*.\r\n", outcomes: ["ready"], unfinished: [true]),
        Row(
            name: "chunks", server: start + "250 ok\r\n250 ok\r\n250 ok\r\n221 bye\r\n",
            written: "EHLO c\r\n\(mail)BDAT 1 LAST\r\n*QUIT\r\n", outcomes: ["ready", "ok", "bye"], chunking: true),
        Row(
            name: "chunk refused, RSET, next one",
            server: start + "250 ok\r\n250 ok\r\n552 big\r\n250 reset\r\n250 ok\r\n250 ok\r\n250 ok\r\n221 bye\r\n",
            written: "EHLO c\r\n\(mail)BDAT 1 LAST\r\n*RSET\r\n\(mail)BDAT 1 LAST\r\n*QUIT\r\n",
            outcomes: ["ready", "552 final", "ok", "bye"], messages: 2, chunking: true),
        Row(
            name: "no pipelining wanted",
            server: start + "250 ok\r\n250 ok\r\n550 no\r\n354 go\r\n250 done\r\n221 bye\r\n",
            written: "EHLO c\r\n\(mail2)DATA\r\n*.\r\nQUIT\r\n", outcomes: ["ready", "ok 1:550", "bye"],
            recipients: two,
            pipelining: false),
        Row(
            name: "lockstep, MAIL refused: no RCPT is sent", server: start + "451 no\r\n221 bye\r\n",
            written: "EHLO c\r\nMAIL FROM:<a@x>\r\nQUIT\r\n", outcomes: ["ready", "451 mail", "bye"], pipelining: false),
        Row(
            name: "lockstep, chunk", server: start + "250 ok\r\n250 ok\r\n250 ok\r\n221 bye\r\n",
            written: "EHLO c\r\n\(mail)BDAT 1 LAST\r\n*QUIT\r\n", outcomes: ["ready", "ok", "bye"], pipelining: false,
            chunking: true),
        Row(
            name: "HELO only",
            server: "220 mx\r\n500 what\r\n250 mx\r\n250 ok\r\n250 ok\r\n354 go\r\n250 done\r\n221 bye\r\n",
            written: "EHLO c\r\nHELO c\r\n\(mail)DATA\r\n*.\r\nQUIT\r\n", outcomes: ["ready", "ok", "bye"],
            chunking: true),
        Row(
            name: "EHLO and HELO refused", server: "220 mx\r\n502 no\r\n550 no\r\n", written: "EHLO c\r\nHELO c\r\n",
            outcomes: ["refused 550"]),
        Row(
            name: "EHLO refused for now: no HELO", server: "220 mx\r\n421 later\r\n", written: "EHLO c\r\n",
            outcomes: ["refused 421"]),
        Row(
            name: "parameters that were offered",
            server:
                "220-mx\r\n220-\r\n220 mx\r\n250-mx\r\n250-pipelining\r\n250-Size\r\n250-8bitMIME\r\n250-SMTPutf8\r\n"
                + "250 X-OTHER 1\r\n250 ok\r\n250 ok\r\n354 go\r\n250 done\r\n221 bye\r\n",
            written:
                "EHLO c\r\nMAIL FROM:<a@x> SIZE=1 BODY=8BITMIME SMTPUTF8\r\nRCPT TO:<b@y>\r\nDATA\r\n*.\r\nQUIT\r\n",
            outcomes: ["ready", "ok", "bye"]),
        Row(
            name: "replies with bare LF and without text", server: "220\n250\n250\n250\n354\n250\n221\n",
            written: "EHLO c\r\n\(mail)DATA\r\n*.\r\nQUIT\r\n", outcomes: ["ready", "ok", "bye"]),
        Row(
            name: "codes differ inside one reply", server: "220 mx\r\n250-mx\r\n251 x\r\n", written: "EHLO c\r\n",
            outcomes: ["nonsense"]),
        Row(
            name: "not SMTP", server: "SSH-2.0-OpenSSH_9.2\r\n220 mx\r\n", written: "", outcomes: ["nonsense"]),
        Row(
            name: "a reply nobody asked for", server: start + "250 ok\r\n", written: "EHLO c\r\n",
            outcomes: ["ready", "nonsense"], messages: 0),
        Row(
            name: "a reply line without end", server: "220 " + String(repeating: "x", count: 5000), written: "",
            outcomes: ["nonsense"]),
        Row(
            name: "a reply without end", server: String(repeating: "220-x\r\n", count: 500), written: "",
            outcomes: ["nonsense"]),
        Row(
            name: "the longest reply that is read", server: String(repeating: "554-x\r\n", count: 127) + "554 x\r\n",
            written: "", outcomes: ["refused 554"]),
    ]

    @Test(arguments: table) func transcript(row: Row) {
        let bytes = Array(row.server.utf8)
        let whole = Run([bytes], row)
        #expect(whole.written == row.written, "\(row.name)")
        #expect(whole.outcomes == row.outcomes, "\(row.name)")
        #expect(whole.unfinished == row.unfinished, "\(row.name)")
        for length in [1, 2, 3, 5, 7, 64] {
            let pieces = stride(from: 0, to: bytes.count, by: length).map {
                Array(bytes[$0..<min($0 + length, bytes.count)])
            }
            #expect(Run(pieces, row) == whole, "\(row.name) in pieces of \(length)")
        }
    }
}
