package import DKIMSigning

/// What became of one signature.
package struct DKIMResult: Sendable, Hashable {
    package var outcome: AuthenticationOutcome
    /// Why; empty where a signature is simply right.
    package var reason = ""
    /// d=, s=, i= and a=, as far as they could be read.
    package var domain = ""
    package var selector = ""
    package var identity = ""
    package var algorithm = ""
    /// The first digits of b=, so that results can be told apart (RFC 6008).
    package var signaturePrefix = ""
    /// The key says that it is only being tried.
    package var isTesting = false

    package init(_ outcome: AuthenticationOutcome) { self.outcome = outcome }
}

/// Verifies the DKIM signatures of one message (RFC 6376 §6, RFC 8301, RFC 8463). It is made when the header is there,
/// says which hashes of the body it wants, and verifies when these are known.
package struct DKIMVerifier: Sendable {
    private struct Candidate: Sendable {
        var signature: ContentSignature?
        var result: DKIMResult
    }

    private let candidates: [Candidate]

    /// - Parameters:
    ///   - fields: the message's header.
    ///   - most: signatures that are looked at, from the top.
    package init(_ fields: [HeaderField], most: Int) {
        candidates = fields.filter { $0.name == "dkim-signature" }.prefix(most).map(Self.read)
    }

    /// What has to be hashed of the body.
    package var bodyKinds: Set<BodyHashKind> { Set(candidates.compactMap { $0.signature?.body }) }

    private static func read(_ field: HeaderField) -> Candidate {
        var result = DKIMResult(.neutral)
        guard let list = TagList(field.value) else {
            result.reason = "no list of tags"
            return Candidate(signature: nil, result: result)
        }
        result.domain = DNSName.plain(list.compact("d") ?? "")
        result.selector = list.compact("s") ?? ""
        result.identity = list.compact("i") ?? "@" + result.domain
        result.algorithm = list.compact("a")?.lowercased() ?? ""
        result.signaturePrefix = String((list.compact("b") ?? "").prefix(8))
        do throws(SignatureTags.Fault) {
            guard list["v"] == "1" else { throw SignatureTags.Fault(.neutral, "not of version 1") }
            let tags = try SignatureTags(list, required: ["a", "b", "bh", "d", "h", "s"])
            let signature = try ContentSignature(field, tags)
            try checkIdentity(result.identity, tags)
            return Candidate(signature: signature, result: result)
        } catch {
            (result.outcome, result.reason) = (error.outcome, error.reason)
            return Candidate(signature: nil, result: result)
        }
    }

    /// The identity is of the domain, or below it; the key is asked for in the DNS (§3.5 i=, q=).
    private static func checkIdentity(_ identity: String, _ tags: SignatureTags) throws(SignatureTags.Fault) {
        guard let domain = domain(of: identity), DNSName.isWithin(domain, tags.domain) else {
            throw SignatureTags.Fault(.permerror, "i= is not of the domain d=")
        }
        if let methods = tags.list.items("q"), !methods.contains("dns/txt") {
            throw SignatureTags.Fault(.neutral, "the key is not in the DNS")
        }
    }

    private static func domain(of identity: String) -> String? {
        identity.lastIndex(of: "@").map { DNSName.plain(identity[identity.index(after: $0)...]) }
    }

    /// The results in the order of the fields; none: the message is not signed.
    /// - Parameters:
    ///   - message: with all hashes of ``bodyKinds``.
    ///   - now: seconds since 1970.
    package func verify(
        _ message: HashedMessage, now: Int, _ lookups: any AuthenticationLookups
    ) async -> [DKIMResult] {
        var results: [DKIMResult] = []
        for candidate in candidates {
            var result = candidate.result
            if let signature = candidate.signature {
                do throws(SignatureTags.Fault) {
                    try await verify(signature, message, now, lookups, &result)
                } catch {
                    (result.outcome, result.reason) = (error.outcome, error.reason)
                    // RFC 6376 §3.6.1: as if it were not there.
                    if result.isTesting, result.outcome == .fail {
                        (result.outcome, result.reason) = (.neutral, "\(error.reason); the key is being tried")
                    }
                }
            }
            results.append(result)
        }
        return results
    }

    private func verify(
        _ signature: ContentSignature, _ message: HashedMessage, _ now: Int, _ lookups: any AuthenticationLookups,
        _ result: inout DKIMResult
    ) async throws(SignatureTags.Fault) {
        try signature.tags.checkTimes(now: now)
        let record = try await KeyLookup.record(signature.tags, lookups)
        result.isTesting = record.isTesting
        if record.isStrict, Self.domain(of: result.identity) != signature.tags.domain {
            throw SignatureTags.Fault(.permerror, "the key is for the domain itself, not for what is below it")
        }
        let remark = try signature.check(message, record)
        (result.outcome, result.reason) = (remark == nil ? .pass : .policy, remark ?? "")
    }
}

/// Finds the key of a signature.
enum KeyLookup {
    /// Records of a name that are tried: there should be one (RFC 6376 §3.6.2.2).
    private static let mostRecords = 4

    static func record(
        _ tags: SignatureTags, _ lookups: any AuthenticationLookups
    ) async throws(SignatureTags.Fault) -> DKIMKeyRecord {
        switch await lookups.texts(at: tags.keyName) {
        case .failed(let text): throw SignatureTags.Fault(.temperror, "key: \(text)")
        case .none: throw SignatureTags.Fault(.permerror, "no key at \(tags.keyName)")
        case .found(let texts):
            var fault = SignatureTags.Fault(.permerror, "no key at \(tags.keyName)")
            for text in texts.prefix(mostRecords) {
                do throws(DKIMKeyRecord.Fault) {
                    return try DKIMKeyRecord(text)
                } catch {
                    fault.reason = error == .revoked ? "the key is revoked" : "key record: \(reason(error))"
                }
            }
            throw fault
        }
    }

    private static func reason(_ fault: DKIMKeyRecord.Fault) -> String {
        if case .malformed(let text) = fault { text } else { "revoked" }
    }
}

extension ContentSignature {
    /// - Returns: what is to be said against a signature that is right: it does not cover the whole body, and whoever
    ///   appends to it would be vouched for, too (RFC 6376 §8.2).
    func check(_ message: HashedMessage, _ record: DKIMKeyRecord) throws(SignatureTags.Fault) -> String? {
        let key = try tags.key(record)
        guard let digest = message.bodies[body] else { throw SignatureTags.Fault(.neutral, "the body was not hashed") }
        if let limit = body.limit, limit > digest.octets {
            throw SignatureTags.Fault(.permerror, "l= is more than the body has")
        }
        guard digest.hash == bodyHash else { throw SignatureTags.Fault(.fail, "the body was changed") }
        guard key.verifies(tags.signature, of: signedOctets(message.fields)) else {
            throw SignatureTags.Fault(.fail, "the signature is not that of this header")
        }
        guard let limit = body.limit, limit < digest.octets else { return nil }
        return "\(limit) of \(digest.octets) octets of the body are signed"
    }
}

extension SignatureTags {
    func key(_ record: DKIMKeyRecord) throws(Fault) -> PublicKey {
        guard record.isForMail else { throw Fault(.permerror, "the key is not for mail") }
        guard record.takesSHA256 else { throw Fault(.permerror, "the key is not for SHA-256") }
        guard record.algorithm == algorithm else { throw Fault(.permerror, "the key is of another kind than a=") }
        guard let key = PublicKey(algorithm, octets: record.key) else { throw Fault(.permerror, "p= is no key") }
        // RFC 8301 §3.2.
        if algorithm == .rsa, key.bits < DKIMKey.leastBits || key.bits > PublicKey.mostBits {
            throw Fault(.permerror, "an RSA key of \(key.bits) bits is not accepted")
        }
        return key
    }
}
