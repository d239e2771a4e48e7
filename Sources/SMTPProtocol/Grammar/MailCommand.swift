package import MailTypes

/// `MAIL FROM:<reverse-path> [SIZE=n] [BODY=…] [SMTPUTF8]` (RFC 5321 §4.1.1.2, RFC 1870, RFC 6152, RFC 6531).
package struct MailCommand: Equatable, Sendable {
    package var reversePath: MailAddress
    package var size: Int?
    package var bodyType: BodyType
    package var smtpUTF8: Bool

    /// - Parameter argument: what follows the verb.
    package static func parse(_ argument: RawSpan) throws(GrammarFault) -> MailCommand {
        var offset = try pathStart(argument, "from:", bad: .badSender)
        // SMTPUTF8 stands behind the path but decides what may be in it: read the path with it, then judge.
        let path = try SMTPPath.parse(argument, &offset, bad: .badSender, allowUTF8: true)
        var command = MailCommand(reversePath: path, size: nil, bodyType: .sevenBit, smtpUTF8: false)
        try ESMTPParameters.parse(argument, from: offset) { keyword, value throws(GrammarFault) in
            try command.apply(keyword, value)
        }
        if path.needsSMTPUTF8, !command.smtpUTF8 { throw .needsSMTPUTF8 }
        // A bare local part is only for postmaster as a recipient.
        if !path.isNull, path.domain.isEmpty { throw .badSender }
        return command
    }

    private mutating func apply(_ keyword: String, _ value: String?) throws(GrammarFault) {
        switch (keyword, value) {
        case ("SIZE", let value?):
            guard let number = parseDecimal(value) else { throw .badSize }
            size = number
        case ("BODY", let value?):
            switch value.uppercased() {
            case "7BIT": bodyType = .sevenBit
            case "8BITMIME": bodyType = .eightBitMIME
            case "BINARYMIME": bodyType = .binaryMIME
            default: throw .badParameter("BODY")
            }
        case ("SMTPUTF8", nil): smtpUTF8 = true
        case ("SIZE", nil), ("BODY", nil), ("SMTPUTF8", _): throw .badParameter(keyword)
        default: throw .unknownParameter(keyword)
        }
    }
}

/// `RCPT TO:<forward-path>` (RFC 5321 §4.1.1.3).
package struct RcptCommand: Equatable, Sendable {
    package var forwardPath: MailAddress

    package static func parse(_ argument: RawSpan, allowUTF8: Bool) throws(GrammarFault) -> RcptCommand {
        var offset = try pathStart(argument, "to:", bad: .badRecipient)
        let path = try SMTPPath.parse(argument, &offset, bad: .badRecipient, allowUTF8: allowUTF8)
        let isPostmaster = path.bytes.count == 10 && path.description.lowercased() == "postmaster"
        guard !path.isNull, !path.domain.isEmpty || isPostmaster else { throw .badRecipient }
        try ESMTPParameters.parse(argument, from: offset) { keyword, _ throws(GrammarFault) in
            throw .unknownParameter(keyword)
        }
        return RcptCommand(forwardPath: path)
    }
}

/// Where the path starts behind `FROM:` or `TO:`; spaces in front of it are tolerated, as everywhere.
private func pathStart(_ argument: RawSpan, _ keyword: StaticString, bad: GrammarFault) throws(GrammarFault) -> Int {
    let length = keyword.utf8CodeUnitCount
    guard argument.byteCount > length else { throw bad }
    for index in 0..<length {
        let byte = argument[byte: index]
        let lower = (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
        guard lower == keyword.utf8Start[index] else { throw .badArgument }
    }
    var start = length
    while start < argument.byteCount, argument[byte: start] == 0x20 { start += 1 }
    return start
}
