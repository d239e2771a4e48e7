import MailTypes
import SMTPProtocol

/// Octets: which production, then its text.
func fuzzGrammar(_ input: [UInt8]) {
    guard input.count > 1 else { return }
    let text = Array(input[1...])
    switch input[0] % 9 {
    case 0: fuzzMail(text)
    case 1: fuzzRecipient(text, allowUTF8: false)
    case 2: fuzzRecipient(text, allowUTF8: true)
    case 3: checked { () throws(GrammarFault) in _ = try XclientCommand.parse(text.span.bytes) }
    case 4: checked { () throws(GrammarFault) in _ = try BdatCommand.parse(text.span.bytes) }
    case 5:
        checked { () throws(GrammarFault) in
            let name = try ClientName.parse(text.span.bytes)
            require(name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }, "blanks or controls in a client's name")
        }
    case 6: fuzzXText(text)
    case 7: fuzzLiteral(text)
    default:
        if let line = ReplyLine.parse(text.span.bytes) {
            require(line.textStart <= text.count && (200...599).contains(line.code), "a reply line beyond itself")
        }
    }
}

/// Runs a parser; a refusal must be a reply that can be sent (RFC 5321 §4.5.3.1.5).
private func checked(_ parse: () throws(GrammarFault) -> Void) {
    do throws(GrammarFault) { try parse() } catch {
        var wire: [UInt8] = []
        error.reply.encode(into: &wire)
        require(wire.count <= 512 && error.reply.code / 100 == 5, "a refusal that cannot be sent")
        require(!wire.dropLast(2).contains { $0 < 0x20 || $0 == 0x7F }, "controls in a refusal")
    }
}

private func fuzzMail(_ text: [UInt8]) {
    checked { () throws(GrammarFault) in
        let command = try MailCommand.parse(text.span.bytes)
        check(command.reversePath, allowUTF8: command.smtpUTF8)
        require(command.reversePath.isNull || !command.reversePath.domain.isEmpty, "a sender without a domain")
        let again = Array("FROM:<".utf8) + command.reversePath.bytes + Array("> SMTPUTF8".utf8)
        require((try? MailCommand.parse(again.span.bytes))?.reversePath == command.reversePath, "not a sender again")
        require(XText.isValid(String(decoding: command.options.envelopeID, as: UTF8.self)), "ENVID is no xtext")
    }
}

private func fuzzRecipient(_ text: [UInt8], allowUTF8: Bool) {
    checked { () throws(GrammarFault) in
        let command = try RcptCommand.parse(text.span.bytes, allowUTF8: allowUTF8)
        check(command.forwardPath, allowUTF8: allowUTF8)
        var again = Array("TO:<".utf8) + command.forwardPath.bytes + Array(">".utf8)
        if let notify = command.options.notify { again += Array(" NOTIFY=\(notify.keyword)".utf8) }
        if !command.options.originalRecipient.isEmpty {
            again += Array(" ORCPT=".utf8) + command.options.originalRecipient
        }
        require(
            (try? RcptCommand.parse(again.span.bytes, allowUTF8: allowUTF8)) == command,
            "what the next hop is told is not what was said")
    }
}

/// What stands in an envelope is sent on between angle brackets and stands in headers.
private func check(_ address: MailAddress, allowUTF8: Bool) {
    require(!address.bytes.contains { $0 < 0x20 || $0 == 0x7F }, "controls in an address")
    require(address.localPart.count <= SMTPPath.localPartLimit, "a local part of \(address.localPart.count) octets")
    require(address.domain.count <= SMTPPath.domainLimit, "a domain of \(address.domain.count) octets")
    require(!address.domain.contains { "<>\"\\ @".utf8.contains($0) }, "a domain that ends its path")
    require(allowUTF8 || !address.needsSMTPUTF8, "an address beyond ASCII")
}

private func fuzzXText(_ text: [UInt8]) {
    let encoded = XText.encode(text)
    require(XText.isValid(String(decoding: encoded, as: UTF8.self)), "encoded xtext is not valid")
    require(XText.decode(encoded) == text, "xtext does not come back")
    if let known = String(validating: text, as: UTF8.self) {
        require(XText.isValid(known) == (XText.decode(text) != nil), "xtext is valid and cannot be decoded")
        if let conditions = NotifyConditions(keyword: known) {
            require(NotifyConditions(keyword: conditions.keyword) == conditions, "NOTIFY does not come back")
        }
    }
}

/// Address literals in paths (RFC 5321 §4.1.3), beside the addresses of configurations.
private func fuzzLiteral(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    if let prefix = NetworkPrefix(text) {
        require(NetworkPrefix(prefix.description) == prefix, "\(text): a network does not come back")
    }
    let address = NetworkAddress(text)
    if let address { require(NetworkAddress(address.description) == address, "\(text): an address does not come back") }
    let tagged = text.utf8.contains(0x3A) ? "IPv6:" + text : text
    let path = Array("TO:<a@[\(tagged)]>".utf8)
    let isLiteral = (try? RcptCommand.parse(path.span.bytes, allowUTF8: false)) != nil
    require(isLiteral == (address != nil), "\(text): an address here and none there")
}
