import COpenSSL

/// SHA-256 in pieces.
final class Hash {
    private let context = EVP_MD_CTX_new()

    /// Looked up once: every look-up costs as much as a short hash.
    nonisolated(unsafe) private static let algorithm = EVP_MD_fetch(nil, "SHA256", nil)

    init() {
        precondition(EVP_DigestInit_ex(context, Self.algorithm, nil) == 1, "libcrypto has no SHA-256")
    }

    deinit { EVP_MD_CTX_free(context) }

    func update(_ bytes: UnsafeRawBufferPointer) {
        if let base = bytes.baseAddress, !bytes.isEmpty { EVP_DigestUpdate(context, base, bytes.count) }
    }

    func finish() -> [UInt8] {
        var out = [UInt8](repeating: 0, count: 32)
        EVP_DigestFinal_ex(context, &out, nil)
        return out
    }

    static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        let hash = Hash()
        bytes.withUnsafeBytes { hash.update($0) }
        return hash.finish()
    }
}

enum Base64Text {
    static func encode(_ bytes: [UInt8]) -> String { String(decoding: self.bytes(bytes), as: UTF8.self) }

    static func bytes(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
        var out = [UInt8](repeating: 0, count: (bytes.count + 2) / 3 * 4 + 1)
        let count = EVP_EncodeBlock(&out, bytes, Int32(bytes.count))
        return out.prefix(Int(count))
    }
}
