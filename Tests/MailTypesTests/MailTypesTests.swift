import MailTypes
import Testing

@Suite struct MessageIDTests {
    @Test func textAndBytesRoundTrip() throws {
        let id = MessageID(milliseconds: 0x0123_4567_89AB, salt: 0xCDEF, sequence: 0xFEDC_BA98_7654_3210)
        #expect(id.description == "0123456789abcdeffedcba9876543210")
        #expect(MessageID(id.description) == id)
        #expect(MessageID(id.description.uppercased()) == id)
        #expect(id.bytes.withUnsafeBytes { MessageID(bytes: $0) } == id)
        #expect(id.milliseconds == 0x0123_4567_89AB)
    }

    @Test(arguments: [
        "", "0", "0123456789abcdeffedcba987654321", "0123456789abcdeffedcba98765432100",
        "g123456789abcdeffedcba9876543210",
    ])
    func nonsenseIsRefused(text: String) { #expect(MessageID(text) == nil) }

    @Test func sortsByTimeThenSequenceAsItsBytesDo() {
        let ids = [(1, 2), (1, 10), (2, 1), (300, 0)].map { MessageID(milliseconds: $0.0, salt: 9, sequence: $0.1) }
        #expect(ids == ids.sorted())
        #expect(zip(ids, ids.dropFirst()).allSatisfy { $0.bytes.lexicographicallyPrecedes($1.bytes) })
    }
}

@Suite struct LoadStampTests {
    @Test func roundTrip() throws {
        let stamp = LoadStamp(id: MessageID(high: 0xA, low: 0xB), crc32c: 0x0BAD_F00D)
        var line: [UInt8] = []
        stamp.append(to: &line)
        #expect(
            String(decoding: line, as: UTF8.self)
                == "X-Millrace-Id: 000000000000000a000000000000000b crc32c=0badf00d\r\n")
        #expect(LoadStamp(headerLine: line.dropLast(2)) == stamp)
        #expect(LoadStamp(headerLine: line) == nil)
        #expect(LoadStamp(headerLine: Array("Subject: x".utf8)) == nil)
        #expect(
            LoadStamp(
                headerLine: Array(
                    String(decoding: line.dropLast(2), as: UTF8.self).replacing("0bad", with: "zbad").utf8)) == nil)
    }

    @Test func theDueTimeMayFollow() {
        let stamp = LoadStamp(
            id: MessageID(high: 0xA, low: 0xB), crc32c: 1, dueUnixNanoseconds: 1_764_120_000_123_456_789)
        var line: [UInt8] = []
        stamp.append(to: &line)
        let text = String(decoding: line.dropLast(2), as: UTF8.self)
        #expect(text == "X-Millrace-Id: 000000000000000a000000000000000b crc32c=00000001 due=187b69cb1c854d15")
        #expect(LoadStamp(headerLine: Array(text.utf8)) == stamp)
        for damaged in [" due=187b69cb1c854d1", " due=187b69cb1c854d150", " due=+87b69cb1c854d15", " due", " "] {
            let line = text.replacing(" due=187b69cb1c854d15", with: damaged)
            #expect(LoadStamp(headerLine: Array(line.utf8)) == nil, "\(damaged)")
        }
    }
}

@Suite struct LoadStampDamageTests {
    private static let line = "X-Millrace-Id: 000000000000000a000000000000000b crc32c=0badf00d"

    /// A stamp that was touched on the way is no stamp: the checksum's digits are digits, not a signed number.
    @Test(arguments: [
        "crc32c=+badf00d", "crc32c=-0000000", "crc32c= badf00d", "crc32c=0badf0", "crc32c=0badf00d0", "crc32c:0badf00d",
        "CRC32C=0badf00d", "crc32c=0badf00g",
    ])
    func damagedChecksumIsNoStamp(tail: String) {
        #expect(LoadStamp(headerLine: Array(Self.line.utf8)) != nil)
        #expect(LoadStamp(headerLine: Array(Self.line.replacing("crc32c=0badf00d", with: tail).utf8)) == nil)
    }
}

@Suite struct MailDateTests {
    static let known: [(Int, String)] = [
        (0, "Thu, 1 Jan 1970 00:00:00 +0000"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 +0000"),
        (1_709_164_799, "Wed, 28 Feb 2024 23:59:59 +0000"), (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 +0000"),
        (4_107_542_400, "Mon, 1 Mar 2100 00:00:00 +0000"), (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 +0000"),
        (68_169_600, "Tue, 29 Feb 1972 00:00:00 +0000"), (946_684_799, "Fri, 31 Dec 1999 23:59:59 +0000"),
        (2_147_483_648, "Tue, 19 Jan 2038 03:14:08 +0000"), (4_102_444_800, "Fri, 1 Jan 2100 00:00:00 +0000"),
        (13_574_563_200, "Tue, 29 Feb 2400 00:00:00 +0000"), (-86_400, "Wed, 31 Dec 1969 00:00:00 +0000"),
        (-2_208_988_800, "Mon, 1 Jan 1900 00:00:00 +0000"), (86_399, "Thu, 1 Jan 1970 23:59:59 +0000"),
        (1_790_000_000, "Mon, 21 Sep 2026 14:13:20 +0000"), (-1, "Wed, 31 Dec 1969 23:59:59 +0000"),
    ]
    @Test(arguments: known) func dates(seconds: Int, text: String) {
        #expect(MailDate.text(unixSeconds: seconds) == text)
    }
}

@Suite struct SMTPReplyTests {
    private func wire(_ reply: SMTPReply) -> String {
        var out: [UInt8] = []
        reply.encode(into: &out)
        return String(decoding: out, as: UTF8.self)
    }

    @Test func encoding() {
        #expect(wire(SMTPReply(250, nil, "Ok")) == "250 Ok\r\n")
        #expect(wire(SMTPReply(250, .init(2, 1, 0), "Ok")) == "250 2.1.0 Ok\r\n")
        #expect(wire(SMTPReply(250, nil, "a\nb\nc")) == "250-a\r\n250-b\r\n250 c\r\n")
        #expect(wire(SMTPReply(550, .init(5, 1, 1), "a\nb")) == "550-5.1.1 a\r\n550 5.1.1 b\r\n")
        #expect(wire(SMTPReply(250, nil, "")) == "250 \r\n")
    }

    @Test func classes() {
        #expect(SMTPReply(250, nil, "").isPositive && SMTPReply(354, nil, "").isIntermediate)
        #expect(SMTPReply(450, nil, "").isTransient && SMTPReply(550, nil, "").isPermanent)
    }
}

@Suite struct MailAddressTests {
    @Test func parts() {
        let address = MailAddress("\"a@b\"@c.test")
        #expect(String(decoding: address.localPart, as: UTF8.self) == "\"a@b\"")
        #expect(String(decoding: address.domain, as: UTF8.self) == "c.test")
        #expect(MailAddress.null.isNull && MailAddress.null.domain.isEmpty)
        #expect(MailAddress("postmaster").domain.isEmpty)
        #expect(MailAddress("ö@x.test").needsSMTPUTF8 && !address.needsSMTPUTF8)
    }
}
