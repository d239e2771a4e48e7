import DKIMSigning
import TextCodecs

/// The tags that signatures of DKIM and ARC have in common (RFC 6376 §3.5, RFC 8617 §4.1), read and checked.
struct SignatureTags: Sendable, Hashable {
    struct Fault: Error, Sendable, Hashable {
        var outcome: AuthenticationOutcome
        var reason: String
        init(_ outcome: AuthenticationOutcome, _ reason: String) {
            self.outcome = outcome
            self.reason = reason
        }
    }

    let list: TagList
    var algorithm = PublicKey.Algorithm.rsa
    var signature: [UInt8] = []
    var domain = ""
    var selector = ""
    /// Seconds since 1970.
    var signedAt: Int?
    var expiresAt: Int?

    /// - Parameter required: tags that must be there.
    init(_ list: TagList, required: [String]) throws(Fault) {
        self.list = list
        for name in required where list[name] == nil { throw Fault(.neutral, "no \(name)=") }
        try readAlgorithm()
        guard let signature = Base64.decode(list.compact("b") ?? ""), !signature.isEmpty else {
            throw Fault(.neutral, "b= is no base64")
        }
        self.signature = signature
        domain = DNSName.plain(list.compact("d") ?? "")
        selector = DNSName.plain(list.compact("s") ?? "")
        guard isName(domain), isName(selector), DNSName.isName(keyName) else {
            throw Fault(.neutral, "d= or s= is no name")
        }
        signedAt = try time("t")
        expiresAt = try time("x")
        if let signedAt, let expiresAt, expiresAt < signedAt { throw Fault(.neutral, "x= is before t=") }
    }

    private mutating func readAlgorithm() throws(Fault) {
        switch list.compact("a")?.lowercased() {
        case "rsa-sha256": algorithm = .rsa
        case "ed25519-sha256": algorithm = .ed25519
        // RFC 8301 §3.1.
        case "rsa-sha1": throw Fault(.permerror, "rsa-sha1 is not accepted any more")
        default: throw Fault(.neutral, "unknown algorithm")
        }
    }

    private func isName(_ name: String) -> Bool {
        DNSName.isName(name) && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x2F && $0 != 0x5C }
    }

    private func time(_ name: String) throws(Fault) -> Int? {
        guard let text = list[name] else { return nil }
        guard let time = DecimalNumber.read(text, digits: 12) else { throw Fault(.neutral, "\(name)= is no time") }
        return time
    }

    /// Where the key stands.
    var keyName: String { "\(selector)._domainkey.\(domain)" }

    /// Clocks differ by so many seconds.
    static let clockSkew = 3600

    /// - Parameter now: seconds since 1970.
    func checkTimes(now: Int) throws(Fault) {
        if let expiresAt, expiresAt < now { throw Fault(.fail, "expired") }
        if let signedAt, signedAt > now + Self.clockSkew { throw Fault(.neutral, "signed in the future") }
    }
}

/// What a signature over a message's content has besides (DKIM-Signature, ARC-Message-Signature).
struct ContentSignature: Sendable, Hashable {
    let tags: SignatureTags
    var headerForm = CanonicalForm.simple
    var body = BodyHashKind(.simple)
    var bodyHash: [UInt8] = []
    /// `h=`, lower case.
    var names: [String] = []
    /// The field it stands in, with `b=` empty.
    let field: HeaderField

    /// Names that `h=` may have; more are nobody's.
    static let mostNames = 1_000

    init(_ field: HeaderField, _ tags: SignatureTags) throws(SignatureTags.Fault) {
        self.field = field
        self.tags = tags
        guard let hash = Base64.decode(tags.list.compact("bh") ?? ""), hash.count == 32 else {
            throw SignatureTags.Fault(.neutral, "bh= is no SHA-256")
        }
        bodyHash = hash
        names = tags.list.items("h") ?? []
        guard names.count <= Self.mostNames, !names.contains("") else {
            throw SignatureTags.Fault(.neutral, "h= is no list of names")
        }
        guard names.contains("from") else { throw SignatureTags.Fault(.permerror, "From is not signed") }
        try readForms(tags.list.compact("c")?.lowercased() ?? "simple")
    }

    private mutating func readForms(_ text: String) throws(SignatureTags.Fault) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let forms = parts.map { CanonicalForm(rawValue: String($0)) }
        guard (1...2).contains(forms.count), let first = forms[0], let last = forms.count == 2 ? forms[1] : .simple
        else { throw SignatureTags.Fault(.neutral, "unknown canonical form") }
        headerForm = first
        body.form = last
        guard let length = tags.list["l"] else { return }
        guard let limit = DecimalNumber.read(length, digits: 76) else {
            throw SignatureTags.Fault(.neutral, "l= is no number")
        }
        body.limit = limit
    }

    /// What was signed of the header.
    func signedOctets(_ fields: [HeaderField]) -> [UInt8] { Self.octets(field, names, fields, headerForm) }

    /// The fields in the order of `h=`, those of one name from the last one up (RFC 6376 §5.4.2), then the signature's
    /// own with `b=` empty and without its line end (§3.7).
    static func octets(
        _ signature: HeaderField, _ names: [String], _ fields: [HeaderField], _ form: CanonicalForm = .relaxed
    ) -> [UInt8] {
        var taken: [String: Int] = [:]
        var places: [String: [Int]] = [:]
        for (index, field) in fields.enumerated() { places[field.name, default: []].append(index) }
        var octets: [UInt8] = []
        octets.reserveCapacity(4096)
        for name in names {
            let count = taken[name, default: 0]
            guard let all = places[name], count < all.count else { continue }
            taken[name] = count + 1
            fields[all[all.count - 1 - count]].appendCanonical(form, to: &octets)
        }
        return octets + signature.withoutSignature(form)
    }
}

extension HeaderField {
    /// In canonical form, the value of `b=` left out, without the line end.
    func withoutSignature(_ form: CanonicalForm) -> [UInt8] {
        var bytes = octets
        if let range = signatureRange { bytes.removeSubrange(range) }
        while let last = bytes.last, last == 0x0D || last == 0x0A { bytes.removeLast() }
        guard form == .relaxed else { return bytes }
        var canonical: [UInt8] = []
        // The name as it stands may have blanks behind it.
        let value = bytes[(bytes.firstIndex(of: 0x3A)! + 1)...]
        HeaderField.appendCanonical(Array("\(name):".utf8) + value, name: name, form, to: &canonical)
        return Array(canonical.dropLast(2))
    }

    /// What stands between `b=` and the next semicolon or the end.
    private var signatureRange: Range<Int>? {
        var start = value.startIndex
        while start < octets.endIndex {
            let end = octets[start...].firstIndex(of: 0x3B) ?? octets.endIndex
            if let equals = octets[start..<end].firstIndex(of: 0x3D) {
                let name = octets[start..<equals].filter { !TagList.isBlank($0) }
                if name == [0x62] { return (equals + 1)..<end }
            }
            start = end + 1
        }
        return nil
    }
}
