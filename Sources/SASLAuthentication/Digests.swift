import COpenSSL

/// SHA-256 and what is built on it, from libcrypto.
enum Digests {
    static let length = 32

    static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: length)
        var written: UInt32 = 0
        let isDone = EVP_Digest(bytes, bytes.count, &out, &written, EVP_sha256(), nil)
        precondition(isDone == 1 && written == length, "libcrypto has no SHA-256")
        return out
    }

    static func hmac(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: length)
        var written: UInt32 = 0
        let result = HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &out, &written)
        precondition(result != nil && written == length, "libcrypto has no HMAC-SHA-256")
        return out
    }

    /// PBKDF2 of RFC 8018 with HMAC-SHA-256: `Hi` of RFC 5802 §2.2. Costs what `iterations` say; not for event loops.
    static func stretched(password: [UInt8], salt: [UInt8], iterations: Int) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: length)
        let isDone = password.withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { text in
                PKCS5_PBKDF2_HMAC(
                    text.baseAddress, Int32(text.count), salt, Int32(salt.count), Int32(iterations), EVP_sha256(),
                    Int32(length), &out)
            }
        }
        precondition(isDone == 1, "libcrypto has no PBKDF2")
        return out
    }

    /// Takes as long whatever differs.
    static func areEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        a.count == b.count && CRYPTO_memcmp(a, b, a.count) == 0
    }
}

/// Random octets of libcrypto's generator.
package func randomOctets(_ count: Int) -> [UInt8] {
    var out = [UInt8](repeating: 0, count: count)
    precondition(RAND_bytes(&out, Int32(count)) == 1, "libcrypto's random numbers are not to be had")
    return out
}
