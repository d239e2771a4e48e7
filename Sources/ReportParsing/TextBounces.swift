import MailTypes

// Bounces that are texts.
extension DeliveryReport {
    /// Exim's without a status part: `X-Failed-Recipients: b@y.test`, and below the address in the text its reason.
    ///
    ///       b@y.test
    ///         host mx.y.test [192.0.2.25]
    ///         SMTP error from remote mail server after RCPT TO:<b@y.test>:
    ///         550 5.1.1 User unknown
    init?(exim message: MIMEPart) {
        let failed = message.header.all("x-failed-recipients").flatMap { $0.split(separator: ",") }
            .map(\.trimmingBlanks).filter { !$0.isEmpty }
        guard !failed.isEmpty else { return nil }
        form = .exim
        let text = message.find { $0.parts.isEmpty && $0.type.name.hasPrefix("text/") }?.decoded ?? message.decoded
        let lines = Self.lines(text)
        for address in failed.prefix(ReportLimits.recipients) {
            var recipient = RecipientStatus()
            recipient.finalRecipient = TypedText(type: "rfc822", value: address)
            recipient.action = .failed
            recipient.diagnostic = Self.reason(of: address, lines).map { TypedText(type: "smtp", value: $0) }
            recipients.append(recipient)
        }
    }

    /// The lines that are further in than the one of the address, from the one with a reply's code on, if one has it.
    private static func reason(of address: String, _ lines: [Substring]) -> String? {
        guard let start = lines.firstIndex(where: { $0.trimmingBlanks.hasPrefix(address) && indent($0) > 0 }) else {
            return nil
        }
        let below = lines[(start + 1)...].prefix { indent($0) > indent(lines[start]) }.map(\.trimmingBlanks)
        guard !below.isEmpty else { return nil }
        for (index, line) in below.enumerated() {
            if let reply = replyPart(line) { return ([reply] + below[(index + 1)...]).joined(separator: "\n") }
        }
        return below.joined(separator: " ")
    }

    /// What of a line is a reply: all of it, or what stands behind a colon.
    private static func replyPart(_ line: String) -> String? {
        if SMTPReply(written: line) != nil { return line }
        guard let colon = line.firstRange(of: ": "), SMTPReply(written: String(line[colon.upperBound...])) != nil else {
            return nil
        }
        return String(line[colon.upperBound...])
    }

    private static func indent(_ line: Substring) -> Int { line.prefix { $0 == " " || $0 == "\t" }.count }

    /// qmail's (QSBMF): a first paragraph that begins with `Hi. This is the`, then a paragraph a recipient, then the
    /// message behind a line of hyphens.
    ///
    ///     <b@y.test>:
    ///     192.0.2.25 does not like recipient.
    ///     Remote host said: 550 5.1.1 User unknown
    init?(qsbmf text: ArraySlice<UInt8>) {
        let lines = Self.lines(text)
        guard let first = lines.first(where: { !$0.isEmpty }), first.hasPrefix("Hi. This is the") else { return nil }
        form = .qsbmf
        for paragraph in lines.prefix(while: { !$0.hasPrefix("---") }).split(whereSeparator: \.isEmpty) {
            guard let head = paragraph.first, head.hasPrefix("<"), head.hasSuffix(">:"),
                recipients.count < ReportLimits.recipients
            else { continue }
            var recipient = RecipientStatus()
            recipient.finalRecipient = TypedText(type: "rfc822", value: String(head.dropFirst().dropLast(2)))
            recipient.action = .failed
            recipient.read(Array(paragraph.dropFirst()))
            recipients.append(recipient)
        }
        guard !recipients.isEmpty else { return nil }
    }

    /// What stands behind qmail's line of hyphens.
    static func returnedByQmail(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        var scan = LineScan(text)
        while let line = scan.next() {
            if text[line].starts(with: [0x2D, 0x2D, 0x2D]) { return text[scan.position...] }
        }
        return nil
    }

    static let mostLines = 5_000

    private static func lines(_ text: ArraySlice<UInt8>) -> [Substring] {
        var found: [Substring] = []
        var scan = LineScan(text.prefix(ReportLimits.headerBytes))
        while let line = scan.next(), found.count < mostLines {
            found.append(Substring(text[line].text))
        }
        return found
    }
}

extension RecipientStatus {
    /// qmail's reason: `Remote host said: 550 …`, or words with `(#5.1.1)` behind them.
    fileprivate mutating func read(_ lines: [Substring]) {
        let said = "Remote host said: "
        if let index = lines.firstIndex(where: { $0.hasPrefix(said) }) {
            let reply = [lines[index].dropFirst(said.count)] + lines[(index + 1)...]
            diagnostic = TypedText(type: "smtp", value: reply.joined(separator: "\n"))
            return
        }
        let text = lines.joined(separator: " ")
        guard !text.isEmpty else { return }
        diagnostic = TypedText(type: "x-qmail", value: text)
        guard let open = text.firstRange(of: "(#"), let close = text[open.upperBound...].firstIndex(of: ")") else {
            return
        }
        status = Self.status(String(text[open.upperBound..<close]))
    }
}
