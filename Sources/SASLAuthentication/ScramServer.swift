import TextCodecs

/// SCRAM-SHA-256 as the server speaks it (RFC 5802 §5, RFC 7677), without channel binding.
///
///     C: n,,n=user,r=rOprNGfwEbeRWgbNEkqO
///     S: r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096
///     C: c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=
///     S: v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=
struct ScramServer: Sendable {
    struct Fault: Error { var text: String }
    enum Final {
        case proof([UInt8])
        case wrong
        case malformed(String)
    }

    let name: String
    private let keys: StoredKeys
    private let nonce: String
    private let header: String
    private let authMessage: String

    /// Reads the client's first message.
    static func begin(
        _ bytes: [UInt8], users: UserFile, nonce: String
    ) -> Result<(ScramServer, [UInt8]), Fault> {
        guard let text = String(validating: bytes, as: UTF8.self) else { return .failure(Fault(text: "not UTF-8")) }
        let parts = text.split(separator: ",", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { return .failure(Fault(text: "expected a GS2 header")) }
        // `p=` asks for channel binding, which is the business of SCRAM-SHA-256-PLUS.
        guard parts[0] == "n" || parts[0] == "y" else { return .failure(Fault(text: "no channel binding here")) }
        let attributes = parts[2].split(separator: ",", omittingEmptySubsequences: false)
        guard attributes.count >= 2, let name = unescaped(attributes[0], "n="), !name.isEmpty, name.utf8.count <= 255,
            attributes[1].hasPrefix("r="), (1...1024).contains(attributes[1].utf8.count - 2)
        else { return .failure(Fault(text: "expected n=name,r=nonce")) }
        let clientNonce = attributes[1].dropFirst(2)
        guard clientNonce.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            return .failure(Fault(text: "the nonce is not printable"))
        }
        // An authorization identity that differs is nobody's right.
        if !parts[1].isEmpty {
            guard let other = unescaped(parts[1], "a="), other == name else {
                return .failure(Fault(text: "authorization for others is not given"))
            }
        }
        let keys = users.keys(of: name)
        let whole = clientNonce + nonce
        let first = "r=\(whole),s=\(Base64.encode(keys.salt)),i=\(keys.iterations)"
        let server = ScramServer(
            name: name, keys: keys, nonce: String(whole), header: "\(parts[0]),\(parts[1]),",
            authMessage: "\(parts[2]),\(first)")
        return .success((server, Array(first.utf8)))
    }

    /// Reads the client's final message and checks its proof (RFC 5802 §3).
    mutating func finish(_ bytes: [UInt8]) -> Final {
        guard let text = String(validating: bytes, as: UTF8.self) else { return .malformed("not UTF-8") }
        let attributes = text.split(separator: ",", omittingEmptySubsequences: false)
        guard attributes.count >= 3, attributes[0].hasPrefix("c="), attributes[1].hasPrefix("r="),
            let last = attributes.last, last.hasPrefix("p="), let proof = Base64.decode(last.dropFirst(2)),
            proof.count == Digests.length
        else { return .malformed("expected c=…,r=…,p=…") }
        guard Base64.decode(attributes[0].dropFirst(2)) == Array(header.utf8), attributes[1].dropFirst(2) == nonce
        else { return .wrong }
        let withoutProof = attributes.dropLast().joined(separator: ",")
        let message = Array("\(authMessage),\(withoutProof)".utf8)
        let signature = Digests.hmac(key: keys.storedKey, message)
        let clientKey = zip(proof, signature).map { $0 ^ $1 }
        guard Digests.areEqual(Digests.sha256(clientKey), keys.storedKey) else { return .wrong }
        return .proof(Array("v=\(Base64.encode(Digests.hmac(key: keys.serverKey, message)))".utf8))
    }

    /// `=2C` is a comma and `=3D` an equals sign (RFC 5802 §5.1); nil if it is anything else.
    private static func unescaped(_ attribute: Substring, _ prefix: String) -> String? {
        guard attribute.hasPrefix(prefix) else { return nil }
        var out = ""
        var rest = attribute.dropFirst(prefix.count)
        while let character = rest.popFirst() {
            guard character == "=" else {
                out.append(character)
                continue
            }
            switch rest.prefix(2) {
            case "2C": out.append(",")
            case "3D": out.append("=")
            default: return nil
            }
            rest = rest.dropFirst(2)
        }
        return out
    }
}
