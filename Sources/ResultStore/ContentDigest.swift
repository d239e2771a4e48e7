import COpenSSL

/// SHA-256 (FIPS 180-4) of whole contents.
package enum ContentDigest {
    /// Hexadecimal digits of a digest.
    package static let textLength = 64

    /// 64 lower-case hexadecimal digits, as `sha256sum` writes them.
    package static func sha256(_ bytes: [UInt8]) -> String {
        var out = [UInt8](repeating: 0, count: 32)
        var written: UInt32 = 0
        let isDone = EVP_Digest(bytes, bytes.count, &out, &written, EVP_sha256(), nil)
        precondition(isDone == 1, "libcrypto has no SHA-256")
        let digits = Array("0123456789abcdef")
        return String(out.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
