/// A mailbox as it stands between the angle brackets of MAIL FROM or RCPT TO (RFC 5321 §4.1.2),
/// source route removed; the empty one is the null reverse-path `<>`.
///
/// It is bytes, not text: SMTPUTF8 addresses (RFC 6531) are kept as they came. A value of this type
/// made by the parser holds no CR, LF, NUL, `<` or `>` outside a quoted string.
package struct MailAddress: Hashable, Sendable {
    /// `local-part@domain`, or empty for the null reverse-path.
    package let bytes: [UInt8]
    /// Where the last `@` stands; `bytes.count` when there is none (null path, bare `postmaster`).
    package let atIndex: Int

    package init(bytes: [UInt8]) {
        self.bytes = bytes
        self.atIndex = bytes.lastIndex(of: UInt8(ascii: "@")) ?? bytes.count
    }

    /// Takes the text as it is; for addresses that come from our own configuration or code.
    package init(_ text: String) { self.init(bytes: Array(text.utf8)) }

    /// The null reverse-path `<>` of notifications (RFC 5321 §4.5.5).
    package static let null = MailAddress(bytes: [])

    package var isNull: Bool { bytes.isEmpty }
    package var localPart: ArraySlice<UInt8> { bytes[..<atIndex] }
    /// Empty when the address has no domain.
    package var domain: ArraySlice<UInt8> { atIndex < bytes.count ? bytes[(atIndex + 1)...] : [] }
    /// True if a byte is outside ASCII, so that the address needs SMTPUTF8 at the next hop (RFC 6531 §3.1).
    package var needsSMTPUTF8: Bool { bytes.contains { $0 >= 0x80 } }
}

extension MailAddress: CustomStringConvertible {
    package var description: String { String(decoding: bytes, as: UTF8.self) }
}
