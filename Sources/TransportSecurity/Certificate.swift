import COpenSSL

/// A certificate as it came from a peer, read by OpenSSL.
final class Certificate: @unchecked Sendable {
    // An X509 that nobody changes is safe to share (OpenSSL's openssl-threads(7)).
    let pointer: OpaquePointer
    /// DER.
    let bytes: [UInt8]

    /// - Parameter bytes: DER, and nothing behind it; nil if they are no certificate.
    init?(_ bytes: [UInt8]) {
        var end: UnsafePointer<UInt8>?
        let found = bytes.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            var place = buffer.baseAddress
            let found = d2i_X509(nil, &place, buffer.count)
            end = place
            guard let found else { return nil }
            if let base = buffer.baseAddress, end == base + buffer.count { return found }
            X509_free(found)
            return nil
        }
        ERR_clear_error()
        guard let found else { return nil }
        pointer = found
        self.bytes = bytes
    }

    deinit { X509_free(pointer) }

    /// SubjectPublicKeyInfo, DER (RFC 5280 §4.1.2.7).
    var publicKey: [UInt8] {
        let key = X509_get_X509_PUBKEY(pointer)
        let length = i2d_X509_PUBKEY(key, nil)
        guard length > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: Int(length))
        bytes.withUnsafeMutableBufferPointer { buffer in
            var place = buffer.baseAddress
            i2d_X509_PUBKEY(key, &place)
        }
        return bytes
    }

    /// Whether these octets are a SubjectPublicKeyInfo and nothing else.
    static func isPublicKey(_ bytes: [UInt8]) -> Bool {
        defer { ERR_clear_error() }
        return bytes.withUnsafeBufferPointer { buffer in
            var place = buffer.baseAddress
            guard let key = d2i_X509_PUBKEY(nil, &place, buffer.count) else { return false }
            X509_PUBKEY_free(key)
            return place == buffer.baseAddress.map { $0 + buffer.count }
        }
    }

    enum Hash { case sha256, sha512 }

    static func digest(_ bytes: [UInt8], _ hash: Hash) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: hash == .sha256 ? 32 : 64)
        EVP_Digest(bytes, bytes.count, &result, nil, hash == .sha256 ? EVP_sha256() : EVP_sha512(), nil)
        return result
    }
}

/// Who may have signed certificates; made once and shared.
package final class TrustStore: @unchecked Sendable {
    /// What is wrong with the file.
    package struct Fault: Error, CustomStringConvertible {
        package let description: String
    }

    // An X509_STORE has its own lock.
    let pointer: OpaquePointer

    /// - Parameter file: PEM; nil: the system's roots.
    /// - Throws: ``Fault`` that names the file.
    package init(file: String?) throws(Fault) {
        guard let store = X509_STORE_new() else { throw Fault(description: "no memory for certificates") }
        pointer = store
        let isRead = file.map { X509_STORE_load_file(store, $0) } ?? X509_STORE_set_default_paths(store)
        ERR_clear_error()
        guard isRead == 1 else { throw Fault(description: "\(file ?? "the system's roots"): no certificates in it") }
    }

    /// These certificates and no others; a certificate need not be self-signed to be trusted.
    init(anchors: [Certificate]) {
        pointer = X509_STORE_new()
        for anchor in anchors { X509_STORE_add_cert(pointer, anchor.pointer) }
    }

    deinit { X509_STORE_free(pointer) }
}
