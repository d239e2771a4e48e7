package import MailTypes

/// `MAIL FROM:<reverse-path> [SIZE=n] [BODY=…] [SMTPUTF8] [RET=…] [ENVID=…] [REQUIRETLS] [AUTH=…] [HOLDFOR=… or
/// HOLDUNTIL=…] [BY=…]` (RFC 5321 §4.1.1.2, RFC 1870, RFC 6152, RFC 6531, RFC 3461 §4.3 and §4.4, RFC 8689, RFC 4954 §5,
/// RFC 4865, RFC 2852).
package struct MailCommand: Equatable, Sendable {
    package var reversePath: MailAddress
    package var size: Int?
    package var bodyType: BodyType
    package var smtpUTF8: Bool
    package var options = EnvelopeOptions()

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
        case ("RET", let value?):
            guard options.returnedContent == nil else { throw .badParameter("RET") }
            switch value.uppercased() {
            case "FULL": options.returnedContent = .full
            case "HDRS": options.returnedContent = .headers
            default: throw .badParameter("RET")
            }
        case ("ENVID", let value?):
            guard options.envelopeID.isEmpty, XText.isValid(value),
                (1...SMTPLimits.envelopeID).contains(value.utf8.count)
            else { throw .badParameter("ENVID") }
            options.envelopeID = Array(value.utf8)
        case ("REQUIRETLS", nil): options.requiresTLS = true
        // Who wrote it is the submitter's claim; it is checked for form and not passed on (RFC 4954 §5).
        case ("AUTH", let value?): guard XText.isValid(value), !value.isEmpty else { throw .badParameter("AUTH") }
        case ("HOLDFOR", _), ("HOLDUNTIL", _), ("BY", _): try applyTerms(keyword, value ?? "")
        case ("SIZE", nil), ("BODY", nil), ("SMTPUTF8", _), ("RET", nil), ("ENVID", nil), ("REQUIRETLS", _),
            ("AUTH", nil):
            throw .badParameter(keyword)
        default: throw .unknownParameter(keyword)
        }
    }
}

extension MailCommand {
    /// When it is to go (RFC 4865 §3: a positive number of at most nine digits, without a zero in front, or a date) and by
    /// when it has to be there (RFC 2852 §4).
    private mutating func applyTerms(_ keyword: String, _ value: String) throws(GrammarFault) {
        var terms = options.terms ?? DeliveryTerms()
        switch keyword {
        case "HOLDFOR":
            guard terms.release == nil, (1...9).contains(value.utf8.count), !value.hasPrefix("0"),
                let seconds = parseDecimal(value)
            else { throw .badParameter(keyword) }
            terms.release = .interval(seconds)
        case "HOLDUNTIL":
            guard terms.release == nil, let date = InternetDate.unixSeconds(value) else {
                throw .badParameter(keyword)
            }
            terms.release = .date(date)
        default:
            guard terms.deliverBy == nil, let by = DeliverBy(parameter: value), by.mode == .notify || by.seconds > 0
            else { throw .badParameter(keyword) }
            terms.deliverBy = by
        }
        options.terms = terms
    }
}

/// `RCPT TO:<forward-path> [NOTIFY=…] [ORCPT=…]` (RFC 5321 §4.1.1.3, RFC 3461 §4.1 and §4.2).
package struct RcptCommand: Equatable, Sendable {
    package var forwardPath: MailAddress
    package var options = RecipientOptions.none

    package static func parse(_ argument: RawSpan, allowUTF8: Bool) throws(GrammarFault) -> RcptCommand {
        var offset = try pathStart(argument, "to:", bad: .badRecipient)
        let path = try SMTPPath.parse(argument, &offset, bad: .badRecipient, allowUTF8: allowUTF8)
        let isPostmaster = path.bytes.count == 10 && path.description.lowercased() == "postmaster"
        guard !path.isNull, !path.domain.isEmpty || isPostmaster else { throw .badRecipient }
        var command = RcptCommand(forwardPath: path)
        try ESMTPParameters.parse(argument, from: offset, allowUTF8: allowUTF8) { keyword, value throws(GrammarFault) in
            try command.apply(keyword, value)
        }
        return command
    }

    private mutating func apply(_ keyword: String, _ value: String?) throws(GrammarFault) {
        switch keyword {
        case "NOTIFY":
            guard options.notify == nil, let conditions = value.flatMap(NotifyConditions.init(keyword:)) else {
                throw .badParameter(keyword)
            }
            options.notify = conditions
        case "ORCPT":
            // `addr-type;xtext`, at most 500 octets.
            guard options.originalRecipient.isEmpty, let value, value.utf8.count <= SMTPLimits.originalRecipient,
                let semicolon = value.firstIndex(of: ";"), semicolon > value.startIndex,
                value[..<semicolon].utf8.allSatisfy({
                    $0 == 0x2D || ($0 | 0x20) > 0x60 && ($0 | 0x20) < 0x7B || ($0 > 0x2F && $0 < 0x3A)
                }),
                Self.isAddress(value[value.index(after: semicolon)...], type: value[..<semicolon])
            else { throw .badParameter(keyword) }
            options.originalRecipient = Array(value.utf8)
        default: throw .unknownParameter(keyword)
        }
    }
}

extension RcptCommand {
    /// Addresses of the type `utf-8` may stand as they are where the command may hold UTF-8 (RFC 6533 §3).
    private static func isAddress(_ text: Substring, type: Substring) -> Bool {
        guard !text.utf8.allSatisfy({ $0 < 0x80 }) else { return XText.isValid(text) }
        return type.lowercased() == "utf-8"
            && XText.isValid(text.unicodeScalars.filter(\.isASCII).map(String.init).joined())
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
