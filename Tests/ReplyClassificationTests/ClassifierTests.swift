import Foundation
import MailTypes
import Measures
import ReplyClassification
import RunRecords
import Testing

@Suite struct ClassifierTests {
    private func classifier(_ texts: String...) throws -> ReplyClassifier {
        try ReplyClassifier(texts.enumerated().map { try ClassificationFile(text: $1, file: "rules\($0).yaml") })
    }

    private func name(_ classifier: ReplyClassifier, _ reply: String) throws -> String? {
        let verdict = classifier.classify(try #require(SMTPReply(written: reply)))
        return verdict.rule.map { classifier.rules[$0].name }
    }

    /// Each example of the shipped rules comes to its rule, and no rule is hidden by another.
    @Test func theShippedRulesAreRight() throws {
        let shipped = try shippedRules()
        let check = RuleCheck(shipped)
        #expect(check.faults.isEmpty, "\(check.faults.joined(separator: "\n"))")
        #expect(check.examples > 150 && shipped.rules.count > 60)
        let used = Set(shipped.rules.map(\.category))
        #expect(used.isSubset(of: ReplyCategory.predefined))
        #expect(shipped.rules.allSatisfy { !$0.name.hasPrefix("line ") }, "each has a name")
    }

    /// The registry's codes alone, without a word that helps.
    @Test(arguments: [
        ("5.1.1", "InvalidRecipient"), ("5.1.2", "BadDomain"), ("5.1.10", "BadDomain"), ("5.1.6", "InactiveMailbox"),
        ("5.1.8", "InvalidSender"), ("5.2.1", "InactiveMailbox"), ("4.2.2", "QuotaIssues"), ("5.3.4", "PolicyRelated"),
        ("4.4.1", "NoAnswerFromHost"), ("4.4.2", "BadConnection"), ("4.4.3", "DNSFailure"), ("5.4.4", "RoutingErrors"),
        ("5.4.6", "RoutingErrors"), ("5.4.7", "MessageExpired"), ("5.5.1", "ProtocolErrors"),
        ("5.5.3", "TooManyRecipients"), ("5.6.1", "ContentRelated"), ("5.7.1", "PolicyRelated"),
        ("5.7.8", "AuthenticationFailed"), ("5.7.13", "InactiveMailbox"), ("5.7.17", "InvalidRecipient"),
        ("5.7.18", "BadDomain"), ("5.7.26", "AuthenticationFailed"), ("4.7.30", "PolicyRelated"),
    ])
    func codesSayWhatTheRegistrySays(code: String, category: String) throws {
        let reply = SMTPReply(written: "\(code.first == "4" ? 451 : 554) \(code) xyzzy")
        #expect(try shippedRules().classify(#require(reply)).category.name == category)
    }

    @Test func theFirstRuleThatFitsDecides() throws {
        let rules = try classifier(
            """
            rules:
              - {name: mine, category: QuotaIssues, text: [the barn is full]}
            """,
            """
            categories: [Seasonal]
            rules:
              - {name: code, category: InvalidRecipient, enhanced: [x.1.1]}
              - {name: both, category: PolicyRelated, enhanced: [5.7.*], code: [554], text: [snow]}
              - {name: text, category: Seasonal, text: ["snow * ice", "|sun|"], unless: [rain, "heat 40"]}
              - {name: rest, category: TransientFailure, code: [45x]}
            """)
        #expect(try name(rules, "550 5.1.1 The  BARN\tis full") == "mine")
        #expect(try name(rules, "550 5.1.1 The barn is empty") == "code")
        #expect(
            try name(rules, "550 4.1.1 The barn is empty") == "code", "the subject is the server's, whatever the class")
        #expect(try name(rules, "550 no such barn (#5.1.1)") == "code")
        #expect(try name(rules, "554 5.7.3 snow") == "both")
        #expect(try name(rules, "550 5.7.3 snow") == nil)
        #expect(try name(rules, "554 5.7.3 snow and ice") == "both")
        #expect(try name(rules, "550 5.7.3 snow and ice") == "text")
        #expect(try name(rules, "550 ice and snow") == nil)
        #expect(try name(rules, "550 the Sun, again") == "text" && name(rules, "550 sunny") == nil)
        #expect(try name(rules, "550 sun and rain") == nil)
        #expect(try name(rules, "550 sun, heat 40") == nil && name(rules, "550 sun, heat 400") == "text")
        #expect(try name(rules, "451 whatever") == "rest" && name(rules, "461 whatever") == nil)
        #expect(try name(rules, "250 2.0.0 the barn is full") == nil, "no failure")
        #expect(try rules.classify(#require(SMTPReply(written: "550 sun"))).category.name == "Seasonal")
        #expect(rules.classify(SMTPReply(550, nil, "")).category == .uncategorized)
    }

    /// What stands in addresses and ids is nobody's reason.
    @Test func addressesNumbersAndIdsSayNothing() throws {
        let rules = try classifier(
            """
            rules:
              - {name: spam, category: SpamRelated, text: [spam]}
              - {name: number, category: SpamBlock, text: ["error 17", "|s3150|", "abc12345xyz"]}
            """)
        #expect(try name(rules, "550 <spam@y.test> is unknown") == nil)
        #expect(try name(rules, "550 spam@y.test: spam") == "spam")
        #expect(try name(rules, "550 (error 17)") == "number" && name(rules, "550 error 171") == nil)
        #expect(try name(rules, "550 error 5.17") == nil)
        #expect(try name(rules, "550 (S3150)") == "number" && name(rules, "550 (S31501)") == nil)
        #expect(try name(rules, "550 id ABC12345XYZ") == "number" && name(rules, "550 id ABC12345XYZ9") == nil)
    }

    /// The quick way is the slow one: the first of all rules that fits by itself, for random rules and replies.
    @Test func indicesChangeNothing() throws {
        var numbers = SplitMix64(seed: 3)
        let words = ["alpha", "beta", "gam", "alphabet", "beta 7", "e2x", "|gam|", "alp*bet", "beta*7|", "eta"]
        func pick(_ list: [String]) -> String { list[numbers.below(list.count)] }
        for _ in 0..<60 {
            let entries = (0..<8).map { number in
                var parts = ["name: r\(number)", "category: SpamBlock"]
                let kind = numbers.below(8)
                if kind & 1 == 1 { parts.append("enhanced: [\(pick(["5.1.1", "x.1.*", "4.7.1", "x.*.*", "x.7.2"]))]") }
                if kind & 2 == 2 { parts.append("code: [\(pick(["550", "5xx", "45x", "554"]))]") }
                if kind & 4 == 4 || kind == 0 { parts.append("text: [\"\(pick(words))\", \"\(pick(words))\"]") }
                if numbers.below(3) == 0 { parts.append("unless: [\"\(pick(words))\"]") }
                return "  - {\(parts.joined(separator: ", "))}"
            }
            let all = try classifier("rules:\n" + entries.joined(separator: "\n"))
            let alone = try entries.map { try classifier("rules:\n" + $0) }
            for _ in 0..<60 {
                let text = (0..<4).map { _ in pick(["alpha", "beta", "gam", "alphabet", "7", "77", "xx", "al", "et"]) }
                let code = pick(["550 ", "554 5.1.1 ", "451 4.7.1 ", "550 5.7.2 ", "554 4.1.3 ", "450 "])
                let reply = try #require(SMTPReply(written: code + text.joined(separator: pick([" ", "", "-"]))))
                let first = alone.firstIndex { $0.classify(reply).rule != nil }
                #expect(all.classify(reply).rule == first, "\(reply) \(entries)")
            }
        }
    }

    @Test(arguments: [
        ("rules: []", "rules.yaml:1: key 'rules': expected a list with a rule"),
        ("rules:\n  - {category: Nonsens, code: [550]}", "'Nonsens' is neither predefined nor declared"),
        ("rules:\n  - {category: SpamBlok, code: [550]}", "did you mean 'SpamBlock'?"),
        ("rules:\n  - {category: SpamBlock, code: [650]}", "rules.yaml:2: key 'rules[0].code': '650': expected a code"),
        ("rules:\n  - {category: SpamBlock, code: [5x0]}", "expected a code such as 550, 55x or 4xx"),
        ("rules:\n  - {category: SpamBlock, enhanced: [5.1]}", "expected an enhanced code such as"),
        ("rules:\n  - {category: SpamBlock, enhanced: [x.*.1]}", "expected an enhanced code such as"),
        ("rules:\n  - {category: SpamBlock, text: [ab]}", "'ab': expected 3 octets or more in a row"),
        ("rules:\n  - {category: SpamBlock, text: ['a@y.test']}", "addresses are taken out"),
        ("rules:\n  - {category: SpamBlock, texts: [abc]}", "unknown key 'rules[0].texts', did you mean 'text'?"),
        ("rules:\n  - {category: SpamBlock}", "a rule needs `code`, `enhanced` or `text`"),
        (
            "rules:\n  - {name: a, category: SpamBlock, code: [550]}\n  - {name: a, category: SpamBlock, code: [551]}",
            "rules.yaml:3: key 'rules[1].name': 'a' appears twice"
        ),
        ("categories: [SpamBlock]\nrules:\n  - {category: SpamBlock, code: [550]}", "is there without being declared"),
        ("categories: ['a b']\nrules:\n  - {category: SpamBlock, code: [550]}", "expected letters and digits"),
    ])
    func mistakesInRulesAreNamed(text: String, fault: String) {
        let faults = ClassificationFile.read(text: text, file: "rules.yaml").faults.map(\.description)
        #expect(faults.contains { $0.contains(fault) }, "\(faults)")
    }

    @Test func examplesAndHiddenRulesAreChecked() throws {
        let check = RuleCheck(
            try classifier(
                """
                rules:
                  - {name: wide, category: SpamBlock, code: [550]}
                  - {name: narrow, category: SpamBlock, code: [550], text: [list], examples: ["550 list"]}
                  - {name: other, category: QuotaIssues, code: [552], examples: ["552 full", "55 full", "451 full"]}
                """))
        #expect(check.examples == 4)
        #expect(
            check.faults == [
                "rules0.yaml:3: rule 'narrow' is never asked: 'wide' takes all of its replies",
                "rules0.yaml:3: example '550 list' of rule 'narrow' comes to rule 'wide'",
                "rules0.yaml:4: example '55 full' does not begin with a reply code",
                "rules0.yaml:4: example '451 full' of rule 'other' comes to no rule",
            ])
    }
}

/// profiles/classification/default.yaml.
func shippedRules() throws -> ReplyClassifier {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    let file = root.appendingPathComponent("profiles/classification/default.yaml")
    let text = try String(contentsOf: file, encoding: .utf8)
    return try ReplyClassifier([ClassificationFile(text: text, file: "default.yaml")])
}
