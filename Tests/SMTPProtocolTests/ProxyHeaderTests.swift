import SMTPProtocol
import Testing

@Suite struct ProxyHeaderTests {
    private static let signature: [UInt8] = Array("\r\n\r\n\0\r\nQUIT\n".utf8)

    private static func block(_ command: UInt8, _ family: UInt8, _ rest: [UInt8]) -> [UInt8] {
        signature + [command, family, UInt8(rest.count >> 8), UInt8(rest.count & 255)] + rest
    }

    private static let tcp4: [UInt8] = [192, 0, 2, 1, 192, 0, 2, 2, 0x9C, 0x40, 0, 25]

    static let good: [(name: String, bytes: [UInt8], source: String?)] = [
        ("v1 tcp4", Array("PROXY TCP4 192.0.2.1 192.0.2.2 40000 25\r\n".utf8), "192.0.2.1:40000"),
        ("v1 tcp6", Array("PROXY TCP6 2001:db8::1 ::1 40000 25\r\n".utf8), "2001:db8::1:40000"),
        ("v1 unknown", Array("PROXY UNKNOWN\r\n".utf8), nil),
        ("v1 unknown with more", Array("PROXY UNKNOWN ff:: :: 1 2\r\n".utf8), nil),
        ("v2 local", block(0x20, 0, []), nil), ("v2 tcp4", block(0x21, 0x11, tcp4), "192.0.2.1:40000"),
        ("v2 with extensions", block(0x21, 0x11, tcp4 + [4, 0, 2, 9, 9, 3, 0, 0]), "192.0.2.1:40000"),
        (
            "v2 tcp6",
            block(
                0x21, 0x21,
                [0x20, 1, 0xD, 0xB8] + [UInt8](repeating: 0, count: 11) + [1] + [UInt8](repeating: 0, count: 15) + [
                    1, 0x9C, 0x40, 0, 25,
                ]),
            "2001:db8:0:0:0:0:0:1:40000"
        ), ("v2 unix", block(0x21, 0x31, [UInt8](repeating: 65, count: 216)), nil),
        ("v2 unspecified", block(0x21, 0, []), nil),
    ]

    @Test(arguments: good.indices) func headersAreReadHoweverTheyAreCut(_ index: Int) {
        let (name, bytes, source) = Self.good[index]
        let more = bytes + Array("EHLO x\r\n".utf8)
        for cut in 0..<bytes.count {
            #expect(ProxyHeader.parse(Array(bytes[..<cut])) == .needsInput, "\(name) at \(cut)")
        }
        guard case .header(let header, let consumed) = ProxyHeader.parse(more) else {
            Issue.record("\(name): \(ProxyHeader.parse(more))")
            return
        }
        #expect(consumed == bytes.count)
        #expect(header.source.map { "\($0.address):\($0.port)" } == source)
    }

    static let bad: [[UInt8]] = [
        Array("EHLO x\r\n".utf8), Array("PROXY\r\n".utf8), Array("PROXY TCP4 192.0.2.1 192.0.2.2 40000\r\n".utf8),
        Array("PROXY TCP4 192.0.2.1 192.0.2.2 40000 65536\r\n".utf8),
        Array("PROXY TCP4 192.0.2.1 192.0.2.2 40000 25\n".utf8),
        Array("PROXY TCP4 2001:db8::1 ::1 40000 25\r\n".utf8), Array("PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n".utf8),
        Array(("PROXY UNKNOWN " + String(repeating: "x", count: 100)).utf8), block(0x11, 0x11, tcp4),
        block(0x22, 0x11, tcp4), block(0x21, 0x11, Array(tcp4.dropLast())), block(0x21, 0x11, tcp4 + [4, 0, 9, 1]),
        signature + [0x21, 0x11, 0xFF, 0xFF], Array("\r\n\r\n\0\r\nQUIX\n".utf8),
    ]

    @Test(arguments: bad.indices) func nonsenseIsRefused(_ index: Int) {
        guard case .malformed = ProxyHeader.parse(Self.bad[index]) else {
            Issue.record("\(index): \(ProxyHeader.parse(Self.bad[index]))")
            return
        }
    }
}
