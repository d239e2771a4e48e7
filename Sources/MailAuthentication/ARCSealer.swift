package import DKIMSigning
import TextCodecs

/// Puts a set of ours on the ARC chain of a message that is passed on (RFC 8617 §5.1).
package struct ARCSealer: Sendable {
    package let domain: String
    package let selector: String
    package let key: DKIMKey

    package init(domain: String, selector: String, key: DKIMKey) {
        self.domain = domain
        self.selector = selector
        self.key = key
    }

    /// Fields that are signed where they are there: those of DKIM and the signatures, nothing that others add on the way
    /// (§5.1.1: no trace, no Authentication-Results, no seals).
    private static let names = DKIMSignature.usualHeaders + ["dkim-signature"]

    /// The body's hash that is wanted.
    package static let bodyKind = BodyHashKind(.relaxed)

    /// The three fields, CRLF included, to be put on top of the message as it leaves.
    /// - Parameters:
    ///   - message: as it leaves, with the hash of ``bodyKind``.
    ///   - status: of the chain that came: what `cv=` says.
    ///   - results: of Authentication-Results, from our name on.
    ///   - now: seconds since 1970.
    /// - Returns: empty where there is nothing to seal: the chain is over (§5.1), too long, or its sets are no chain;
    ///   nil if it cannot be signed.
    package func fields(
        for message: HashedMessage, status: AuthenticationOutcome, results: String, now: Int
    ) -> [UInt8]? {
        let chain = ARCChain(message.fields)
        let instance = chain.sets.count + 1
        guard !chain.isOver, instance <= ARCChain.mostSets, chain.isEmpty == chain.sets.isEmpty else { return [] }
        let verdict = chain.isEmpty ? "none" : status == .pass ? "pass" : "fail"
        guard let digest = message.bodies[Self.bodyKind], message.fields.contains(where: { $0.name == "from" }) else {
            return nil
        }
        let found = "ARC-Authentication-Results: i=\(instance); \(results)\r\n"
        let about = "i=\(instance); a=\(key.algorithm.rawValue)"
        let place = "d=\(domain); s=\(selector); t=\(now)"
        let present = Self.signedNames(message.fields)
        var signature = Array(
            "ARC-Message-Signature: \(about); c=relaxed/relaxed;\r\n\t\(place);\r\n\th=".utf8)
        FoldedTag.append(present, to: &signature)
        signature += Array(";\r\n\tbh=\(Base64.encode(digest.hash));\r\n\tb=".utf8)
        guard let results = HeaderField.all(Array(found.utf8)).first,
            let signed = sign(signature, over: { ContentSignature.octets($0, present, message.fields) }),
            let seal = sign(
                Array("ARC-Seal: \(about); cv=\(verdict);\r\n\t\(place);\r\n\tb=".utf8),
                over: { seal in
                    // Where the chain that came is broken, our set stands alone (§5.1.2).
                    let before = verdict == "fail" ? [] : chain.sets
                    return ARCChain.sealedOctets(before + [ARCSet(results: results, signature: signed, seal: seal)])
                })
        else { return nil }
        return seal.octets + signed.octets + results.octets
    }

    /// Each as often as it is there, those of one name together.
    private static func signedNames(_ fields: [HeaderField]) -> [String] {
        names.flatMap { name in fields.filter { $0.name == name }.map { _ in name } }
    }

    /// The field with its signature behind `b=`.
    private func sign(_ field: [UInt8], over octets: (HeaderField) -> [UInt8]) -> HeaderField? {
        guard let empty = HeaderField.all(field + [0x0D, 0x0A]).first, let value = key.sign(octets(empty)) else {
            return nil
        }
        var whole = field
        FoldedTag.append(base64: Base64.bytes(value)[...], to: &whole)
        return HeaderField.all(whole + [0x0D, 0x0A]).first
    }
}
