import MailTypes
import Measures
import Testing
import TrafficShaping

@Suite struct ReplyPatternTests {
    @Test(arguments: [
        ("a+b", "xxaaab", true), ("^421", "421 x", true), ("^421", " 421", false),
        ("4\\.7\\.(28|650)", "421 4.7.28 x", true), ("4\\.7\\.(28|650)", "421 4x7x28 x", false),
        ("\\bRP-00[1-3]\\b", "(RP-001)", true), ("\\bRP-00[1-3]\\b", "RP-0011", false),
        ("try.*later$", "please TRY again LATER", true), ("try.*later$", "try later, please", false),
        ("a{2,3}b", "xab", false), ("a{2,3}b", "aab", true), ("^a{2,3}b", "aaaab", false),
        ("(foo|ba[rz])+x", "foobarbazx", true), ("[^a-z]9", "Z9", false), ("[^a-z]9", "_9", true),
        ("colou?r", "COLOR", true), ("\\d{3}", "12 345", true), ("\\d{3}", "12 34", false), ("é", "x é", true),
        ("ab{0}c", "ac", true), ("x(|y)z", "xz", true), ("\\[BL2[1-3]\\]", "554 [bl22] x", true), ("a\\B", "ab", true),
        ("a\\B", "a b", false), ("first.second", "first\nsecond", true),
    ])
    func patternsAreFound(pattern: String, text: String, isFound: Bool) throws {
        #expect(try ReplyPattern(pattern).matches(ReplyText(text)) == isFound)
    }

    @Test(arguments: [
        ("(", "'(' without ')'"), (")", "')' without '('"), ("a**", "repetition of a repetition"),
        ("a{3}{2}", "repetition of a repetition"), ("x*", "matches everything"), ("(?=a)b", "only (…) and (?:…)"),
        ("(a)\\1", "'\\1' is not known"), ("[a", "'[' without ']'"), ("[b-a]", "from more to less"),
        ("((x{200}){200})", "more than 2000 steps"), ("a{9999}", "repeats more than"), ("+a", "nothing to repeat"),
        ("a\\", "ends with"), (String(repeating: "a", count: 513), "longer than 512 octets"),
        (String(repeating: "(", count: 30), "groups within groups"), ("a{x}", "a brace itself is \\{"),
    ])
    func whatCannotBeMatchedInBoundedTimeIsRefused(pattern: String, fault: String) {
        let found = #expect(throws: UnitFault.self) { try ReplyPattern(pattern) }
        #expect(found?.description.contains(fault) ?? false, "\(found?.description ?? "")")
    }

    /// A backtracking matcher would not come back from these before the end of the world.
    @Test func noTextTakesLong() throws {
        let text = ReplyText(String(repeating: "a", count: 2 * ReplyText.most))
        for pattern in ["(a+)+b", "(a|a)*(a|a)*(a|a)*c", "(a|aa|aaa){50}(x|y){1,50}z", "(.*.*.*.*.*.*.*)*q"] {
            #expect(!(try ReplyPattern(pattern).matches(text)))
        }
    }

    @Test func onlyTheBeginningOfALongReplyIsLookedAt() throws {
        let pattern = try ReplyPattern("needle")
        let filler = String(repeating: "x", count: ReplyText.most)
        #expect(!pattern.matches(ReplyText(SMTPReply(421, nil, filler + "needle"))))
        #expect(pattern.matches(ReplyText(SMTPReply(421, nil, "needle" + filler))))
    }

    /// Code and enhanced code belong to the text, and lines are joined.
    @Test func aReplyIsOneLine() throws {
        let text = ReplyText(SMTPReply(421, EnhancedStatusCode(4, 7, 0), "first\nsecond"))
        #expect(try ReplyPattern("^421 4\\.7\\.0 first second$").matches(text))
    }
}
