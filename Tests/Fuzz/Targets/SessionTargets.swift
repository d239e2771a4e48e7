import MailTypes
import SMTPProtocol

/// Octets: rules of the listener, seed of the cuts, then what the client sends.
func fuzzSession(_ input: [UInt8]) {
    guard input.count > 2 else { return }
    let configuration = rules(input[0])
    let whole = ServerTrace.of([Array(input[2...])], configuration)
    whole.checkReplies()
    for pieces in Cuts.all(input[2...], seed: input[1]) {
        require(ServerTrace.of(pieces, configuration) == whole, "cuts changed what the session said or did")
    }
}

/// Each bit is a rule.
private func rules(_ bits: UInt8) -> ServerConfiguration {
    var configuration = ServerConfiguration(
        hostname: "mx.test", maximumMessageSize: bits & 1 == 0 ? 0 : 80, maximumRecipients: bits & 1 == 0 ? 1000 : 3,
        maximumContentLine: bits & 2 == 0 ? 0 : 30, maximumErrors: bits & 4 == 0 ? 0 : 3)
    if bits & 8 != 0 { configuration.serverProtocol = .lmtp }
    if bits & 16 != 0 {
        configuration.offersStartTLS = true
        configuration.authMechanisms = ["PLAIN", "LOGIN"]
    }
    configuration.requiresTLS = bits & 48 == 48
    configuration.requiresAuthentication = bits & 80 == 80
    configuration.offersXclient = bits & 128 != 0
    configuration.maximumMessages = bits & 4 == 0 ? 0 : 4
    configuration.asksAboutEach = bits & 36 == 36
    configuration.withheld = bits & 34 == 34 ? [.chunking, .dsn, .size] : []
    return configuration
}

/// Octets: 0 DATA, 1 BDAT, 2 BDAT in two chunks, 3 BINARYMIME (modulo 4); seed of the cuts; then content.
func fuzzContent(_ input: [UInt8]) {
    guard input.count > 2 else { return }
    let content = Array(input[2...])
    let half = content.count / 3
    let chunk = "BDAT \(content.count) LAST\r\n"
    var expected: Expected
    var stream = Array("EHLO c\r\nMAIL FROM:<a@x.test>\(input[0] & 3 == 3 ? " BODY=BINARYMIME" : "")\r\n".utf8)
    stream += Array("RCPT TO:<b@x.test>\r\n".utf8)
    let opening: [UInt8]
    switch input[0] & 3 {
    case 0:
        expected = Expected(dotStuffed: content)
        stream += Array("DATA\r\n".utf8) + content
        opening = []
    case 2:
        expected = Expected(raw: content, isBinary: false)
        opening =
            Array("BDAT \(half)\r\n".utf8) + content[..<half] + Array("BDAT \(content.count - half) LAST\r\n".utf8)
        stream += opening + content[half...]
    default:
        expected = Expected(raw: content, isBinary: input[0] & 3 == 3)
        stream += Array(chunk.utf8) + content
        opening = []
    }
    if !expected.isEnded { expected.content = nil }
    let configuration = ServerConfiguration(
        hostname: "mx.test", maximumMessageSize: 0, maximumContentLine: Expected.line, maximumErrors: 0)
    for pieces in Cuts.all(stream[...], seed: input[1]) + [[stream]] {
        let trace = ServerTrace.of(pieces, configuration)
        require(
            trace.contents.first == expected.content || trace.endings.first == "aborted" && expected.content == nil,
            "the content is not what was sent")
        guard expected.isEnded else { continue }
        require((trace.endings.first == "complete") == (expected.content != nil), "refused or taken wrongly")
    }
}

/// What the RFCs make of content, read plainly.
private struct Expected {
    static let line = 40
    /// Nil: refused, or not ended.
    var content: [UInt8]?
    var isEnded = true

    /// RFC 5321 §4.1.1.4: ended by CRLF.CRLF, or by .CRLF at the very beginning.
    init(dotStuffed bytes: [UInt8]) {
        let mark = Array("\r\n.\r\n".utf8)
        let padded = [0x0D, 0x0A] + bytes
        let end = padded.indices.first { padded[$0...].starts(with: mark) }
        isEnded = end != nil
        guard let end else { return }
        let found = Array(bytes[..<end])
        content = Self.isRefused(found, unstuffs: true) ? nil : Self.stuffed(found)
    }

    /// Without the dots in front of lines that do not begin with one (RFC 5321 §4.5.2).
    private static func stuffed(_ bytes: [UInt8]) -> [UInt8] {
        var isStart = true
        var kept: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            let isNeeded = index + 1 < bytes.count && bytes[index + 1] == 0x2E
            if !isStart || byte != 0x2E || isNeeded { kept.append(byte) }
            isStart = byte == 0x0A
        }
        return kept
    }

    /// RFC 3030 §2.
    init(raw bytes: [UInt8], isBinary: Bool) {
        content = !isBinary && Self.isRefused(bytes, unstuffs: false) ? nil : bytes
    }

    /// Line ends other than CRLF, NUL, or a line that is too long (RFC 5321 §2.3.8, §4.5.3.1.6).
    private static func isRefused(_ bytes: [UInt8], unstuffs: Bool) -> Bool {
        var length = 0
        var last: UInt8 = 0
        var isStart = true
        for byte in bytes {
            if byte == 0 || (byte == 0x0A) != (last == 0x0D) { return true }
            if byte == 0x0A {
                (length, isStart) = (0, true)
            } else if byte != 0x0D {
                if !(isStart && unstuffs && byte == 0x2E) { length += 1 }
                isStart = false
            }
            if length > line { return true }
            last = byte
        }
        return last == 0x0D
    }
}
