import MailTypes
import SMTPProtocol
import Testing

/// What is done in a short way for nearly every message says and does the same as the long way.
@Suite struct UsualPathTests {
    private func session(_ change: (inout ClientConfiguration) -> Void = { _ in }, offers: String) -> ClientSession {
        var configuration = ClientConfiguration(hostname: "c.test")
        change(&configuration)
        var session = ClientSession(configuration)
        _ = feed(&session, "220 mx.test\r\n\(offers)")
        _ = session.takeOutput()
        return session
    }

    private func feed(_ session: inout ClientSession, _ text: String, by size: Int = .max) -> [ClientSession.Action] {
        let bytes = Array(text.utf8)
        var actions: [ClientSession.Action] = []
        var start = 0
        while start < bytes.count {
            let piece = Array(bytes[start..<min(bytes.count, start + min(size, bytes.count))])
            start += piece.count
            var offset = 0
            while true {
                let action = session.step(piece.span.bytes, &offset)
                if action == .needsInput { break }
                actions.append(action)
                if case .close = action { return actions }
            }
        }
        return actions
    }

    private static let flat: FlatEnvelope = {
        var envelope = FlatEnvelope()
        for address in ["a@x.test", "b@y.test", "c@z.test"] {
            envelope.bytes.append(contentsOf: address.utf8)
            envelope.endAddress()
        }
        envelope.bodyType = .eightBitMIME
        return envelope
    }()

    @Test(arguments: [
        "250-mx.test\r\n250-SIZE 1000000\r\n250-8BITMIME\r\n250 PIPELINING\r\n", "250 mx.test\r\n",
        "250-mx.test\r\n250-CHUNKING\r\n250 PIPELINING\r\n",
    ])
    func flatEnvelopesAreWrittenAsOthers(offers: String) {
        for serverProtocol in [ServerProtocol.smtp, .lmtp] {
            for form in [WireForm.dotStuffed, .raw] {
                func begun(_ begin: (inout ClientSession) -> Bool) -> (String, Bool) {
                    var session = session({ $0.serverProtocol = serverProtocol }, offers: offers)
                    let atOnce = begin(&session)
                    return (String(decoding: session.takeOutput(), as: UTF8.self), atOnce)
                }
                let short = begun { $0.begin(Self.flat, size: 1234, form: form) }
                let long = begun { $0.begin(Self.flat.envelope, size: 1234, form: form) }
                #expect(short.0 == long.0 && short.1 == long.1 && short.0.hasPrefix("MAIL FROM:<a@x.test>"))
            }
        }
    }

    /// However the bytes are cut, and whatever surrounds a usual reply.
    @Test(arguments: [1, 2, 3, 7, 8, 9, 1000])
    func repliesAreTheSameInPieces(size: Int) {
        var session = session(offers: "250-mx.test\r\n250 PIPELINING\r\n")
        _ = session.begin(Self.flat, size: 9, form: .dotStuffed)
        let said = "250 2.1.0 ok\n250-2.1.5 two\r\n250 2.1.5 lines\r\n550 5.1.1 who?\r\n354 go on\r\n"
        #expect(feed(&session, said, by: size) == [.sendContent])
        let words = SMTPReply(452, .init(4, 2, 2), "full\nquite")
        let actions = feed(&session, "452-4.2.2 full\r\n452 4.2.2 quite\r\n", by: size)
        let expected = TransactionResult(
            refusal: words, stage: .final,
            refusedRecipients: [.init(index: 1, reply: SMTPReply(550, .init(5, 1, 1), "who?"))])
        #expect(actions == [.finished(expected)])
    }

    @Test(arguments: ["2x0 ok\r\n", "000 ok\r\n", "999 ok\r\n", "25 0 ok\r\n", "250ok ok\r\n", "100 go on\r\n"])
    func nonsenseIsNone(line: String) {
        var session = session(offers: "250-mx.test\r\n250 PIPELINING\r\n")
        _ = session.begin(Self.flat, size: 9, form: .dotStuffed)
        #expect(feed(&session, line) == [.close("not an SMTP reply")])
    }

    /// What is no yes to DATA is shown with its words, also where it looks like one.
    @Test func unusualAnswersKeepTheirWords() {
        var session = session(offers: "250-mx.test\r\n250 PIPELINING\r\n")
        _ = session.begin(Self.flat, size: 9, form: .dotStuffed)
        let actions = feed(&session, "250 ok\r\n250 ok\r\n250 ok\r\n250 2.0.0 never mind\r\n")
        let refusal = SMTPReply(250, .init(2, 0, 0), "never mind")
        #expect(actions == [.finished(TransactionResult(refusal: refusal, stage: .data, refusedRecipients: []))])
    }

    /// Results with words and without are told apart, and what is taken back leaves no trace.
    @Test func resultsKeepTheirWords() {
        let plain = TransactionResult(refusal: nil, stage: .final, refusedRecipients: [])
        var result = plain
        result.refusedRecipients = [.init(index: 3, reply: SMTPReply(550, nil, "no"))]
        #expect(result.hasRefusals && result.isAccepted && result != plain && result.refusedRecipients.count == 1)
        result.refusal = SMTPReply(421, nil, "later")
        #expect(!result.isAccepted && result.refusal?.code == 421)
        (result.refusal, result.refusedRecipients) = (nil, [])
        #expect(result == plain && !result.hasRefusals && result.acceptance == nil)
        result.acceptance = SMTPReply(250, nil, "kept")
        #expect(result.isAccepted && !result.hasRefusals && result.acceptance?.text == "kept")
    }
}
