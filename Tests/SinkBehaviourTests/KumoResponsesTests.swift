import MailTypes
import RunRecords
import SinkBehaviour
import Testing

@Suite struct KumoResponsesTests {
    private let text = """
        # chances in percent
        [default]
        bounce=10
        defer=5
        [domain."big.test"]
        bounce = 5
        defer =  20.5
        [[bounce."big.test"]]
        code=550
        msg="5.1.1 No such user"
        [[defer."big.test"]]
        code=421
        msg="421-4.7.0 [192.0.2.1] An unusual amount of\\r\\n421-4.7.0 mail from you.\\r\\n421,4.7.0 See our guidelines."
        [[defer."other.test"]]
        code=451
        msg="Resources temporarily unavailable"
        """

    private func decide(_ engine: inout BehaviourEngine, _ recipient: String) -> SinkOutcome {
        engine.decide(SinkQuestion(.end, sender: .null, recipients: [MailAddress(recipient)]), now: 5).outcome
    }

    @Test func chancesAreExact() throws {
        var engine = BehaviourEngine(try SinkRules(kumoResponses: text, file: "responses.toml"))
        var counts: [SinkOutcome: Int] = [:]
        for _ in 0..<10_000 { counts[decide(&engine, "a@BIG.test"), default: 0] += 1 }
        let bounce = SinkOutcome.answer(SMTPReply(550, .init(5, 1, 1), "No such user"))
        let deferral = SinkOutcome.close(
            SMTPReply(
                421, .init(4, 7, 0), "[192.0.2.1] An unusual amount of\nmail from you.\nSee our guidelines."))
        #expect(counts == [.answer(nil): 7450, bounce: 500, deferral: 2050])
    }

    @Test func whatADomainDoesNotSayComesFromTheDefault() throws {
        var engine = BehaviourEngine(try SinkRules(kumoResponses: text, file: "responses.toml"))
        var counts: [SinkOutcome: Int] = [:]
        for _ in 0..<100 { counts[decide(&engine, "a@other.test"), default: 0] += 1 }
        #expect(counts[.answer(SMTPReply(550, nil, "boing!"))] == 10)
        #expect(counts[.answer(SMTPReply(451, nil, "Resources temporarily unavailable"))] == 5)
        #expect(decide(&engine, "my-tempfail@x.test") == .answer(SMTPReply(451, .init(4, 3, 0), "tempfail requested")))
        #expect(decide(&engine, "450-busy@x.test") == .answer(SMTPReply(450, nil, "you said 450-busy")))
        for _ in 0..<300 { #expect(decide(&engine, "250-good@x.test") == .answer(nil)) }
    }

    @Test(arguments: [
        ("bounce", "responses.toml:1: this is not TOML"), ("[default]\nbounce=1", "key 'default.defer': is missing"),
        ("[domain.x]\nbounce=1", "key 'default': is missing"),
        ("[default]\nbounce=1\ndefer=101", "key 'default.defer': expected a percentage"),
        ("[default]\nbounce=0.001\ndefer=1", "key 'default.bounce': 0.001: expected two decimals at most"),
        ("[default]\nbounce=1\ndefer=1\n[defalt]\n", "key 'defalt': is unknown, did you mean 'default'?"),
        ("[default]\nbounce=1\ndefer=1\n[[bounce.x]]\ncode=200\nmsg=\"\"", "expected a code from 400 to 599"),
        ("[default]\nbounce=1\ndefer=1\n[[bounce.x]]\ncode=500\nmsg=1", "key 'bounce.\"x\"[0].msg': expected a text"),
    ])
    func faultsNameTheirPlace(text: String, said: String) {
        do {
            _ = try SinkRules(kumoResponses: text, file: "responses.toml")
            Issue.record("no fault")
        } catch { #expect("\(error)".contains(said), "\(error)") }
    }
}
