/// Class.subject.detail of RFC 3463, e.g. 4.3.1 for "mail system full".
package struct EnhancedStatusCode: Hashable, Sendable, CustomStringConvertible {
    package var statusClass: UInt8
    package var subject: UInt16
    package var detail: UInt16

    package init(_ statusClass: UInt8, _ subject: UInt16, _ detail: UInt16) {
        self.statusClass = statusClass
        self.subject = subject
        self.detail = detail
    }

    package var description: String { "\(statusClass).\(subject).\(detail)" }
}

/// One SMTP reply (RFC 5321 §4.2): three digits, perhaps an enhanced code (RFC 2034), one line of text or more.
///
///     S: 250 2.1.0 OK                 SMTPReply(250, .init(2,1,0), "OK")
///     S: 250-mta.test                 SMTPReply(250, nil, "mta.test\nPIPELINING")
///     S: 250 PIPELINING
package struct SMTPReply: Hashable, Sendable {
    package var code: UInt16
    package var enhanced: EnhancedStatusCode?
    /// Lines separated by `\n`; each is sent as a line of its own.
    package var text: String

    package init(_ code: UInt16, _ enhanced: EnhancedStatusCode? = nil, _ text: String) {
        self.code = code
        self.enhanced = enhanced
        self.text = text
    }

    /// 2yz: the command was done.
    package var isPositive: Bool { code / 100 == 2 }
    /// 3yz: more is wanted (354 after DATA).
    package var isIntermediate: Bool { code / 100 == 3 }
    /// 4yz: try again later.
    package var isTransient: Bool { code / 100 == 4 }
    /// 5yz: do not try again.
    package var isPermanent: Bool { code / 100 == 5 }
}

extension SMTPReply: CustomStringConvertible {
    /// One line, as a log or a notification shows it: `450 4.2.0 mailbox busy`.
    package var description: String {
        let words: [String?] = [
            String(code), enhanced?.description, text.split(separator: "\n").joined(separator: " / "),
        ]
        return words.compactMap { $0 }.joined(separator: " ")
    }
}

extension SMTPReply {
    /// Appends the reply in wire form, CRLF included, `code-` on all lines but the last (RFC 5321 §4.2.1).
    package func encode(into out: inout [UInt8]) {
        let lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
        let prefix = enhanced.map { Array("\($0) ".utf8) } ?? []
        for (index, line) in lines.enumerated() {
            out.append(contentsOf: String(code).utf8)
            out.append(index + 1 == lines.count ? 0x20 : 0x2D)
            out.append(contentsOf: prefix)
            out.append(contentsOf: line)
            out.append(0x0D)
            out.append(0x0A)
        }
    }
}
