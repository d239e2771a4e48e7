import MailTypes
import RelayService
import Testing

@Suite struct ReportRulesTests {
    private func rule(_ returned: ReportRules.Returned) -> ReportRules.Rule {
        ReportRules.Rule(bounces: .logThenDrop, complaints: .logThenRelay, others: .ignore, returned: returned)
    }

    /// Addresses win over their domain, the domain over what is below it; case says nothing.
    @Test func addressesAreFound() {
        var rules = ReportRules()
        #expect(rules.isEmpty && rules.rule(for: MailAddress("a@bounces.example.org")) == nil)
        rules.add("bounces.example.org", rule(.none))
        rules.add("FBL@bounces.example.org", rule(.header))
        rules.add("bounce+*@example.org", rule(.whole))
        rules.add(".wide.test", rule(.header))
        func found(_ address: String) -> ReportRules.Returned? { rules.rule(for: MailAddress(address))?.returned }
        #expect(found("anyone@BOUNCES.example.org") == ReportRules.Returned.none)
        #expect(
            found("fbl@bounces.example.org") == .header
                && found("fblx@bounces.example.org") == ReportRules.Returned.none)
        #expect(found("Bounce+x=y@example.org") == .whole && found("bounce+@example.org") == .whole)
        #expect(found("bounce@example.org") == nil && found("a@example.org") == nil)
        #expect(
            found("a@deep.down.wide.test") == .header && found("a@wide.test") == nil && found("a@notwide.test") == nil)
        #expect(found("postmaster") == nil && found("") == nil)
    }
}
