import MailTypes

/// What is wrong with rules that can be read: examples that come to another rule, and rules that nothing comes to.
package struct RuleCheck: Sendable {
    /// Each with the place of its rule.
    package private(set) var faults: [String] = []
    package private(set) var examples = 0

    package init(_ classifier: ReplyClassifier) {
        for (index, rule) in classifier.rules.enumerated() {
            if let other = classifier.rules[..<index].first(where: { $0.covers(rule) }) {
                faults.append(
                    "\(rule.place): rule '\(rule.name)' is never asked: '\(other.name)' takes all of its replies")
            }
            for example in rule.examples { check(example, index, classifier) }
        }
    }

    private mutating func check(_ example: String, _ index: Int, _ classifier: ReplyClassifier) {
        examples += 1
        let rule = classifier.rules[index]
        guard let reply = SMTPReply(written: example) else {
            faults.append("\(rule.place): example '\(example)' does not begin with a reply code")
            return
        }
        let verdict = classifier.classify(reply)
        guard verdict.rule != index else { return }
        let other = verdict.rule.map { "rule '\(classifier.rules[$0].name)'" } ?? "no rule"
        faults.append("\(rule.place): example '\(example)' of rule '\(rule.name)' comes to \(other)")
    }
}
