import MailTypes
import Testing

@Suite struct NetworkPrefixTests {
    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("0.0.0.0", "0.0.0.0"), ("::", "::"), ("::1", "::1"),
        ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"), ("2001:db8:0:1:0:0:0:1", "2001:db8:0:1::1"),
        ("1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("::ffff:192.0.2.1", "192.0.2.1"),
        ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"), ("1::", "1::"), ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
    ])
    func addressesAreReadAndWritten(_ text: String, _ written: String) throws {
        #expect(try #require(NetworkAddress(text)).description == written)
    }

    @Test(arguments: [
        "", "192.0.2", "192.0.2.256", "192.0.2.1.2", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::1::", "1::2::3", ":1",
        "12345::", "+1::", "::g", "1.2.3.4::", "192.0.2.1%eth0", "[::1]", "1:2:3:4:5:6:7::8",
    ])
    func nonsenseIsNoAddress(_ text: String) { #expect(NetworkAddress(text) == nil) }

    @Test(arguments: ["192.0.2.1/24", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/-1", "2001:db8::1/64", "::/129", "x/8"])
    func nonsenseIsNoPrefix(_ text: String) { #expect(NetworkPrefix(text) == nil) }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.1.2", true), ("10.0.0.0/8", "11.0.0.0", false), ("0.0.0.0/0", "8.8.8.8", true),
        ("0.0.0.0/0", "2001:db8::1", false), ("::/0", "192.0.2.1", true), ("192.0.2.1", "::ffff:192.0.2.1", true),
        ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/33", "2001:db8:8000::", false),
        ("2001:db8::/64", "2001:db8::ffff:ffff:ffff:ffff", true), ("2001:db8::/64", "2001:db8:0:1::", false),
        ("2001:db8::1/128", "2001:db8::2", false), ("::1", "::1", true),
    ])
    func prefixesContain(_ prefix: String, _ address: String, _ expected: Bool) throws {
        let network = try #require(NetworkPrefix(prefix))
        #expect(network.contains(try #require(NetworkAddress(address))) == expected)
    }

    @Test func theMostSpecificNetworkWins() throws {
        let table = NetworkTable([
            (try #require(NetworkPrefix("0.0.0.0/0")), "all"), (try #require(NetworkPrefix("10.0.0.0/8")), "ten"),
            (try #require(NetworkPrefix("10.1.0.0/16")), "ten-one"),
        ])
        #expect(table[try #require(NetworkAddress("10.1.2.3"))] == "ten-one")
        #expect(table[try #require(NetworkAddress("10.2.2.3"))] == "ten")
        #expect(table[try #require(NetworkAddress("9.2.2.3"))] == "all")
        #expect(table[try #require(NetworkAddress("::1"))] == nil)
    }

    @Test func loopbackIsKnown() throws {
        for text in ["127.0.0.1", "127.255.0.3", "::1", "::ffff:127.0.0.1"] {
            #expect(try #require(NetworkAddress(text)).isLoopback)
        }
        for text in ["128.0.0.1", "::2", "2001:db8::1"] { #expect(!(try #require(NetworkAddress(text)).isLoopback)) }
    }
}
