import MailTypes
import Testing

@Suite struct HostPatternTests {
    @Test(
        arguments: [
            ("mx.example.org", "MX.example.org.", "192.0.2.1", true), ("mx.example.org", "a.mx.example.org", "", false),
            (".example.org", "mx.example.org", "", true), (".example.org", "example.org", "", false),
            (".example.org", "mxexample.org", "", false), ("192.0.2.0/24", "", "192.0.2.77", true),
            ("192.0.2.0/24", "mx.test", "192.0.3.1", false), ("192.0.2.7", "", "192.0.2.7", true),
            ("2001:db8::/32", "", "2001:db8::1", true), ("2001:db8::/32", "", "", false),
        ])
    func hostsAreMatched(_ pattern: String, _ name: String, _ address: String, _ matches: Bool) throws {
        let pattern = try #require(HostPattern(pattern))
        #expect(pattern.matches(name, NetworkAddress(address)) == matches)
        #expect(HostPattern(pattern.description) == pattern)
    }

    @Test(arguments: ["", ".", "a..b", "192.0.2.1/24", "192.0.2", "mx example", "-/8"])
    func whatIsNoHostIsRefused(_ text: String) { #expect(HostPattern(text) == nil) }
}
