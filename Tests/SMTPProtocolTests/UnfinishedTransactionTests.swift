import MailTypes
import SMTPProtocol
import Testing

/// What a session knows of its messages when its connection ends.
@Suite struct UnfinishedTransactionTests {
    private func feed(_ session: inout ClientSession, _ text: String) -> [ClientSession.Action] {
        let bytes = Array(text.utf8)
        var offset = 0
        var actions: [ClientSession.Action] = []
        while true {
            let action = session.step(bytes.span.bytes, &offset)
            if action == .needsInput { return actions }
            actions.append(action)
            if action == .sendContent { session.appendContentEnd() }
            if case .sessionRefused = action { return actions }
        }
    }

    private func opened(_ serverProtocol: ServerProtocol = .smtp) -> ClientSession {
        var configuration = ClientConfiguration(hostname: "c.test")
        configuration.tracesReplies = true
        configuration.serverProtocol = serverProtocol
        var session = ClientSession(configuration)
        _ = feed(&session, "220 mx.test\r\n250-mx.test\r\n250 PIPELINING\r\n")
        return session
    }

    private func begin(_ session: inout ClientSession, _ recipients: [String] = ["b@y.test"]) {
        let envelope = Envelope(reversePath: MailAddress("a@x.test"), recipients: recipients.map { MailAddress($0) })
        _ = session.begin(envelope, size: 9, form: .dotStuffed)
    }

    /// Answers so far, what is awaited, and whether the content is gone.
    @Test(arguments: [
        ("", TransactionStage.mail, false), ("250 ok\r\n", .rcpt, false), ("250 ok\r\n250 ok\r\n", .data, false),
        ("250 ok\r\n250 ok\r\n354 go\r\n", .final, true),
    ])
    func whatIsAwaitedIsKnown(said: String, awaited: TransactionStage, isSent: Bool) {
        var session = opened()
        begin(&session)
        _ = feed(&session, said)
        let open = session.unfinishedTransactions
        #expect(open.count == 1 && open[0].awaited == awaited && open[0].contentSent == isSent)
        #expect(open[0].result.trace.mailCode == (said.isEmpty ? 0 : 250) && open[0].result.isAccepted)
    }

    /// 421 to MAIL is an answer to the message: it was refused, and the end of the session is no further reply.
    @Test func aFinalAnswerBelongsToItsMessage() {
        var session = opened()
        begin(&session)
        let actions = feed(&session, "421 4.3.2 going\r\n")
        #expect(actions == [.sessionRefused(SMTPReply(421, .init(4, 3, 2), "going"))])
        let (stage, open) = (session.closingStage, session.unfinishedTransactions)
        #expect(stage == .mail && open.map(\.result.refusal?.code) == [421] && open[0].result.stage == .mail)
    }

    @Test func whatIsSaidToNobodyBelongsToNobody() {
        var session = opened()
        #expect(feed(&session, "421 4.3.2 idle\r\n").count == 1)
        let stage = session.closingStage
        #expect(stage == nil)
        // Behind a refused MAIL it is about the order of commands.
        var refused = opened()
        begin(&refused)
        _ = feed(&refused, "550 5.1.0 no\r\n421 4.3.2 going\r\n")
        let (behind, open) = (refused.closingStage, refused.unfinishedTransactions)
        #expect(behind == nil && open.map(\.result.refusal?.code) == [550])
    }

    /// The younger of two that overlap has no answer yet.
    @Test func theYoungerOneWaitsForMAIL() {
        var session = opened()
        begin(&session)
        _ = feed(&session, "250 ok\r\n250 ok\r\n354 go\r\n")
        begin(&session)
        let open = session.unfinishedTransactions
        #expect(open.map(\.awaited) == [.final, .mail] && open.map(\.contentSent) == [true, false])
    }

    /// LMTP: each recipient's yes is counted, and codes that differ are kept.
    @Test func everyAcceptanceIsTraced() {
        var session = opened(.lmtp)
        begin(&session, ["b@y.test", "c@y.test", "d@y.test"])
        let actions = feed(
            &session, "250 ok\r\n250 ok\r\n251 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n452 full\r\n250 ok\r\n")
        let results = actions.compactMap { if case .finished(let result) = $0 { result } else { nil } }
        #expect(results.count == 1 && results[0].refusedRecipients.map(\.index) == [1])
        let trace = results[0].trace
        #expect(trace.acceptedRecipients == 3 && trace.acceptances == 2 && trace.recipientCode == 250)
        #expect(trace.others.map(\.code) == [251] && trace.others.map(\.stage) == [.rcpt])
    }
}
