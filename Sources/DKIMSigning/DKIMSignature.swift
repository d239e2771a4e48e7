/// One signature that a message gets: RFC 6376 §3.5.
package struct DKIMSignature: Sendable {
    /// d= and s=.
    package var domain: String
    package var selector: String
    package var key: DKIMKey
    /// i=; nil: not said.
    package var identity: String?
    /// Fields that are signed, if they are there, lower case.
    package var headers: [String]
    /// Fields signed once more than they are there: nobody can add one (§8.15). Lower case.
    package var overSigned: [String]
    package var headerForm: CanonicalForm
    package var bodyForm: CanonicalForm
    /// x= that many seconds after t=; nil: it holds for ever.
    package var expiresAfter: Int?

    /// RFC 6376 §5.4.1, and what lists and automatic mail carry (RFC 2369, RFC 2919, RFC 8058).
    package static let usualHeaders = [
        "from", "reply-to", "subject", "date", "to", "cc", "message-id", "in-reply-to", "references", "mime-version",
        "content-type", "content-transfer-encoding", "content-disposition", "content-id", "content-description",
        "resent-date", "resent-from", "resent-sender", "resent-to", "resent-cc", "resent-message-id", "sender",
        "list-id", "list-help", "list-unsubscribe", "list-unsubscribe-post", "list-subscribe", "list-post",
        "list-owner",
        "list-archive", "auto-submitted", "feedback-id",
    ]

    package init(
        domain: String, selector: String, key: DKIMKey, identity: String? = nil,
        headers: [String] = DKIMSignature.usualHeaders, overSigned: [String] = ["from"],
        headerForm: CanonicalForm = .relaxed, bodyForm: CanonicalForm = .relaxed, expiresAfter: Int? = nil
    ) {
        self.domain = domain
        self.selector = selector
        self.key = key
        self.identity = identity
        self.headers = headers.map { $0.lowercased() }
        self.overSigned = overSigned.map { $0.lowercased() }
        self.headerForm = headerForm
        self.bodyForm = bodyForm
        self.expiresAfter = expiresAfter
    }

    /// The field for this message, CRLF included, to be put in front of it.
    /// - Parameter now: seconds since 1970.
    /// - Returns: nil if the message has no From, which must be signed (§5.4), or the key does not sign.
    package func field(for message: HashedMessage, now: Int) -> [UInt8]? {
        guard let bodyHash = message.bodyHashes[bodyForm] else { return nil }
        // Over-signing names it also where it is not.
        guard message.fields.contains(where: { $0.name == "from" }) else { return nil }
        let signed = signedFields(message.fields)
        guard signed.names.contains("from") else { return nil }
        let text = tags(signed.names, bodyHash, now)
        var octets = signed.octets
        // §3.7: the field itself goes last, its b= empty, without the CRLF at its end.
        let own = HeaderField.all(Array((text + "\r\n").utf8))[0]
        octets += own.canonical(headerForm)
        octets.removeLast(2)
        guard let signature = key.sign(octets) else { return nil }
        return Array(text.utf8) + Self.folded(Base64Text.bytes(signature)) + [0x0D, 0x0A]
    }

    /// Fields in the order of h=: those of one name from the last to the first (§5.4.2).
    private func signedFields(_ fields: [HeaderField]) -> (names: [String], octets: [UInt8]) {
        var byName: [String: [HeaderField]] = [:]
        for field in fields { byName[field.name, default: []].append(field) }
        var names: [String] = []
        var octets: [UInt8] = []
        for name in headers + overSigned.filter({ !headers.contains($0) }) {
            let there = byName[name] ?? []
            for field in there.reversed() {
                names.append(name)
                octets += field.canonical(headerForm)
            }
            if overSigned.contains(name) { names.append(name) }
        }
        return (names, octets)
    }

    private func tags(_ names: [String], _ bodyHash: [UInt8], _ now: Int) -> String {
        var text =
            "DKIM-Signature: v=1; a=\(key.algorithm.rawValue); c=\(headerForm.rawValue)/\(bodyForm.rawValue);\r\n"
        text += "\td=\(domain); s=\(selector); t=\(now);"
        if let expiresAfter { text += " x=\(now + expiresAfter);" }
        if let identity { text += "\r\n\ti=\(identity);" }
        text += "\r\n\th=\(Self.folded(names));\r\n\tbh=\(Base64Text.encode(bodyHash));\r\n\tb="
        return text
    }

    private static let width = 70

    private static func folded(_ names: [String]) -> String {
        var lines = [""]
        for (index, name) in names.enumerated() {
            let word = name + (index + 1 < names.count ? ":" : "")
            if lines[lines.count - 1].utf8.count + word.utf8.count > width { lines.append("") }
            lines[lines.count - 1] += word
        }
        return lines.joined(separator: "\r\n\t ")
    }

    private static func folded(_ base64: ArraySlice<UInt8>) -> [UInt8] {
        var lines: [UInt8] = []
        var rest = base64
        while !rest.isEmpty {
            if !lines.isEmpty { lines += Array("\r\n\t ".utf8) }
            lines += rest.prefix(width)
            rest = rest.dropFirst(width)
        }
        return lines
    }
}

/// Which signatures a message gets, by the domain in From.
package struct DKIMPolicy: Sendable {
    private var exact: [String: [DKIMSignature]] = [:]
    private var below: [String: [DKIMSignature]] = [:]

    package init() {}

    /// - Parameter coversSubdomains: mail from below the domain is signed, too.
    package mutating func add(_ signature: DKIMSignature, coversSubdomains: Bool) {
        exact[signature.domain, default: []].append(signature)
        if coversSubdomains { below[signature.domain, default: []].append(signature) }
    }

    package var isEmpty: Bool { exact.isEmpty }

    /// Canonical forms of bodies that some signature wants.
    package var bodyForms: Set<CanonicalForm> { Set(exact.values.joined().map(\.bodyForm)) }

    package func signatures(for domain: String) -> [DKIMSignature] {
        if let found = exact[domain] { return found }
        var name = domain[...]
        while let dot = name.firstIndex(of: ".") {
            name = name[name.index(after: dot)...]
            if let found = below[String(name)] { return found }
        }
        return []
    }

    /// The signature fields of a message, the first one on top; empty if there are none to be made.
    /// - Parameter now: seconds since 1970.
    package func fields(for message: HashedMessage, now: Int) -> [UInt8] {
        guard let domain = message.authorDomain else { return [] }
        return signatures(for: domain).compactMap { $0.field(for: message, now: now) }.flatMap { $0 }
    }
}
