import COpenSSL
import TextCodecs

/// A public key as a key record has it: RSA (RFC 6376 §3.6.1) or Ed25519 (RFC 8463 §4).
struct PublicKey: ~Copyable {
    enum Algorithm: Sendable, Hashable { case rsa, ed25519 }

    private let key: OpaquePointer
    let algorithm: Algorithm
    let bits: Int

    /// Larger RSA keys are nobody's, and cost more than they are worth (RFC 8301 §3.2 asks for 4096).
    static let mostBits = 8192

    /// - Parameter octets: of `p=`: for RSA a SubjectPublicKeyInfo, or an RSAPublicKey alone, as RFC 6376 has it.
    /// - Returns: nil if it is no such key.
    init?(_ algorithm: Algorithm, octets: [UInt8]) {
        let found: OpaquePointer?
        switch algorithm {
        case .ed25519:
            found = octets.count == 32 ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, octets, 32) : nil
        case .rsa:
            // OpenSSL's own reading of the outer form takes seven times as long as verifying.
            let bare = PublicKeyForm.rsa(octets) ?? octets[...]
            found = bare.withUnsafeBufferPointer { buffer in
                var place = buffer.baseAddress
                return d2i_PublicKey(EVP_PKEY_RSA, nil, &place, buffer.count)
            }
        }
        // What was wrong with the key is nobody's concern later.
        ERR_clear_error()
        guard let found else { return nil }
        guard EVP_PKEY_get_base_id(found) == (algorithm == .rsa ? EVP_PKEY_RSA : EVP_PKEY_ED25519),
            algorithm != .rsa || Self.exponentBits(found) <= Self.mostExponentBits
        else {
            EVP_PKEY_free(found)
            return nil
        }
        key = found
        bits = Int(EVP_PKEY_get_bits(found))
        self.algorithm = algorithm
    }

    deinit { EVP_PKEY_free(key) }

    /// Of an RSA key; nearly all have 17 (65537). With as many as the key has, a stranger's signature would cost as much to
    /// verify as to make.
    private static let mostExponentBits: Int32 = 64

    private static func exponentBits(_ key: OpaquePointer) -> Int32 {
        var exponent: OpaquePointer?
        guard EVP_PKEY_get_bn_param(key, "e", &exponent) == 1 else { return .max }
        defer { BN_free(exponent) }
        return BN_num_bits(exponent)
    }

    /// Whether it is the signature of these octets: of their SHA-256 with RSA (PKCS#1 v1.5), and likewise with Ed25519
    /// (RFC 8463 §3).
    func verifies(_ signature: [UInt8], of octets: [UInt8]) -> Bool {
        guard let context = EVP_MD_CTX_new() else { return false }
        defer {
            EVP_MD_CTX_free(context)
            ERR_clear_error()
        }
        switch algorithm {
        case .rsa:
            return EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, key) == 1
                && EVP_DigestVerify(context, signature, signature.count, octets, octets.count) == 1
        case .ed25519:
            var hash = [UInt8](repeating: 0, count: 32)
            guard EVP_Digest(octets, octets.count, &hash, nil, EVP_sha256(), nil) == 1 else { return false }
            return EVP_DigestVerifyInit(context, nil, nil, nil, key) == 1
                && EVP_DigestVerify(context, signature, signature.count, hash, hash.count) == 1
        }
    }
}
