import MTAConfiguration
import PolicyRules
import Testing

@Suite struct PolicyReaderTests {
    /// What is wrong is said with its line.
    @Test(arguments: [
        ("{then: {tenant: a}}", "key 'rules[0].name': is missing"),
        ("{name: a}", "the rule would do nothing"),
        ("{name: a, when: {listner: smtp}, then: {stop: true}}", "unknown key 'rules[0].when.listner', did you mean"),
        ("{name: a, when: {listener: smpt}, then: {stop: true}}", "no listener is named 'smpt', did you mean 'smtp'?"),
        ("{name: a, when: {client: 192.0.2.1/24}, then: {stop: true}}", "expected a network"),
        ("{name: a, when: {sender: []}, then: {stop: true}}", "key 'rules[0].when.sender': expected one or more"),
        ("{name: a, when: {header: {X: '/(/'}}, then: {stop: true}}", "X: '/(/': no regular expression"),
        ("{name: a, when: {header: {'X Y': a}}, then: {stop: true}}", "'X Y' is no field name"),
        ("{name: a, when: {size: {}}, then: {stop: true}}", "is missing, or `under`"),
        ("{name: a, then: {pool: bluk}}", "no egress pool is named 'bluk', did you mean 'bulk'?"),
        ("{name: a, then: {tenant: '${sende}'}}", "'${sende}' is not known"),
        ("{name: a, then: {tenant: '${user'}}", "'${' without '}'"),
        ("{name: a, then: {add_header: {'X:': a}}}", "'X:' is no field name"),
        ("{name: a, then: {reject: {code: 450}}}", "'450': expected 500 to 599"),
        ("{name: a, then: {defer: {enhanced: 5.7.1}}}", "'5.7.1': expected 4.SUBJECT.DETAIL"),
        ("{name: a, then: {reject: {text: \"a\\r\\nb\"}}}", "expected one line"),
        ("{name: a, then: {reject: {}, discard: true}}", "only one of"),
        ("{name: a, when: {spf: failed}, then: {stop: true}}", "expected none or pass or fail"),
        ("{name: a, when: {dkim: []}, then: {stop: true}}", "key 'rules[0].when.dkim': expected one or more"),
        ("{name: a, then: {redirect: nobody}}", "'nobody': expected an address"),
    ])
    func faultsHaveTheirPlace(_ rule: String, _ fault: String) {
        let error = #expect(throws: ConfigurationFaults.self) { try Case.machine("  - " + rule) }
        #expect(error?.description.contains(fault) == true, "\(error?.description ?? "")")
        #expect(error?.description.hasPrefix("mta.yaml:6: ") == true, "\(error?.description ?? "")")
    }

    @Test func namesAreUnique() {
        let rule = "  - {name: a, then: {stop: true}}\n"
        #expect(throws: ConfigurationFaults.self) { try Case.machine(rule + rule) }
    }
}
