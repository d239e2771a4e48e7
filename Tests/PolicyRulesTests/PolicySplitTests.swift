import MTAConfiguration
import MailTypes
import PolicyRules
import Testing

@Suite struct PolicySplitTests {
    private func split(_ rules: String, _ recipients: [String]) throws -> (PolicySplit, Envelope) {
        let machine = try Case.machine(rules)
        let split = PolicySplit(recipients.map { machine.decide(Case.facts(to: $0)) })
        return (split, Envelope(reversePath: .null, recipients: recipients.map { MailAddress($0) }))
    }

    /// Recipients with the same labels and fields share a message, in their order.
    @Test func recipientsAreDecidedOneByOne() throws {
        let (split, envelope) = try split(
            """
              - {name: a, when: {recipient_domain: a.test}, then: {tenant: a}}
              - {name: gone, when: {recipient: gone@*}, then: {discard: true}}
              - {name: moved, when: {recipient: moved@*}, then: {redirect: 1@a.test}}
            """, ["1@a.test", "2@b.test", "gone@a.test", "moved@a.test", "3@a.test", "4@b.test"])
        #expect(split.refusal == nil)
        #expect(split.discarded == [2])
        #expect(split.parts.map(\.recipients) == [[0, 3, 4], [1, 5]])
        let envelopes = split.parts.map { split.envelope(of: $0, from: envelope) }
        #expect(envelopes.map(\.labels?.tenant) == ["a", nil])
        // Redirected to one who gets it already: once.
        #expect(
            envelopes.map { $0.recipients.map(\.description) } == [
                ["1@a.test", "3@a.test"], ["2@b.test", "4@b.test"],
            ])
    }

    @Test func onesRefusalIsEverybodys() throws {
        let rules = """
              - {name: later, when: {recipient: later@*}, then: {defer: {}}}
              - {name: never, when: {recipient: never@*}, then: {reject: {}}}
            """
        #expect(try split(rules, ["a@a.test", "later@a.test"]).0.refusal?.code == 450)
        #expect(try split(rules, ["later@a.test", "never@a.test"]).0.refusal?.code == 550)
        #expect(try split(rules, ["a@a.test"]).0.refusal == nil)
    }
}
