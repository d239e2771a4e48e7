import MailTypes
import Measures
import ReplyClassification
import Testing

@Suite struct RememberedVerdictsTests {
    /// Other addresses, numbers and ids are the same reply; other words, codes and numbers that rules name are not.
    @Test func whatWasHeardBeforeIsKnown() throws {
        var verdicts = RememberedVerdicts(try shippedRules(), limit: 100)
        func ask(_ text: String) throws -> Bool {
            let before = verdicts.counts.found
            _ = verdicts.classify(try #require(SMTPReply(written: text)))
            return verdicts.counts.found > before
        }
        #expect(try !ask("550 5.1.1 <b@y.test>: no mailbox (in reply to RCPT) 17 a12bc34def"))
        #expect(try ask("550 5.1.1 <other@z.test>:  NO mailbox (in reply to RCPT) 99 f98bc34deaa"))
        #expect(try !ask("551 5.1.1 <b@y.test>: no mailbox (in reply to RCPT) 17 a12bc34def"))
        #expect(try !ask("550 5.1.2 <b@y.test>: no mailbox (in reply to RCPT) 17 a12bc34def"))
        #expect(try !ask("550 5.1.1 <b@y.test>: some mailbox (in reply to RCPT) 17 a12bc34def"))
        #expect(try !ask("421 4.7.0 [TSS04] Messages from 192.0.2.7 deferred"))
        #expect(try !ask("421 4.7.0 [TSS05] Messages from 192.0.2.7 deferred"))
        #expect(try ask("421 4.7.0 [TSS04] Messages from 192.0.2.8 deferred"))
        #expect(verdicts.counts.asked == 8 && verdicts.counts.found == 2)
    }

    /// Remembered or not, the answer is the same; and a few places do for ever.
    @Test(arguments: [0, 1, 3, 64]) func rememberingChangesNothing(limit: Int) throws {
        let rules = try shippedRules()
        let examples = [
            "550 5.1.1 no b%@y.test", "452 4.2.2 full %", "550 (#4.7.1) spam %", "421 id abc%defg12345", "550 x",
        ]
        var verdicts = RememberedVerdicts(rules, limit: limit)
        var numbers = SplitMix64(seed: 9)
        for _ in 0..<2000 {
            let text =
                examples[numbers.below(examples.count)].replacing("%", with: "\(numbers.below(50))")
                + [" a", " b", " virus", " listed at spamhaus"][numbers.below(4)]
            let reply = try #require(SMTPReply(written: text))
            #expect(verdicts.classify(reply) == rules.classify(reply), "\(text)")
        }
        #expect(verdicts.counts.asked == 2000)
        // Twenty texts, and some again with a number that a rule names.
        if limit == 64 { #expect(verdicts.counts.found >= 1950) }
        if limit == 0 { #expect(verdicts.counts.found == 0) }
    }

    /// The one that was not asked for the longest time goes.
    @Test func theOldestGoesFirst() throws {
        var verdicts = RememberedVerdicts(try shippedRules(), limit: 2)
        for (word, isKnown) in [
            ("one", false), ("two", false), ("one", true), ("three", false), ("one", true), ("two", false),
            ("three", false), ("two", true),
        ] {
            let before = verdicts.counts.found
            _ = verdicts.classify(SMTPReply(550, nil, word))
            #expect((verdicts.counts.found > before) == isKnown, "\(word)")
        }
    }
}
