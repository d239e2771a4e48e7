import COpenSSL
import Synchronization

/// A private key for signatures: RSA (RFC 6376 §3.3.1) or Ed25519 (RFC 8463). May be used by several threads at a time.
package final class DKIMKey: @unchecked Sendable {
    // An EVP_PKEY that nobody changes is safe to share (OpenSSL's openssl-threads(7)); it is freed with this object.
    private let key: OpaquePointer
    /// Set up for RSA with SHA-256 and not in use: setting one up costs a twentieth of a signature.
    private let ready = Mutex<[Context]>([])

    private struct Context: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    package enum Algorithm: String, Sendable {
        case rsa = "rsa-sha256"
        case ed25519 = "ed25519-sha256"
    }
    package let algorithm: Algorithm
    /// Of an RSA key; 256 for Ed25519.
    package let bits: Int

    package struct Fault: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    /// RFC 8301 §3.2: shorter ones must not be used.
    package static let leastBits = 1024
    /// RFC 8301 §3.2: should be at least.
    package static let goodBits = 2048

    /// - Parameters:
    ///   - pem: PKCS#1 or PKCS#8, without a passphrase.
    ///   - file: named in faults.
    package init(pem: String, file: String) throws(Fault) {
        let found = pem.withCString { text -> OpaquePointer? in
            let source = BIO_new_mem_buf(text, -1)
            defer { BIO_free(source) }
            // No prompt for a passphrase: an encrypted key is a fault.
            return PEM_read_bio_PrivateKey(source, nil, { _, _, _, _ in -1 }, nil)
        }
        guard let found else { throw Fault(description: "\(file): no private key without a passphrase in PEM form") }
        key = found
        bits = Int(EVP_PKEY_get_bits(found))
        switch EVP_PKEY_get_base_id(found) {
        case EVP_PKEY_RSA: algorithm = .rsa
        case EVP_PKEY_ED25519: algorithm = .ed25519
        default:
            throw Fault(description: "\(file): expected an RSA or an Ed25519 key")
        }
        if algorithm == .rsa, bits < Self.leastBits {
            throw Fault(description: "\(file): an RSA key of \(bits) bits: expected at least \(Self.leastBits)")
        }
    }

    deinit {
        for context in ready.withLock({ $0 }) { EVP_PKEY_CTX_free(context.pointer) }
        EVP_PKEY_free(key)
    }

    /// The TXT record that verifiers look up at `selector._domainkey.domain` (RFC 6376 §3.6.1, RFC 8463 §4).
    package var publicRecord: String {
        var bytes: [UInt8]
        switch algorithm {
        case .ed25519:
            var length = 32
            bytes = [UInt8](repeating: 0, count: length)
            EVP_PKEY_get_raw_public_key(key, &bytes, &length)
            return "v=DKIM1; k=ed25519; p=\(Base64Text.encode(bytes))"
        case .rsa:
            let length = i2d_PUBKEY(key, nil)
            bytes = [UInt8](repeating: 0, count: Int(length))
            bytes.withUnsafeMutableBufferPointer { buffer in
                var place = buffer.baseAddress
                i2d_PUBKEY(key, &place)
            }
            return "v=DKIM1; k=rsa; p=\(Base64Text.encode(bytes))"
        }
    }

    /// Signs the header's canonical octets: RSA their SHA-256, Ed25519 as a message of its own (RFC 8463 §3).
    /// Costs what a private-key operation does; not for event loops.
    package func sign(_ octets: [UInt8]) -> [UInt8]? {
        let hash = Hash.sha256(octets)
        return algorithm == .rsa ? signRSA(hash) : signEd25519(hash)
    }

    private func signEd25519(_ message: [UInt8]) -> [UInt8]? {
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        guard EVP_DigestSignInit(context, nil, nil, nil, key) == 1 else { return nil }
        var length = 64
        var signature = [UInt8](repeating: 0, count: length)
        guard EVP_DigestSign(context, &signature, &length, message, message.count) == 1 else { return nil }
        return Array(signature.prefix(length))
    }

    private func signRSA(_ hash: [UInt8]) -> [UInt8]? {
        guard let context = ready.withLock({ $0.popLast() }) ?? prepared() else { return nil }
        defer { ready.withLock { $0.append(context) } }
        var length = Int(EVP_PKEY_get_size(key))
        var signature = [UInt8](repeating: 0, count: length)
        guard EVP_PKEY_sign(context.pointer, &signature, &length, hash, hash.count) == 1 else { return nil }
        return Array(signature.prefix(length))
    }

    private func prepared() -> Context? {
        guard let context = EVP_PKEY_CTX_new(key, nil) else { return nil }
        let isReady =
            EVP_PKEY_sign_init(context) == 1 && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1
            && EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1
        guard isReady else {
            EVP_PKEY_CTX_free(context)
            return nil
        }
        return Context(pointer: context)
    }
}
