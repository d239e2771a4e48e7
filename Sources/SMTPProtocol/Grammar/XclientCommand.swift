/// `XCLIENT name=value …` of a trusted proxy (Postfix's XCLIENT_README): who the client really is.
///
///     C: XCLIENT NAME=spike.test ADDR=192.0.2.7 PROTO=ESMTP HELO=spike
package struct XclientCommand: Equatable, Sendable {
    /// What is said of one attribute. Not said at all: nil.
    package enum Attribute: Equatable, Sendable {
        case value(String)
        /// `[UNAVAILABLE]` and `[TEMPUNAVAIL]`.
        case unavailable
    }
    package var name: Attribute?
    /// `192.0.2.7` or `2001:db8::7`.
    package var address: Attribute?
    package var port: Attribute?
    package var helo: Attribute?
    package var login: Attribute?
    /// `SMTP` or `ESMTP`.
    package var proto: Attribute?
    package var destinationAddress: Attribute?
    package var destinationPort: Attribute?

    package static func parse(_ argument: RawSpan) throws(GrammarFault) -> XclientCommand {
        var command = XclientCommand()
        let words = String(decoding: argument.copy(0..<argument.byteCount), as: UTF8.self).split(separator: " ")
        guard !words.isEmpty else { throw .badArgument }
        for word in words {
            guard let equals = word.firstIndex(of: "=") else { throw .badArgument }
            // It is repeated in refusals: nothing of the client's own that is not a word goes out again.
            guard word[..<equals].utf8.allSatisfy({ ($0 | 0x20) > 0x60 && ($0 | 0x20) < 0x7B }) else {
                throw .badArgument
            }
            let keyword = word[..<equals].uppercased()
            try command.set(keyword, try value(word[word.index(after: equals)...], keyword))
        }
        return command
    }

    private static func value(_ text: Substring, _ keyword: String) throws(GrammarFault) -> Attribute {
        switch text.uppercased() {
        case "[UNAVAILABLE]", "[TEMPUNAVAIL]": return .unavailable
        default:
            // What goes into a Received field and a log is printable text.
            guard let bytes = XText.decode(text.utf8), !bytes.isEmpty, bytes.count <= 255,
                bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7F }), let text = String(validating: bytes, as: UTF8.self)
            else { throw .badParameter(keyword) }
            return .value(text)
        }
    }

    private mutating func set(_ keyword: String, _ value: Attribute) throws(GrammarFault) {
        switch keyword {
        case "NAME": name = value
        case "ADDR": address = try Self.address(value)
        case "PORT": port = try Self.port(value, keyword)
        case "HELO": helo = value
        case "LOGIN": login = value
        case "PROTO":
            if case .value(let text) = value, !["SMTP", "ESMTP"].contains(text.uppercased()) {
                throw .badParameter(keyword)
            }
            proto = value
        case "DESTADDR": destinationAddress = try Self.address(value)
        case "DESTPORT": destinationPort = try Self.port(value, keyword)
        default: throw .unknownParameter(keyword)
        }
    }

    private static func address(_ value: Attribute) throws(GrammarFault) -> Attribute {
        guard case .value(let text) = value else { return value }
        let bytes = Array("[\(text)]".utf8)
        guard AddressLiteral.end(bytes.span.bytes, 0) == bytes.count else { throw .badParameter("ADDR") }
        return .value(text.uppercased().hasPrefix("IPV6:") ? String(text.dropFirst(5)) : text)
    }

    private static func port(_ value: Attribute, _ keyword: String) throws(GrammarFault) -> Attribute {
        guard case .value(let text) = value else { return value }
        guard let number = parseDecimal(text), number < 65_536 else { throw .badParameter(keyword) }
        return value
    }
}
