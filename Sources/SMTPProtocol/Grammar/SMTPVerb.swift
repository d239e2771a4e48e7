/// The first word of a command line (RFC 5321 §4.1.1 and its extensions).
package enum SMTPVerb: UInt8, Sendable {
    case helo, ehlo, lhlo, mail, rcpt, data, bdat, rset, noop, quit, vrfy, expn, help, starttls, auth, etrn, xclient
    /// GET, POST and their like: a browser was made to talk to a mail server.
    case http
    case unknown

    /// Not to be done in the clear where TLS is required (RFC 3207 §4).
    var needsTLSWhereRequired: Bool {
        switch self {
        case .helo, .ehlo, .lhlo, .starttls, .noop, .quit, .rset, .help, .http, .unknown: false
        default: true
        }
    }

    /// - Returns: the verb, case-insensitive, and where its argument starts (spaces skipped).
    package static func parse(_ line: RawSpan) -> (verb: SMTPVerb, argumentStart: Int) {
        var end = 0
        while end < line.byteCount, line[byte: end] != 0x20, line[byte: end] != 0x09 { end += 1 }
        var start = end
        while start < line.byteCount, line[byte: start] == 0x20 || line[byte: start] == 0x09 { start += 1 }
        return (end == 4 ? fourLetters(line) : longer(line, end), start)
    }

    private static func fourLetters(_ line: RawSpan) -> SMTPVerb {
        var word: UInt32 = 0
        for index in 0..<4 { word = word << 8 | UInt32(line[byte: index] | 0x20) }
        switch word {
        case 0x6D61_696C: return .mail
        case 0x7263_7074: return .rcpt
        case 0x6461_7461: return .data
        case 0x6264_6174: return .bdat
        case 0x6568_6C6F: return .ehlo
        case 0x6865_6C6F: return .helo
        case 0x6C68_6C6F: return .lhlo
        case 0x7273_6574: return .rset
        case 0x6E6F_6F70: return .noop
        case 0x7175_6974: return .quit
        case 0x7672_6679: return .vrfy
        case 0x6578_706E: return .expn
        case 0x6865_6C70: return .help
        case 0x6175_7468: return .auth
        case 0x6574_726E: return .etrn
        case 0x706F_7374, 0x6865_6164: return .http
        default: return .unknown
        }
    }

    private static func longer(_ line: RawSpan, _ end: Int) -> SMTPVerb {
        guard end == 3 || (end >= 5 && end <= 8) else { return .unknown }
        var word = ""
        for index in 0..<end { word.unicodeScalars.append(Unicode.Scalar(line[byte: index] | 0x20)) }
        switch word {
        case "starttls": return .starttls
        case "xclient": return .xclient
        case "get", "put", "connect", "options", "delete", "trace", "patch": return .http
        default: return .unknown
        }
    }
}
