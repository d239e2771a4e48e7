import Foundation
import MailTypes
import RunRecords
import SinkBehaviour
import Testing

@Suite struct BehaviourFileTests {
    private func fault(_ text: String) -> String {
        do {
            _ = try SinkRules(text: text, file: "sink.yaml")
            return "no fault"
        } catch { return "\(error)" }
    }

    @Test func stagesAreNamedAsInProfiles() {
        #expect(SinkStage.allCases.map(\.rawValue) == ["connect", "ehlo", "tls", "mail", "rcpt", "data", "end"])
    }

    @Test func aRuleIsReadWhole() throws {
        let rules = try SinkRules(
            text: """
                seed: 9
                rules:
                  - name: slow
                    match: {domain: "*.slow.test", share: 0.1, during: {after: 10s, for: 60s}}
                    at: end
                    action: defer
                    reply: "451 4.7.1 Try again later"
                    delay: 200ms
                """, file: "sink.yaml")
        let rule = try #require(rules.rules.first)
        #expect(rules.seed == 9 && rules.rules.count == 1)
        #expect(rule.name == "slow" && rule.stage == .end)
        #expect(rule.match.shareBillionths == 100_000_000)
        #expect(rule.match.window == TimeWindow(after: 10_000_000_000, length: 60_000_000_000))
        #expect(rule.action == .reply([WeightedReply(SMTPReply(451, .init(4, 7, 1), "Try again later"))]))
        #expect(rule.delay == SinkDelay(.fixed(200_000_000)))
    }

    @Test(arguments: [
        ("rules:\n  - {action: defr}", "sink.yaml:2: key 'rules[0].action': 'defr'"),
        ("rules:\n  - {at: end}", "key 'rules[0].action': is missing"),
        ("rules:\n  - {action: defer, rply: x}", "unknown key 'rules[0].rply', did you mean 'reply'?"),
        ("rules:\n  - {action: defer, wait: 5s}", "unknown key 'rules[0].wait'"),
        ("rules:\n  - {action: defer, reply: \"550 no\"}", "takes 400 to 499"),
        ("rules:\n  - {action: reject, reply: no}", "expected a reply such as"),
        ("rules:\n  - {action: defer, at: connect, match: {domain: x.test}}", "no recipient is known at 'connect'"),
        ("rules:\n  - {action: defer, at: ehlo, match: {sender: x}}", "no sender is known"),
        ("rules:\n  - {action: defer, match: {share: 1.5}}", "expected 0.0 to 1.0"),
        ("rules:\n  - {action: defer, match: {share: 0.0000000001}}", "counted in thousand-millionths"),
        ("rules:\n  - {action: defer, match: {share: 0.9999999999}}", "counted in thousand-millionths"),
        (
            "reports_to: 127.0.0.1:25\nrules:\n  - {action: bounce, to: \"a@b.test\\r\\nRCPT TO:<x@y.test>\"}",
            "sink.yaml:3: key 'rules[0].to': \"a@b.test\\r\\nRCPT"
        ),
        (
            "reports_to: 127.0.0.1:25\nrules:\n  - {action: complaint, to: \"<a@b.test>\"}",
            "expected an address such as"
        ),
        ("rules:\n  - {action: defer, match: {client: nonsense}}", "expected an address or a network"),
        ("rules:\n  - {action: defer, match: {during: {every: 5s}}}", "needs 'for'"),
        ("rules:\n  - {action: refuse, match: {share: 0.5}}", "only 'during' and 'listener'"),
        ("rules:\n  - {action: limit}", "either 'messages: 100/m' or 'connections: 10'"),
        ("rules:\n  - {action: limit, messages: 100/x}", "expected a rate such as"),
        ("rules:\n  - {action: limit, per: domain, connections: 5}", "a connection belongs to no domain"),
        ("rules:\n  - {action: bounce}", "need 'reports_to: HOST:PORT'"),
        ("rules:\n  - {action: drop, after_bytes: 10kb}", "needs 'at: data'"),
        ("rules:\n  - {action: extensions, without: XYZ}", "'XYZ': expected some of PIPELINING"),
        ("rules:\n  - {action: delay}", "key 'rules[0].delay': is missing"),
        ("rules:\n  - {action: delay, delay: {uniform: [5s, 1s]}}", "expected the least and the most"),
        ("rules:\n  - {action: mix, outcomes: [{action: accept}]}", "weight': is missing"),
        ("rules:\n  - {action: mix, outcomes: [{weight: 1, action: greylist}]}", "'greylist': expected accept or"),
        ("rulez: []", "unknown key 'rulez', did you mean 'rules'?"),
        ("local_parts: mail", "expected rcpt or end"),
    ])
    func faultsNameTheirPlace(text: String, said: String) {
        let found = fault(text)
        #expect(found.hasPrefix("sink.yaml:") && found.contains(said), "\(found)")
    }

    @Test func theExamplesAreRules() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/examples/sink").path
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(names.count >= 5)
        for name in names { #expect(try !SinkRules(path: folder + "/" + name).isEmpty, "\(name)") }
        // One example has everything, or it would teach too little.
        let all = try SinkRules(path: folder + "/everything.yaml").rules
        #expect(Set(all.map { String("\($0.action)".prefix { $0 != "(" }) }).count == 15)
    }
}
