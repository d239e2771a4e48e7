import SMTPProtocol
import Testing

/// The smuggling family (CVE-2023-51764, -51765, -51766): content that another reader would end early must stay one
/// message here, or none, and never let what follows be read as commands.
@Suite struct SmugglingTests {
    private static let before = ["\n", "\r", "\r\n", "\0", "\n\n", "\r\r", "\r\n\0", "x"]
    private static let after = ["\n", "\r", "\r\n", "\0", "\r\r\n", "\0\r\n", "\n\n", " \r\n"]

    static let matrix: [[String]] = before.flatMap { before in after.map { [before, $0] } }

    private static let smuggled =
        "MAIL FROM:<evil@x.test>\r\nRCPT TO:<victim@x.test>\r\nDATA\r\nSubject: smuggled\r\n\r\ngotcha\r\n.\r\n"
    private static let opening =
        "EHLO client.test\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@x.test>\r\nDATA\r\nSubject: real\r\n\r\nhello"

    @Test(arguments: matrix) func dataEndsOnlyAtCRLFDotCRLF(around: [String]) {
        let input = Self.opening + around[0] + "." + around[1] + Self.smuggled
        let isRealEnd = around == ["\r\n", "\r\n"]
        for bytewise in [false, true] {
            var harness = ServerHarness()
            if bytewise { for byte in input.utf8 { harness.feed([byte]) } } else { harness.feed(input) }
            if isRealEnd {
                #expect(harness.messages.count == 2, "CRLF.CRLF is the end: the rest is an honest second transaction")
            } else {
                #expect(harness.messages.allSatisfy { $0.envelope.reversePath.description == "a@x.test" })
                #expect(harness.messages.count <= 1)
                // Without a violation the one message holds everything up to the real end.
                if let message = harness.messages.first {
                    #expect(String(decoding: message.content, as: UTF8.self).contains("gotcha"))
                }
            }
        }
    }

    /// A dot that a client has put in front of a line without need is left out by whoever reads the line (RFC 5321 §4.5.2):
    /// what is kept says what the next one will read, or a field could be hidden from those who look at it here.
    @Test(arguments: [false, true]) func dotsHideNothing(bytewise: Bool) throws {
        let content = ".X-Field: a\r\n.\tb\r\n..two\r\n...three\r\nfour.\r\n"
        let input = "EHLO c.test\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@x.test>\r\nDATA\r\n" + content + ".\r\n"
        var harness = ServerHarness()
        if bytewise { for byte in input.utf8 { harness.feed([byte]) } } else { harness.feed(input) }
        let message = try #require(harness.messages.first)
        #expect(String(decoding: message.content, as: UTF8.self) == "X-Field: a\r\n\tb\r\n.two\r\n..three\r\nfour.\r\n")
        #expect(
            String(decoding: harness.wire, as: UTF8.self) == "X-Field: a\r\n\tb\r\n..two\r\n...three\r\nfour.\r\n")
    }

    /// CRLF.CRLF with any one of its five octets replaced by any other: content goes on.
    @Test(arguments: 0..<5) func noOtherOctetEndsData(position: Int) {
        let end = Array("\r\n.\r\n".utf8)
        for byte in 0...255 as ClosedRange<UInt8> {
            var variant = end
            variant[position] = byte
            let input = Array(Self.opening.utf8) + variant
            for pieces in [[input], input.map { [$0] }] {
                var harness = ServerHarness()
                for piece in pieces { harness.feed(piece) }
                #expect(harness.session.isReceivingContent == (variant != end), "\(variant)")
            }
        }
    }

    @Test(arguments: ["\n", "\r", "\0", "a\nb", "a\rb", "\r\r\n"])
    func bareCharactersInDataRefuseTheMessage(violation: String) {
        var harness = ServerHarness()
        harness.feed(Self.opening + violation + "\r\n.\r\n")
        #expect(harness.messages.isEmpty)
        #expect(harness.aborted == 1)
        #expect(harness.codes.last == 554)
        harness.feed("NOOP\r\n")
        #expect(harness.codes.last == 250)
    }

    @Test(arguments: ["a\nb\r\n", "a\rb\r\n", "a\0b\r\n", "abc\r"])
    func bareCharactersInChunksRefuseTheMessage(content: String) {
        var harness = ServerHarness()
        harness.feed("EHLO c.test\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@x.test>\r\n")
        harness.feed("BDAT \(content.utf8.count) LAST\r\n\(content)")
        #expect(harness.messages.isEmpty)
        #expect(harness.codes.last == 554)
    }

    /// A CR that ends one chunk and the LF that begins the next are a CRLF.
    @Test func lineEndsAcrossChunks() {
        var harness = ServerHarness()
        harness.feed("EHLO c.test\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@x.test>\r\nBDAT 2\r\na\rBDAT 3 LAST\r\n\nb\r")
        #expect(harness.codes.last == 554)
        harness.feed("MAIL FROM:<a@x.test>\r\nRCPT TO:<b@x.test>\r\nBDAT 2\r\na\rBDAT 4 LAST\r\n\nb\r\n")
        #expect(harness.messages.map(\.content) == [Array("a\r\nb\r\n".utf8)])
    }
}
