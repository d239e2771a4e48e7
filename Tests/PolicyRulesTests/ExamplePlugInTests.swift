import Foundation
import MailTypes
import PolicyRules
import Testing

/// The example of the page: it is compiled here, and does what the page says.
@Suite struct ExamplePlugInTests {
    private static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

    @Test func thePageShowsThisCode() throws {
        let code = try String(contentsOf: Self.directory.appendingPathComponent("ExamplePlugIn.swift"), encoding: .utf8)
        let root = Self.directory.deletingLastPathComponent().deletingLastPathComponent()
        let page = try String(contentsOf: root.appendingPathComponent("docs/POLICY.md"), encoding: .utf8)
        #expect(page.contains("```swift\n\(code)```\n"))
    }

    @Test func itRefusesByItsTableAndAddsAField() {
        let plugIn = SuppressionList(suppressed: ["gone@far.test"])
        let machine = PolicyMachine(rules: [], plugIns: [plugIn])
        #expect(machine.refusal(Case.facts(.sender, to: "")) == nil)
        #expect(machine.refusal(Case.facts(.recipient, to: "Gone@far.test"))?.text == "Has unsubscribed")
        #expect(machine.refusal(Case.facts(.recipient)) == nil)
        var facts = Case.facts()
        facts.header = PolicyHeader([("x-tenant", "shop")])
        let decision = machine.decide(facts)
        #expect(decision.outcome == .accepted)
        #expect(decision.labels.tenant == "shop")
        #expect(decision.addedFields == Array("X-Sent-For: shop\r\n".utf8))
        #expect(decision.removedFields == ["x-tenant"])
        #expect(decision.reasons == ["suppression"])
    }
}
