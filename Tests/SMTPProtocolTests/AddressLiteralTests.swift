import MailTypes
import SMTPProtocol
import Testing

/// Address literals and lengths, as far as a path lets them show (RFC 5321 §4.1.3, §4.5.3.1).
@Suite struct AddressLiteralTests {
    private func parse(_ text: String, utf8: Bool = false) -> Result<String, GrammarFault> {
        let bytes = Array(("TO:" + text).utf8)
        do throws(GrammarFault) {
            return .success(try RcptCommand.parse(bytes.span.bytes, allowUTF8: utf8).forwardPath.description)
        } catch {
            return .failure(error)
        }
    }

    static let good: [String] = [
        "0.0.0.0", "255.255.255.255", "1.2.3.4", "192.000.002.001", "IPv6:::", "IPv6:1::", "IPv6:::8", "IPv6:1::8",
        "IPv6:1:2:3:4:5:6:7:8", "IPv6:1:2:3:4:5:6::", "IPv6:::3:4:5:6:7:8", "IPv6:1:2:3::6:7:8", "IPv6:1:2:3:4:5:6:7::",
        "IPv6:::1.2.3.4", "IPv6:1::1.2.3.4", "IPv6:1:2:3:4:5:6:1.2.3.4", "IPv6:64:ff9b::192.0.2.33",
        "IPv6:ABCD:ef01:2345:6789:abcd:EF01:2345:6789", "IPv6:fe80::1", "IPV6:::1", "ipv6:0:0:0:0:0:0:0:0",
    ]

    @Test(arguments: good) func goodLiterals(literal: String) {
        #expect(parse("<a@[\(literal)]>") == .success("a@[\(literal)]"))
    }

    static let bad: [String] = [
        // IPv4
        "", ".", "...", "1", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "256.1.1.1", "1.1.1.999", "1.2.3.0004",
        "1.2.3.+4", "1.2.3.-4", "1.2.3.4 ", " 1.2.3.4", "1.2.3.0x4", "1.2.3.a", "1,2,3,4", "1.2.3.4/24", "1.2.3.4:25",
        "1.2.3.\u{0664}", "1.2.3.\u{FF14}", "1.2.3.4\u{0}", "1.2.3.4\r", "1.2.3.4\n", "\u{0}1.2.3.4",
        // IPv6
        "IPv6:", "IPv6::", "IPv6:1", "IPv6:1:2:3:4:5:6:7", "IPv6:1:2:3:4:5:6:7:8:9", "IPv6:1:2:3:4:5:6:7:8::",
        "IPv6::::",
        "IPv6:::1:2:3:4:5:6:7:8", "IPv6:1::2::3", "IPv6:1:::2", "IPv6::1:2:3:4:5:6:7", "IPv6:1:2:3:4:5:6:7:",
        "IPv6:00001::",
        "IPv6:1::g", "IPv6:1::-1", "IPv6:1::+1", "IPv6: ::1", "IPv6:::1 ", "IPv6:::1%eth0", "IPv6:::1/64",
        "IPv6:1.2.3.4",
        "IPv6:1.2.3.4::", "IPv6:::1.2.3.4:5", "IPv6:::1.2.3", "IPv6:::1.2.3.256", "IPv6:1:2:3:4:5:6:7:1.2.3.4",
        "IPv6:1:2:3:4:5:1.2.3.4", "IPv6:\u{FF11}::", "IPv6:1::\u{0}", "IPv6:[::1]",
        // Others
        "::1", "2001:db8::1", "IPv4:1.2.3.4", "IPv6", "IPv6-::1", "tag:content", "x.test", "[1.2.3.4]", "1.2.3.4]x",
        "@",
        String(repeating: "1", count: 70), "IPv6:" + String(repeating: "0:", count: 40) + "1",
    ]

    @Test(arguments: bad) func badLiterals(literal: String) {
        #expect(parse("<a@[\(literal)]>") == .failure(.badRecipient))
    }

    @Test(arguments: [
        "<a@1.2.3.4]>", "<a@[1.2.3.4>", "<a@[1.2.3.4", "<a@[", "<a@x.[1.2.3.4]>", "<a@[1.2.3.4].x>",
        "<a@[1.2.3.4]b>", "<[1.2.3.4]>", "<[1.2.3.4]@x.test>",
    ])
    func bracketsInWrongPlaces(path: String) { #expect(parse(path) == .failure(.badRecipient)) }

    /// A domain of `length` octets in labels of at most 63.
    private static func domain(_ length: Int) -> String {
        var labels: [String] = []
        var left = length
        while left > 0 {
            // A label of 62 before the last one, so that no dot is left over.
            let label = left <= 63 ? left : left == 64 ? 62 : 63
            labels.append(String(repeating: "d", count: label))
            left -= label + 1
        }
        return labels.joined(separator: ".")
    }

    static let lengths: [(local: Int, domain: Int, fault: GrammarFault?)] = [
        (1, 1, nil), (64, 63, nil), (65, 63, .localPartTooLong), (64, 189, nil), (64, 190, .pathTooLong),
        (1, 252, nil), (1, 253, .pathTooLong), (1, 255, .pathTooLong), (1, 256, .domainTooLong),
        (64, 255, .pathTooLong), (65, 256, .localPartTooLong), (500, 1, .localPartTooLong), (1, 1500, .domainTooLong),
    ]

    /// 64 octets of local part, 255 of domain, 256 of path with its angle brackets: one more is refused.
    @Test(arguments: lengths) func limits(local: Int, domain: Int, fault: GrammarFault?) {
        let name = Self.domain(domain)
        #expect(name.utf8.count == domain)
        let address = String(repeating: "l", count: local) + "@" + name
        #expect(parse("<\(address)>") == (fault.map { .failure($0) } ?? .success(address)))
    }

    /// Quotes and escapes count: they are octets of the local part.
    @Test func quotedLocalPartLimits() {
        let inside = String(repeating: "q", count: 62)
        #expect(parse("<\"\(inside)\"@x.test>") == .success("\"\(inside)\"@x.test"))
        #expect(parse("<\"\(inside)q\"@x.test>") == .failure(.localPartTooLong))
        #expect(parse("<\"\(String(repeating: "\\q", count: 31))\"@x.test>").map(\.utf8.count) == .success(71))
        #expect(parse("<\"\(String(repeating: "\\q", count: 32))\"@x.test>") == .failure(.localPartTooLong))
    }

    /// SMTPUTF8 limits are in octets, not characters (RFC 6531 §3.3, RFC 6532 §3.4).
    @Test func limitsAreOctets() {
        let umlauts = String(repeating: "ö", count: 32)
        #expect(parse("<\(umlauts)@x.test>", utf8: true) == .success("\(umlauts)@x.test"))
        #expect(parse("<\(umlauts)a@x.test>", utf8: true) == .failure(.localPartTooLong))
    }

    static let clientNames: [(String, String?)] = [
        ("client.test", "client.test"), ("client.test  ", "client.test"), ("[192.0.2.1]", "[192.0.2.1]"),
        ("[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]"), ("localhost", "localhost"), ("under_score", "under_score"),
        ("b\u{FC}cher.test", "b\u{FC}cher.test"),
        (String(repeating: "c", count: 255), String(repeating: "c", count: 255)),
        ("", nil), (" ", nil), ("two words", nil), ("tab\tname", nil), ("a\u{0}b", nil), ("a\rb", nil), ("a\nb", nil),
        ("a\u{7F}", nil), ("a\u{1B}[2J", nil), (String(repeating: "c", count: 256), nil),
    ]

    @Test(arguments: clientNames) func clientName(text: String, name: String?) {
        let bytes = Array(text.utf8)
        #expect((try? ClientName.parse(bytes.span.bytes)) == name)
    }

    @Test(arguments: [[0xFF], [0xC3], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80]] as [[UInt8]])
    func clientNameIsValidUTF8(bytes: [UInt8]) {
        #expect(throws: GrammarFault.badClientName) { try ClientName.parse(bytes.span.bytes) }
    }

    static let chunks: [(String, Int?, Bool)] = [
        ("0", 0, false), ("1", 1, false), ("007", 7, false), ("86 LAST", 86, true), ("86  lAsT ", 86, true),
        ("9223372036854775806", 9_223_372_036_854_775_806, false), ("9223372036854775807", nil, false),
        ("9223372036854775808", nil, false), ("18446744073709551616", nil, false), ("99999999999999999999", nil, false),
        ("00000000000000000000001", nil, false), ("+1", nil, false), ("-0", nil, false), ("1,000", nil, false),
        ("1e3", nil, false), ("\u{0661}", nil, false), ("1\u{0}", nil, false), ("1 LAST LAST", nil, false),
        ("LAST 1", nil, false), ("1LAST", nil, false), ("1 LASTX", nil, false), ("1 FIRST", nil, false),
        (" ", nil, false),
    ]

    @Test(arguments: chunks) func chunkArguments(text: String, size: Int?, last: Bool) {
        let bytes = Array(text.utf8)
        #expect((try? BdatCommand.parse(bytes.span.bytes)) == size.map { BdatChunk(size: $0, last: last).command })
    }

    private struct BdatChunk {
        var size: Int
        var last: Bool
        /// BdatCommand has no initialiser outside its module: read the plain form back.
        var command: BdatCommand? {
            let bytes = Array((String(size) + (last ? " LAST" : "")).utf8)
            guard let command = try? BdatCommand.parse(bytes.span.bytes), command.size == size, command.last == last
            else {
                return nil
            }
            return command
        }
    }
}
