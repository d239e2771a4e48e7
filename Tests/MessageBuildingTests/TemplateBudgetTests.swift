import MessageBuilding
import Testing

/// What a request may cost holds for all its recipients together.
@Suite struct TemplateBudgetTests {
    private func request(_ text: String, recipients: Int, items: Int) throws -> InjectionRequest {
        let people = (0..<recipients).map { "{\"email\":\"u\($0)@y.test\"}" }.joined(separator: ",")
        let list = Array(repeating: "1", count: items).joined(separator: ",")
        return try InjectionRequest(
            try JSONValue.parse(
                "{\"envelope_sender\":\"a@x.test\",\"recipients\":[\(people)],\"substitutions\":{\"l\":[\(list)]},"
                    + "\"content\":{\"text_body\":\"\(text)\",\"subject\":\"x\"}}"))
    }

    private func fault(_ request: InjectionRequest, _ budget: inout TemplateBudget) -> String {
        let builder = MessageBuilder(request, hostname: "mta.test", date: "DATE") { "ID" }
        do throws(InjectionRequest.Fault) { _ = try builder.build(&budget) } catch { return error.text }
        return "none"
    }

    @Test(arguments: [
        (
            "{{ email }}{% for x in l %}{% endfor %}", 1001, 1000,
            "line 1: more than 1000000 passes of loops in one request"
        ),
        ("{{ email }}{{ 'x' * 1000000 == 1 }}", 140, 0, "line 1: more than 134217728 steps of work in one request"),
        ("{{ email }}{{ 'x' * 1000000 }}", 134, 0, "line 1: more than 134217728 steps of work in one request"),
    ])
    func recipientsShareIt(_ text: String, _ recipients: Int, _ items: Int, _ expected: String) throws {
        var budget = TemplateBudget.whole
        #expect(fault(try request(text, recipients: 10, items: items), &budget) == "none")
        #expect(!budget.isExhausted)
        budget = .whole
        #expect(fault(try request(text, recipients: recipients, items: items), &budget).hasSuffix(expected))
        #expect(budget.isExhausted)
    }

    /// What is little is done at once; what is not says so, whatever it is that there is too much of.
    @Test func littleIsQuick() throws {
        var budget = TemplateBudget.quick
        #expect(fault(try request("{{ email }}", recipients: 100, items: 0), &budget) == "none" && !budget.isExhausted)
        for (text, recipients) in [
            ("{{ email }}{% for x in l %}{% endfor %}", 21), ("{{ email }}", 6_000),
            ("{{ email }}{{ l|length * 'x' }}", 1),
        ] {
            budget = .quick
            let request = try request(text, recipients: recipients, items: 100)
            _ = fault(request, &budget)
            #expect(budget.isExhausted == (recipients > 1), "\(text)")
        }
        // A mistake is none of the budget.
        budget = .quick
        #expect(fault(try request("{{ 1 + 'x' }}{{ email }}", recipients: 1, items: 0), &budget) != "none")
        #expect(!budget.isExhausted)
    }
}
