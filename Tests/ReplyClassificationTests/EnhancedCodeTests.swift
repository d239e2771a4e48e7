import MailTypes
import ReplyClassification
import Testing

@Suite struct EnhancedCodeTests {
    /// Where servers put enhanced codes, and what is made of those that are none.
    @Test(arguments: [
        ("550 5.1.1 No such user", "5.1.1", EnhancedCodeReading.Origin.given, nil),
        ("550-5.1.1 No such user\n550 5.1.1 Really", "5.1.1", .given, nil),
        ("550 5.7.1: blocked", "5.7.1", .given, nil),
        ("550 #5.1.0 Address rejected.", "5.1.0", .found, nil),
        ("553 sorry, no mailbox here by that name (#5.7.17)", "5.7.17", .found, nil),
        ("550 [5.2.1] disabled", "5.2.1", .found, nil),
        ("550 Requested action not taken (5.2.2) full", "5.2.2", .found, nil),
        ("550 4.7.1 Blocked", "5.7.1", .contradictory, "4.7.1"),
        ("451 5.7.1 Blocked", "4.7.1", .contradictory, "5.7.1"),
        ("451 later (#5.3.0)", "4.3.0", .contradictory, "5.3.0"),
        ("550 5.7 Blocked", "5.0.0", .malformed, "5.7"),
        ("550 5.1.1234 Blocked", "5.0.0", .malformed, "5.1.1234"),
        ("452 7.1.1 Blocked", "4.3.1", .malformed, "7.1.1"),
        ("552 5.2.2.1 Full", "5.2.2", .malformed, "5.2.2.1"),
        ("550 192.0.2.7 is listed", "5.0.0", .derived, nil),
        ("554 9.9.9.9 is listed", "5.0.0", .derived, nil),
        ("550 5 failures", "5.0.0", .derived, nil),
        ("550", "5.0.0", .derived, nil),
        ("421 Goodbye", "4.3.2", .derived, nil),
        ("450 busy", "4.2.0", .derived, nil),
        ("452 full", "4.3.1", .derived, nil),
        ("552 full", "5.2.2", .derived, nil),
        ("553 no", "5.1.3", .derived, nil),
        ("535 no", "5.7.8", .derived, nil),
        ("556 no", "5.1.10", .derived, nil),
        ("250 ok", "2.0.0", .derived, nil),
    ])
    func codesAreNormalised(reply: String, code: String, origin: EnhancedCodeReading.Origin, written: String?) throws {
        let reading = EnhancedCodeReading(try #require(SMTPReply(written: reply)))
        #expect(reading.code.description == code)
        #expect(reading.origin == origin && reading.written == written, "\(reading)")
    }

    /// One that the protocol machine has read already.
    @Test func aCodeOfTheReplyItselfIsTaken() {
        let given = EnhancedCodeReading(SMTPReply(550, .init(5, 1, 1), "no"))
        #expect(given.code == .init(5, 1, 1) && given.origin == .given)
        let wrong = EnhancedCodeReading(SMTPReply(550, .init(4, 1, 1), "no"))
        #expect(wrong.code == .init(5, 1, 1) && wrong.origin == .contradictory && wrong.written == "4.1.1")
    }

    @Test(arguments: ["", "55", "5500 x", "no reply", "199 x", "600 x", "550x"])
    func whatIsNoReplyIsNone(text: String) { #expect(SMTPReply(written: text) == nil) }

    @Test func repliesAreReadAsTheyAreShown() {
        #expect(SMTPReply(written: "550 5.1.1 a b") == SMTPReply(550, .init(5, 1, 1), "a b"))
        #expect(SMTPReply(written: "550-5.1.1 a\r\n550 5.1.1 b") == SMTPReply(550, .init(5, 1, 1), "a\nb"))
        #expect(SMTPReply(written: "550 4.1.1 a") == SMTPReply(550, nil, "4.1.1 a"))
        #expect(SMTPReply(written: "550 a\nfolded") == SMTPReply(550, nil, "a\nfolded"))
        #expect(SMTPReply(written: "421") == SMTPReply(421, nil, ""))
    }
}
