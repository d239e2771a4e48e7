import TextCodecs

/// SCRAM-SHA-256 as the client speaks it (RFC 5802 §5, RFC 7677), without channel binding; ``ScramServer`` has an
/// example.
struct ScramClient: Sendable {
    struct Fault: Error, Equatable { var text: String }

    /// More would let a server keep a thread of ours busy for minutes.
    static let mostIterations = StoredKeys.mostIterations

    private let nonce: String
    private let bare: String
    /// What the server said first, and what we say last but for the proof.
    private var serverFirst = ""
    private var withoutProof = ""
    private var serverSignature: [UInt8] = []

    /// - Parameter nonce: fresh printable text without commas (RFC 5802 §5.1).
    init(name: String, nonce: String) {
        self.nonce = nonce
        bare = "n=\(Self.escaped(name)),r=\(nonce)"
    }

    var first: String { "n,,\(bare)" }

    /// Reads the server's first message.
    mutating func challenged(_ bytes: [UInt8]) -> Result<KeyDerivation.Input, Fault> {
        guard let text = String(validating: bytes, as: UTF8.self) else { return .failure(Fault(text: "not UTF-8")) }
        let attributes = text.split(separator: ",", omittingEmptySubsequences: false)
        // `m=` in front is an extension that must be understood (RFC 5802 §5.1).
        guard attributes.count >= 3, attributes[0].hasPrefix("r="), attributes[1].hasPrefix("s="),
            attributes[2].hasPrefix("i="), let salt = Base64.decode(attributes[1].dropFirst(2)), !salt.isEmpty,
            let iterations = Int(attributes[2].dropFirst(2))
        else { return .failure(Fault(text: "expected r=…,s=…,i=…")) }
        let whole = attributes[0].dropFirst(2)
        guard whole.hasPrefix(nonce), whole.utf8.count > nonce.utf8.count else {
            return .failure(Fault(text: "the server's nonce does not begin with ours"))
        }
        guard (StoredKeys.leastIterations...Self.mostIterations).contains(iterations) else {
            return .failure(
                Fault(
                    text: "\(iterations) iterations: \(StoredKeys.leastIterations) to \(Self.mostIterations) are taken")
            )
        }
        serverFirst = text
        withoutProof = "c=biws,r=\(whole)"
        return .success(.init(salt: salt, iterations: iterations))
    }

    /// The client's final message.
    mutating func final(_ keys: ScramKeys) -> String {
        let message = Array("\(bare),\(serverFirst),\(withoutProof)".utf8)
        let signature = Digests.hmac(key: keys.storedKey, message)
        serverSignature = Digests.hmac(key: keys.serverKey, message)
        let proof = zip(keys.clientKey, signature).map { $0 ^ $1 }
        return "\(withoutProof),p=\(Base64.encode(proof))"
    }

    /// Whether the server's final message shows that it knows the password, too.
    func isProof(_ bytes: [UInt8]) -> Bool {
        guard !serverSignature.isEmpty, let text = String(validating: bytes, as: UTF8.self), text.hasPrefix("v="),
            let signature = Base64.decode(text.dropFirst(2).prefix { $0 != "," })
        else { return false }
        return Digests.areEqual(signature, serverSignature)
    }

    /// A comma is `=2C` and an equals sign `=3D` (RFC 5802 §5.1).
    private static func escaped(_ name: String) -> String {
        name.reduce(into: "") { $0 += $1 == "," ? "=2C" : $1 == "=" ? "=3D" : String($1) }
    }
}
