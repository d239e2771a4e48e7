/// One signature that a message gets: RFC 6376 §3.5.
package struct DKIMSignature: Sendable {
    /// d= and s=.
    package var domain: String
    package var selector: String
    package var key: DKIMKey
    /// i=; nil: not said.
    package var identity: String?
    /// Fields that are signed, if they are there, lower case.
    package var headers: [String] { didSet { plan = Self.plan(headers, overSigned) } }
    /// Fields signed once more than they are there: nobody can add one (§8.15). Lower case.
    package var overSigned: [String] { didSet { plan = Self.plan(headers, overSigned) } }
    /// Names in the order in which they are signed, and whether each is signed once more than it is there.
    private var plan: [(name: String, isOverSigned: Bool)]
    package var headerForm: CanonicalForm
    package var bodyForm: CanonicalForm
    /// x= that many seconds after t=; nil: it holds for ever.
    package var expiresAfter: Int?
    /// Nil: it is made whatever the DNS has.
    package var publication: KeyPublication?

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
        plan = Self.plan(self.headers, self.overSigned)
        self.headerForm = headerForm
        self.bodyForm = bodyForm
        self.expiresAfter = expiresAfter
    }

    /// The field for this message, CRLF included, to be put in front of it.
    /// - Parameter now: seconds since 1970.
    /// - Returns: nil if the message has no From, which must be signed (§5.4), or the key does not sign.
    package func field(for message: HashedMessage, now: Int) -> [UInt8]? {
        guard let bodyHash = message.bodies[BodyHashKind(bodyForm)]?.hash else { return nil }
        // Over-signing names it also where it is not.
        guard message.fields.contains(where: { $0.name == "from" }) else { return nil }
        var names: [String] = []
        var octets: [UInt8] = []
        octets.reserveCapacity(2048)
        sign(message.fields, &names, &octets)
        guard names.contains("from") else { return nil }
        var field = tags(names, bodyHash, now)
        // §3.7: the field itself goes last, its b= empty, without the CRLF at its end.
        HeaderField.appendCanonical(field, name: Self.fieldName, headerForm, to: &octets)
        octets.removeLast(2)
        guard let signature = key.sign(octets) else { return nil }
        FoldedTag.append(base64: Base64Text.bytes(signature), to: &field)
        field += [0x0D, 0x0A]
        return field
    }

    private static let fieldName = "dkim-signature"

    private static func plan(_ headers: [String], _ overSigned: [String]) -> [(name: String, isOverSigned: Bool)] {
        (headers + overSigned.filter { !headers.contains($0) }).map { ($0, overSigned.contains($0)) }
    }

    /// Fields in the order of h=: those of one name from the last to the first (§5.4.2).
    private func sign(_ fields: [HeaderField], _ names: inout [String], _ octets: inout [UInt8]) {
        for (name, isOverSigned) in plan {
            for field in fields.reversed() where field.name == name {
                names.append(name)
                field.appendCanonical(headerForm, to: &octets)
            }
            if isOverSigned { names.append(name) }
        }
    }

    /// The field up to `b=`, without the CRLF at its end.
    private func tags(_ names: [String], _ bodyHash: [UInt8], _ now: Int) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(1024)
        func add(_ words: String...) { for word in words { out.append(contentsOf: word.utf8) } }
        add("DKIM-Signature: v=1; a=", key.algorithm.rawValue)
        add("; c=", headerForm.rawValue, "/", bodyForm.rawValue, ";\r\n\td=", domain, "; s=", selector)
        add("; t=", String(now), ";")
        if let expiresAfter { add(" x=", String(now + expiresAfter), ";") }
        if let identity { add("\r\n\ti=", identity, ";") }
        add("\r\n\th=")
        FoldedTag.append(names, to: &out)
        add(";\r\n\tbh=", Base64Text.encode(bodyHash), ";\r\n\tb=")
        return out
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
        if let publication = signature.publication { publications.append(publication) }
        if coversSubdomains { below[signature.domain, default: []].append(signature) }
    }

    package var isEmpty: Bool { exact.isEmpty }

    /// Canonical forms of bodies that some signature wants.
    package var bodyForms: Set<CanonicalForm> { Set(exact.values.joined().map(\.bodyForm)) }

    /// Of signatures that are made only while the DNS has their keys.
    package private(set) var publications: [KeyPublication] = []

    package func signatures(for domain: String) -> [DKIMSignature] {
        let all = configured(for: domain)
        return publications.isEmpty ? all : all.filter { $0.publication?.isPublished ?? true }
    }

    private func configured(for domain: String) -> [DKIMSignature] {
        if let found = exact[domain] { return found }
        var name = domain[...]
        while let dot = name.firstIndex(of: ".") {
            name = name[name.index(after: dot)...]
            if let found = below[String(name)] { return found }
        }
        return []
    }

    /// The fields of all signatures that the author's domain has, the first one on top; empty where it has none, nil where
    /// one of them cannot be made.
    /// - Parameter now: seconds since 1970.
    package func fields(for message: HashedMessage, now: Int) -> [UInt8]? {
        guard let domain = message.authorDomain else { return [] }
        var fields: [UInt8] = []
        for signature in signatures(for: domain) {
            // Its key has come into the DNS while the message came in.
            if signature.publication != nil, message.bodies[BodyHashKind(signature.bodyForm)] == nil { continue }
            guard let field = signature.field(for: message, now: now) else { return nil }
            fields += field
        }
        return fields
    }
}
