import MailRouting
import MailTypes
import Testing

private func rdata(_ preference: Int, _ host: String) -> [UInt8] {
    var out = [UInt8(preference >> 8), UInt8(preference & 255)]
    for label in host.split(separator: ".") { out += [UInt8(label.utf8.count)] + Array(label.utf8) }
    return out + [0]
}

private func plan(_ records: [(Int, String)], own: Set<String> = [], seed: UInt64 = 1) -> ExchangerPlan.Outcome {
    ExchangerPlan.make(
        "x.test", DNSAnswer(.found, records: records.map { rdata($0.0, $0.1) }), ownNames: own, seed: seed)
}

@Suite struct PlanTests {
    @Test func betterPreferencesComeFirst() {
        guard case .plan(let plan) = plan([(30, "c.test"), (10, "A.test"), (20, "b.test")]) else {
            Issue.record("no plan")
            return
        }
        #expect(plan.hosts == ["a.test", "b.test", "c.test"])
        #expect(plan.site == "(a>b>c).test")
    }

    /// Equal ones come first about as often each, and the site does not depend on it.
    @Test func equalPreferencesShareTheLoad() {
        var firsts: [String: Int] = [:]
        for seed in 0..<300 {
            guard case .plan(let plan) = plan([(10, "a.test"), (10, "b.test"), (10, "c.test")], seed: UInt64(seed))
            else {
                continue
            }
            firsts[plan.hosts[0], default: 0] += 1
            #expect(plan.site == "(a|b|c).test")
        }
        #expect(firsts.count == 3 && firsts.values.allSatisfy { $0 > 60 }, "\(firsts)")
    }

    @Test func thisHostAndWhatIsNotBetterIsLeftOut() {
        guard
            case .plan(let found) = plan(
                [(10, "a.test"), (20, "me.test"), (20, "b.test"), (30, "c.test")], own: ["me.test"])
        else {
            Issue.record("no plan")
            return
        }
        #expect(found.hosts == ["a.test"])
        guard case .permanent(let reply) = plan([(10, "me.test"), (20, "b.test")], own: ["me.test"]) else {
            Issue.record("no loop found")
            return
        }
        #expect(reply.enhanced == EnhancedStatusCode(5, 4, 6))
    }

    @Test func namesThatNoHostHasAreLeftOut() {
        guard case .plan(let found) = plan([(10, "a b.test"), (20, "b.test")]) else {
            Issue.record("no plan")
            return
        }
        #expect(found.hosts == ["b.test"])
        guard case .permanent = plan([(10, "a/b.test")]) else {
            Issue.record("taken")
            return
        }
    }

    @Test func atMostFiftyHosts() {
        guard case .plan(let found) = plan((0..<80).map { ($0, "h\($0).test") }) else {
            Issue.record("no plan")
            return
        }
        #expect(found.hosts == (0..<50).map { "h\($0).test" })
    }

    @Test(arguments: [
        ([["mx.test"]], "mx.test"), ([["a.x.test", "b.x.test"]], "(a|b).x.test"),
        ([["x.test"], ["a.x.test"]], "(@>a).x.test"),
        ([["a.test", "b.example"]], "(a.test|b.example)"), ([["a.x.test"], ["b.x.test"]], "(a>b).x.test"),
    ])
    func siteNames(_ groups: [[String]], _ expected: String) { #expect(SiteName.text(groups) == expected) }

    /// Different sets never share a name: all sets of up to three hosts of seven, in every order of preference.
    @Test func siteNamesTellSetsApart() {
        let hosts = ["a.x.test", "b.x.test", "x.test", "a.b.x.test", "a.test", "test", "a.example"]
        var seen: [String: [[String]]] = [:]
        var count = 0
        func check(_ groups: [[String]]) {
            let name = SiteName.text(groups)
            #expect(seen[name] == nil || seen[name] == groups, "\(groups) and \(seen[name]!)")
            seen[name] = groups
            count += 1
        }
        for a in hosts {
            check([[a]])
            for b in hosts where b != a {
                check([[a], [b]])
                check([[a, b].sorted()])
                for c in hosts where c != a && c != b {
                    check([[a], [b], [c]])
                    check([[a], [b, c].sorted()])
                    check([[a, b].sorted(), [c]])
                    check([[a, b, c].sorted()])
                }
            }
        }
        #expect(count > 800)
    }
}
