import DKIMSigning
import MailTypes

/// Octets: the wire form, seed of the cuts, then a message.
func fuzzMessage(_ input: [UInt8]) {
    guard input.count > 2 else { return }
    let form: WireForm = input[0] & 1 == 0 ? .raw : .dotStuffed
    let message = Array(input[2...])
    guard let whole = hashed([message], form) else { return require(false, "a short header counts as too long") }
    for pieces in Cuts.all(message[...], seed: input[1]) {
        guard let other = hashed(pieces, form) else { return require(false, "cuts made a header too long") }
        require(other.fields == whole.fields, "cuts changed the header")
        require(other.authorDomain == whole.authorDomain, "cuts changed the author")
        require(other.bodies == whole.bodies, "cuts changed a body hash")
    }
    let body = PlainMessage.body(message, isStuffed: form == .dotStuffed)
    for kind in CanonicalForm.allCases {
        require(
            whole.bodies[BodyHashKind(kind)]?.hash == PlainMessage.sha256(PlainMessage.canonical(body, kind)),
            "the \(kind) body hash is not that of RFC 6376")
    }
    guard input[0] & 2 != 0 else { return }
    for kind in CanonicalForm.allCases { checkSignature(whole, kind) }
}

private func hashed(_ pieces: [[UInt8]], _ form: WireForm) -> HashedMessage? {
    var hash = MessageHash(Set(CanonicalForm.allCases), form)
    for piece in pieces { piece.withUnsafeBytes { hash.feed($0) } }
    return hash.finish()
}

/// A key of nobody's, for the form of signatures.
private let key: DKIMKey = {
    let pem =
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIPHqlY2PZ/rAun/OUDSYqQY3jLvmo4zsRf8pais6QNaf\n"
        + "-----END PRIVATE KEY-----\n"
    do { return try DKIMKey(pem: pem, file: "key") } catch { complain("\(error)") }
}()

/// The field is one field of lines that anybody takes, whatever the message has in its header.
private func checkSignature(_ message: HashedMessage, _ form: CanonicalForm) {
    let signature = DKIMSignature(domain: "x.test", selector: "s", key: key, headerForm: form, bodyForm: form)
    let field = signature.field(for: message, now: 1_700_000_000)
    require((field != nil) == message.fields.contains { $0.name == "from" }, "signed without From, or not with it")
    guard let field else { return }
    let signed = message.with(field)
    require(signed.fields.first?.name == "dkim-signature", "the signature is not the first field")
    require(signed.fields.count == message.fields.count + 1, "the signature is several fields")
    require(signed.authorDomain == message.authorDomain, "the signature changes the author")
    for line in field.split(separator: 0x0A) { require(line.count <= 998, "a line of \(line.count) octets") }
}
