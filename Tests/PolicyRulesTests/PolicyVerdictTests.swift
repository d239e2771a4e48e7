import MailTypes
import PolicyRules
import Testing

/// Rules that ask what verification came to.
@Suite struct PolicyVerdictTests {
    private static func facts(_ stage: PolicyStage, _ change: (inout PolicyVerdicts) -> Void) -> PolicyFacts {
        var facts = Case.facts(stage)
        var verdicts = PolicyVerdicts()
        change(&verdicts)
        facts.verdicts = verdicts
        return facts
    }

    /// At MAIL what is known of the client and the sender, the rest at the end of the data.
    @Test func resultsAreAskedForWhenTheyAreKnown() throws {
        let machine = try Case.machine(
            """
              - {name: spf, when: {spf: [fail, softfail]}, then: {reject: {text: not from there}}}
              - {name: listed, when: {dnsbl: 'bl.*', iprev: permerror}, then: {defer: {}}}
              - {name: dmarc, when: {dmarc: fail, dkim: [none, fail]}, then: {reject: {code: 554}}}
              - {name: mark, when: {arc: pass}, then: {add_header: {X-Chain: whole}}}

            """)
        #expect(machine.mayRefuse(at: .sender) && !machine.mayRefuse(at: .connection))
        #expect(machine.refusal(Self.facts(.sender) { $0.spf = .fail })?.text == "not from there")
        #expect(machine.refusal(Self.facts(.sender) { $0.spf = .softfail }) != nil)
        #expect(machine.refusal(Self.facts(.sender) { $0.spf = .pass }) == nil)
        let listed = Self.facts(.sender) { ($0.spf, $0.listed, $0.iprev) = (.pass, ["x.test", "bl.test"], .permerror) }
        #expect(machine.refusal(listed)?.code == 450)
        #expect(machine.refusal(Self.facts(.sender) { ($0.listed, $0.iprev) = (["bl.test"], .pass) }) == nil)
        // Not known yet, whatever stands there.
        #expect(machine.refusal(Self.facts(.sender) { ($0.dmarc, $0.dkim) = (.fail, .fail) }) == nil)
        let failing = machine.decide(Self.facts(.content) { ($0.dmarc, $0.dkim) = (.fail, PolicyVerdicts.Word.none) })
        #expect(failing.outcome == .refused(SMTPReply(554, .init(5, 7, 1), "Refused by policy")))
        let marked = machine.decide(Self.facts(.content) { ($0.dmarc, $0.dkim, $0.arc) = (.fail, .pass, .pass) })
        #expect(marked.outcome == .accepted && marked.addedFields == Array("X-Chain: whole\r\n".utf8))
    }

    /// Where nothing is verified no result holds, `none` neither.
    @Test func whatIsNotVerifiedHoldsNothing() throws {
        let machine = try Case.machine("  - {name: a, when: {spf: none}, then: {reject: {}}}\n")
        #expect(machine.refusal(Case.facts(.sender)) == nil)
        #expect(machine.refusal(Self.facts(.sender) { _ in }) == nil)
        #expect(machine.refusal(Self.facts(.sender) { $0.spf = PolicyVerdicts.Word.none }) != nil)
    }
}
