import MailTypes
import Measures

/// What a recipient asks for by its name: `tempfail@`, `permfail@` (anywhere in the local part), `450-busy@`, `550-gone@`
/// and `250-anything@` at its begin, `delay-200ms@`.
enum LocalPartWish: Equatable {
    case accept
    case reply(SMTPReply)
    /// Nanoseconds.
    case delay(UInt64)

    /// The first of the recipients that asks for something.
    static func of(_ recipients: [MailAddress]) -> LocalPartWish? {
        for recipient in recipients {
            if let wish = of(String(decoding: recipient.localPart, as: UTF8.self).lowercased()) { return wish }
        }
        return nil
    }

    private static func of(_ name: String) -> LocalPartWish? {
        if name.contains("tempfail") { return .reply(SMTPReply(451, .init(4, 3, 0), "tempfail requested")) }
        if name.contains("permfail") { return .reply(SMTPReply(550, .init(5, 1, 1), "permfail requested")) }
        if name.hasPrefix("delay-") {
            let text = name.dropFirst("delay-".count).prefix { $0 != "-" && $0 != "+" }
            return (try? HumanDuration(parsing: String(text))).map { .delay(min($0.nanoseconds, SinkDelay.longest)) }
        }
        let digits = name.prefix(3)
        guard name.dropFirst(3).first == "-", let code = UInt16(digits), digits.allSatisfy(\.isNumber) else {
            return nil
        }
        switch code {
        case 200..<300: return .accept
        case 400..<600:
            // The name stands in a reply: nothing that could end its line.
            let said = name.unicodeScalars.filter { $0.isASCII && $0.value > 0x20 && $0.value < 0x7F }.prefix(64)
            return .reply(SMTPReply(code, nil, "you said " + String(String.UnicodeScalarView(said))))
        default: return nil
        }
    }
}
