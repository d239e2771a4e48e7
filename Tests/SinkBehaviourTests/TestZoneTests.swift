import MailTypes
import Measures
import SinkBehaviour
import Testing

@Suite struct TestZoneTests {
    private func query(_ name: String, _ type: UInt16, edns: Bool = true) -> [UInt8] {
        var bytes: [UInt8] = [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, edns ? 1 : 0]
        for label in name.split(separator: ".") { bytes += [UInt8(label.utf8.count)] + label.utf8 }
        bytes += [0, UInt8(type >> 8), UInt8(type & 255), 0, 1]
        if edns { bytes += [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0] }
        return bytes
    }

    private func read(_ name: String, _ type: UInt16) throws -> DNSQuery {
        guard case .query(let query) = DNSQuery.read(query(name, type)) else { throw UnitFault("no query") }
        return query
    }

    private func zone(_ rules: String...) throws -> TestZone {
        var zone = TestZone()
        for rule in rules { try zone.add(rule) }
        return zone
    }

    @Test func aDomainHasItsExchangerAndThatItsAddress() throws {
        let zone = try zone("*.bulk.test=mx*.sink.test@127.0.1.1-127.0.4.250")
        var hosts: Set<String> = []
        for number in 0..<1000 {
            let answer = zone.answer(try read("D\(number).Bulk.test", 15))
            #expect(answer.code == 0 && answer.answers.count == 1 && answer.additional.count == 1)
            guard case .exchanger(10, let host) = answer.answers[0].value else {
                Issue.record("no exchanger")
                return
            }
            hosts.insert(host)
            let address = zone.answer(try read(host, 1)).answers
            #expect(address.map(\.value) == answer.additional.map(\.value))
            #expect(zone.answer(try read("d\(number).bulk.test", 15)).answers == answer.answers, "case does not matter")
        }
        #expect(hosts.count > 500, "names spread over the addresses")
    }

    @Test func severalHostsHaveTheirPreferences() throws {
        let zone = try zone("a.test=mx1.test@127.0.0.1,mx2.test@127.0.0.2,six.test@::1")
        let answer = zone.answer(try read("a.test", 15))
        #expect(
            answer.answers.map(\.value) == [
                .exchanger(preference: 10, host: "mx1.test"), .exchanger(preference: 20, host: "mx2.test"),
                .exchanger(preference: 30, host: "six.test"),
            ])
        #expect(zone.answer(try read("six.test", 28)).answers.count == 1)
        let none = zone.answer(try read("six.test", 1))
        #expect(none.answers.isEmpty && none.code == 0)
        #expect(zone.certificateNames == ["mx1.test", "mx2.test", "six.test"])
    }

    @Test func textAndTLSAAreThere() throws {
        var zone = try zone("*.x.test=mx*.y.test@127.0.0.1-127.0.0.9")
        #expect(zone.certificateNames == ["*.y.test"])
        #expect(zone.answer(try read("a.x.test", 16)).answers.map(\.value) == [.text(zone.senderPolicy)])
        #expect(zone.answer(try read("_25._tcp.mx3.y.test", 52)).code == 3)
        zone.publicKeyDigest = Array(repeating: 7, count: 32)
        #expect(
            zone.answer(try read("_25._tcp.mx3.y.test", 52)).answers.map(\.value)
                == [.tlsa(Array(repeating: 7, count: 32))])
        #expect(zone.answer(try read("_2525._tcp.mx3.y.test", 52)).answers.count == 1, "any port")
        for name in ["_25._tcp.mx9.y.test", "_025._tcp.mx3.y.test", "_25._udp.mx3.y.test", "_x._tcp.mx3.y.test"] {
            #expect(zone.answer(try read(name, 52)).code == 3)
        }
    }

    /// RFC 8020, RFC 9156: a resolver that asks label by label comes through.
    @Test(arguments: [
        ("nothing.else", UInt8(3)), ("test", 0), ("bulk.test", 0), ("sink.test", 0), ("a.bulk.test", 0),
        ("mx9.sink.test", 3), ("mx01.sink.test", 3), ("_dmarc.a.bulk.test", 3), ("else", 3),
    ])
    func namesThatAreNotThere(name: String, code: UInt8) throws {
        let zone = try zone("*.bulk.test=mx*.sink.test@127.0.1.1-127.0.1.9")
        let answer = zone.answer(try read(name, 1))
        #expect(answer.code == code && answer.answers.isEmpty && answer.authority.count == 1)
    }

    @Test func answersAreOnTheWireAsTheRFCSays() throws {
        let zone = try zone("a.test=mx.test@127.0.0.2")
        let query = try read("A.test", 15)
        let bytes = zone.answer(query).encoded(for: query, overTCP: false)
        let expected: [UInt8] =
            [0x12, 0x34, 0x85, 0, 0, 1, 0, 1, 0, 0, 0, 2] + [1, 0x41, 4] + Array("test".utf8) + [0, 0, 15, 0, 1]
            + [0xC0, 0x0C, 0, 15, 0, 1, 0, 0, 14, 16, 0, 11, 0, 10, 2] + Array("mx".utf8) + [4] + Array("test".utf8) + [
                0
            ]
            + [2] + Array("mx".utf8) + [4] + Array("test".utf8) + [0, 0, 1, 0, 1, 0, 0, 14, 16, 0, 4, 127, 0, 0, 2]
            + [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]
        #expect(bytes == expected)
    }

    @Test func whatDoesNotFitIsTruncatedOverUDP() throws {
        let hosts = (0..<60).map { "mx\($0).a-long-name-of-a-host.test@127.0.0.1" }.joined(separator: ",")
        let zone = try zone("a.test=" + hosts)
        let query = try read("a.test", 15)
        let udp = zone.answer(query).encoded(for: query, overTCP: false)
        #expect(udp[2] & 2 != 0 && udp.count < 512)
        let tcp = zone.answer(query).encoded(for: query, overTCP: true)
        #expect(tcp[2] & 2 == 0 && tcp[7] == 60)
    }

    /// RFC 6891: versions that nobody knows, more than one OPT record, or one that is not of the root.
    @Test func ednsIsTakenAsTheRFCSays() throws {
        var later = query("a.test", 15)
        later[later.count - 5] = 1
        guard case .unknownVersion(let asked) = DNSQuery.read(later) else {
            Issue.record("version 1 is taken")
            return
        }
        let reply = DNSAnswer.unknownVersion.encoded(for: asked, overTCP: false)
        #expect(reply[3] & 15 == 0 && Array(reply.suffix(11)) == [0, 0, 41, 4, 208, 1, 0, 0, 0, 0, 0])
        let option: [UInt8] = [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]
        var twice = query("a.test", 15) + option
        twice[11] = 2
        #expect(DNSQuery.read(twice) == .refused(id: 0x1234, code: 1))
        var named = query("a.test", 15, edns: false) + [1, 0x61] + option
        named[11] = 1
        #expect(DNSQuery.read(named) == .refused(id: 0x1234, code: 1))
        let zone = try zone("a.test=mx.test@127.0.0.2")
        #expect(zone.answer(try read("a.test", 252)).code == 5, "there is nothing to transfer")
    }

    @Test func whatIsNoQueryIsRefusedOrIgnored() {
        let good = query("a.test", 15)
        #expect(DNSQuery.read([]) == .ignored && DNSQuery.read(Array(good.prefix(11))) == .ignored)
        var reply = good
        reply[2] = 0x81
        #expect(DNSQuery.read(reply) == .ignored)
        var update = good
        update[2] = 0x28
        #expect(DNSQuery.read(update) == .refused(id: 0x1234, code: 4))
        for count in 12..<good.count {
            #expect(DNSQuery.read(Array(good.prefix(count))) == .refused(id: 0x1234, code: 1))
        }
        var pointer = good
        pointer[12] = 0xC0
        #expect(DNSQuery.read(pointer) == .refused(id: 0x1234, code: 1))
    }

    @Test(arguments: [
        "a.test", "a.test=mx", "a=mx@nonsense", "a=mx@127.0.0.2-127.0.0.1", "a=mx@127.0.0.1-127.0.0.9",
        "a=m*@127.0.0.1", "a.test=", "a.test=mx\r\n.test@127.0.0.1", "a\n.test=mx.test@127.0.0.1",
        "a..test=mx.test@127.0.0.1",
        "a.test=a-label-of-more-than-sixty-three-octets-which-no-name-server-can-say-in-one-label.test@127.0.0.1",
    ])
    func rulesThatMakeNoSense(text: String) {
        var zone = TestZone()
        #expect(throws: UnitFault.self) { try zone.add(text) }
    }
}
