import ArgumentParser
import Foundation
import MTAConfiguration
import MailTypes
import Measures
import ProgramSupport
import ReplyClassification
import TextCodecs

/// `mta classify`: what a reply means, by which rule.
struct ClassifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "classify",
        abstract: "Say what replies mean: category, rule and normalised code.",
        discussion: """
            Replies are arguments, or lines of standard input: '550 5.1.1 No such user'. Lines of one reply may follow \
            each other as on the wire: '550-…', '550 …'. Exit code 2: something is no reply.
            """)

    @Argument(help: "A reply; none: from standard input.") var replies: [String] = []
    @Option(
        help: "A file of rules, repeatable, asked in this order; 'default' comes with the program. Default: default.")
    var rules: [String] = []
    @Option(help: "Rules as a relay's configuration file has them.") var config: String?
    @Option(help: "Check this file of rules: mistakes, examples that come to another rule, rules that are never asked.")
    var check: String?
    @Option(help: "text, json or csv.") var format = "text"

    func run() async throws {
        guard let format = Format(rawValue: format) else {
            throw UsageFault("--format '\(format)': expected text, json or csv")
        }
        if let check { return try self.check(check) }
        let classifier = try ClassificationFiles.classifier(try files())
        print(format.head, terminator: "")
        if replies.isEmpty {
            try readInput { try show($0, classifier, format) }
        } else {
            for text in replies { try show(text, classifier, format) }
        }
    }

    private func files() throws -> [String] {
        guard let config else { return rules.isEmpty ? [ClassificationSection.shippedRules] : rules }
        guard rules.isEmpty else { throw UsageFault("--rules and --config: one of them") }
        return try ServeSettings(file: config).values.classification?.files ?? [ClassificationSection.shippedRules]
    }

    /// Lines with a hyphen behind the code have more of their reply behind them.
    private func readInput(_ body: (String) throws -> Void) throws {
        var open: [String] = []
        while let line = readLine() {
            guard !line.allSatisfy(\.isWhitespace) else { continue }
            open.append(line)
            if line.dropFirst(3).first == "-", open.count < 1_000 { continue }
            try body(open.joined(separator: "\n"))
            open = []
        }
        if !open.isEmpty { try body(open.joined(separator: "\n")) }
    }

    private func show(_ text: String, _ classifier: ReplyClassifier, _ format: Format) throws {
        guard let reply = SMTPReply(written: text) else {
            throw UsageFault("'\(text.prefix(100))': expected a reply such as '550 5.1.1 No such user'")
        }
        let verdict = classifier.classify(reply)
        print(format.line(reply, verdict, rule: verdict.rule.map { classifier.rules[$0] }))
    }

    private func check(_ file: String) throws {
        let classifier = try ClassificationFiles.classifier([file])
        let check = RuleCheck(classifier)
        for fault in check.faults { print(fault) }
        let texts = "\(grouped(classifier.rules.count)) rules, \(grouped(check.examples)) examples"
        guard check.faults.isEmpty else {
            throw UsageFault(
                "\(file): \(check.faults.count) \(check.faults.count == 1 ? "fault" : "faults") in \(texts)")
        }
        print("\(file): all is well: \(texts)\(Self.speed(classifier))")
    }

    /// Of the examples, over and over for a tenth of a second each way; the best round, since others use the machine, too.
    private static func speed(_ classifier: ReplyClassifier) -> String {
        let replies = classifier.rules.flatMap(\.examples).compactMap { SMTPReply(written: $0) }
        guard !replies.isEmpty else { return "" }
        func nanoseconds(remembered: Int) -> UInt64 {
            var verdicts = RememberedVerdicts(classifier, limit: remembered)
            let begin = MonotonicInstant.now()
            var best = UInt64.max
            while MonotonicInstant.now().nanoseconds(since: begin) < 100_000_000 {
                let round = MonotonicInstant.now()
                for reply in replies { _ = verdicts.classify(reply) }
                best = min(best, MonotonicInstant.now().nanoseconds(since: round))
            }
            return best / UInt64(replies.count)
        }
        return
            "; \(nanoseconds(remembered: 0)) ns a reply, \(nanoseconds(remembered: replies.count)) ns one that is remembered"
    }
}

extension ClassifyCommand {
    /// How an answer is printed.
    enum Format: String {
        case text, json, csv

        var head: String { self == .csv ? "category,rule,place,code,enhanced_code,origin,written,text\n" : "" }

        func line(_ reply: SMTPReply, _ verdict: ReplyVerdict, rule: ClassificationRule?) -> String {
            let code = verdict.enhanced
            let text = reply.text.split(separator: "\n").joined(separator: " ")
            switch self {
            case .text:
                let written = code.written.map { ", written \($0)" } ?? ""
                let found = rule.map { "rule '\($0.name)' (\($0.place))" } ?? "no rule"
                return "\(verdict.category)  \(reply.code) \(code.code) (\(code.origin.rawValue)\(written))  \(found)"
            case .json:
                let enhanced = code.code
                let fields = [
                    ("category", JSONText.quoted(verdict.category.name)),
                    ("rule", rule.map { JSONText.quoted($0.name) } ?? "null"),
                    ("place", rule.map { JSONText.quoted($0.place) } ?? "null"), ("code", "\(reply.code)"),
                    (
                        "enhanced_code",
                        "{\"class\":\(enhanced.statusClass),\"subject\":\(enhanced.subject),\"detail\":\(enhanced.detail)}"
                    ),
                    ("origin", JSONText.quoted(code.origin.rawValue)),
                    ("written", code.written.map { JSONText.quoted($0) } ?? "null"), ("text", JSONText.quoted(text)),
                ]
                return "{" + fields.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
            case .csv:
                return [
                    verdict.category.name, rule?.name ?? "", rule?.place ?? "", "\(reply.code)", "\(code.code)",
                    code.origin.rawValue, code.written ?? "", text,
                ].map(Self.cell).joined(separator: ",")
            }
        }

        /// RFC 4180.
        private static func cell(_ text: String) -> String {
            guard text.contains(where: { "\",\n\r".contains($0) }) else { return text }
            return "\"" + text.replacing("\"", with: "\"\"") + "\""
        }
    }
}
