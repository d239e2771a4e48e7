import Testing
import TrafficShaping

@Suite struct EmptyPlanTests {
    @Test func knowsNoRuleAndNoProvider() {
        let plan = ShapingPlan()
        #expect(plan.rule("anything") == nil)
        #expect(
            plan.provider(
                of: ShapingQuestion(
                    destination: "a.test", domain: "a.test", exchangers: ["mx.a.test"], source: nil)) == nil)
    }
}
