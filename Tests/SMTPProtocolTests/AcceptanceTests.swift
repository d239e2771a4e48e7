import MailTypes
import SMTPProtocol
import Testing

/// What a next hop said when it took a message, for the log.
@Suite struct AcceptanceTests {
    private func results(
        _ recipients: [String], _ serverProtocol: ServerProtocol, keeps: Bool = true, _ replies: String
    ) -> [TransactionResult] {
        var configuration = ClientConfiguration(hostname: "c.test")
        configuration.serverProtocol = serverProtocol
        configuration.keepsReplies = keeps
        var session = ClientSession(configuration)
        var results: [TransactionResult] = []
        func feed(_ text: String) {
            let bytes = Array(text.utf8)
            var offset = 0
            while true {
                switch session.step(bytes.span.bytes, &offset) {
                case .needsInput: return
                case .finished(let result): results.append(result)
                default: break
                }
            }
        }
        feed("220 mx.test\r\n250-mx.test\r\n250 PIPELINING\r\n")
        let envelope = Envelope(reversePath: MailAddress("a@x.test"), recipients: recipients.map { MailAddress($0) })
        _ = session.begin(envelope, size: 9, form: .dotStuffed)
        feed("250 ok\r\n" + recipients.map { _ in "250 ok\r\n" }.joined() + "354 go on\r\n" + replies)
        return results
    }

    @Test func theTextIsKeptWhereItIsWanted() {
        let kept = results(["b@y.test"], .smtp, "250-2.0.0 Ok:\r\n250 2.0.0 queued as 7\r\n")
        #expect(kept.map(\.acceptance) == [SMTPReply(250, .init(2, 0, 0), "Ok:\nqueued as 7")])
        #expect(results(["b@y.test"], .smtp, keeps: false, "250 2.0.0 Ok\r\n").map(\.acceptance) == [nil])
        #expect(results(["b@y.test"], .smtp, "550 5.7.1 no\r\n").map(\.acceptance) == [nil])
    }

    /// LMTP: the last recipient's refusal is not what was said to the others (RFC 2033 §4.2).
    @Test(arguments: [
        "250 2.1.5 kept\r\n250 2.1.5 kept\r\n550 5.1.1 no\r\n", "550 5.1.1 no\r\n250 2.1.5 kept\r\n250 2.1.5 kept\r\n",
    ])
    func refusalsOfOthersAreNotTaken(_ replies: String) {
        let found = results(["a@y.test", "b@y.test", "c@y.test"], .lmtp, replies)
        #expect(found.count == 1 && found[0].refusal == nil && found[0].refusedRecipients.count == 1)
        #expect(found[0].acceptance == SMTPReply(250, .init(2, 1, 5), "kept"))
    }

    @Test func whereAllAreRefusedNothingWasTaken() {
        let found = results(["a@y.test", "b@y.test"], .lmtp, "550 5.1.1 no\r\n451 4.2.1 later\r\n")
        #expect(found.map(\.acceptance) == [nil] && found[0].refusedRecipients.count == 2)
    }
}
