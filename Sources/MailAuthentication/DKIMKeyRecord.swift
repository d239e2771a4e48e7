import TextCodecs

/// A key record: what stands at `selector._domainkey.domain` (RFC 6376 §3.6.1).
package struct DKIMKeyRecord: Sendable, Hashable {
    package enum Fault: Error, Sendable, Hashable {
        /// No key record, or not of a version that is known.
        case malformed(String)
        /// `p=` is empty.
        case revoked
    }

    /// `k=`.
    let algorithm: PublicKey.Algorithm
    /// Octets of `p=`.
    let key: [UInt8]
    /// `h=`; nil: all.
    let hashes: [String]?
    /// `s=`.
    let services: [String]
    /// `t=y`: the domain is trying things out.
    let isTesting: Bool
    /// `t=s`: the identity must be of the domain itself, not below it.
    let isStrict: Bool

    package init(_ text: [UInt8]) throws(Fault) {
        guard let tags = TagList(text) else { throw .malformed("no list of tags") }
        guard let p = tags.compact("p") else { throw .malformed("no p=") }
        // Where it is, it is the first one.
        if let version = tags["v"], version != "DKIM1" || tags.tags.first?.name != "v" {
            throw .malformed("not of version DKIM1")
        }
        switch tags["k"] ?? "rsa" {
        case "rsa": algorithm = .rsa
        case "ed25519": algorithm = .ed25519
        case let other: throw .malformed("unknown kind of key \(other.prefix(20))")
        }
        guard !p.isEmpty else { throw .revoked }
        guard let key = Base64.decode(p) else { throw .malformed("p= is no base64") }
        self.key = key
        hashes = tags.items("h")
        services = tags.items("s") ?? ["*"]
        let flags = tags.items("t") ?? []
        isTesting = flags.contains("y")
        isStrict = flags.contains("s")
    }

    /// For mail (RFC 6376 §3.6.1, s=).
    var isForMail: Bool { services.contains("*") || services.contains("email") }
    var takesSHA256: Bool { hashes?.contains("sha256") ?? true }

    /// The record holds the key that this one says: `p=` in it is the same (``DKIMKey/publicRecord``).
    package func hasKey(of other: DKIMKeyRecord) -> Bool { algorithm == other.algorithm && key == other.key }
}
