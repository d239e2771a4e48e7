import COpenSSL
import Foundation

/// A certificate authority for one run of a sink: made at start, so that clients can verify the sink without anybody
/// else's certificates. EC P-256 keys, good for ten years.
struct TestAuthority {
    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    /// What lies in the directory afterwards, PEM: the authority (for clients), the sink's certificate and key, and a
    /// certificate and key that nobody should accept.
    enum File: String, CaseIterable {
        case authority = "ca.pem"
        case certificate = "server.pem"
        case key = "server.key"
        case wrongCertificate = "wrong.pem"
        case wrongKey = "wrong.key"
    }

    let directory: String

    /// Makes the directory and writes the files; those that are there are replaced.
    /// - Parameter names: what the sink's certificate is for: DNS names, `*.` in front of some, and addresses.
    init(directory: String, names: [String]) throws {
        self.directory = directory
        try makeDirectory(directory)
        let authority = try Identity(name: "Millrace test CA", alternatives: [], signer: nil, isAuthority: true)
        let server = try Identity(
            name: names.first ?? "sink.test", alternatives: names, signer: authority, isAuthority: false)
        let wrong = try Identity(
            name: "wrong.invalid", alternatives: ["wrong.invalid"], signer: nil, isAuthority: false)
        publicKeyDigest = try server.publicKeyDigest()
        try write(authority.certificatePEM(), .authority)
        try write(server.certificatePEM(), .certificate)
        try write(server.keyPEM(), .key, isSecret: true)
        try write(wrong.certificatePEM(), .wrongCertificate)
        try write(wrong.keyPEM(), .wrongKey, isSecret: true)
    }

    /// SHA-256 of the sink's public key as a TLSA record has it (RFC 6698, `3 1 1`).
    let publicKeyDigest: [UInt8]

    func path(_ file: File) -> String { directory + "/" + file.rawValue }

    private func write(_ text: [UInt8], _ file: File, isSecret: Bool = false) throws {
        let attributes: [FileAttributeKey: Any]? = isSecret ? [.posixPermissions: 0o600] : nil
        try? FileManager.default.removeItem(atPath: path(file))
        guard FileManager.default.createFile(atPath: path(file), contents: Data(text), attributes: attributes) else {
            throw Fault(description: "\(path(file)): cannot be written")
        }
    }
}

/// A key and a certificate for it.
private final class Identity {
    private let key: OpaquePointer
    private let certificate: OpaquePointer

    /// - Parameter signer: nil: signed by itself.
    init(name: String, alternatives: [String], signer: Identity?, isAuthority: Bool) throws {
        key = try Self.makeKey()
        guard let certificate = X509_new() else { throw Self.fault("X509_new") }
        self.certificate = certificate
        try fill(name, signer)
        try extend(NID_basic_constraints, isAuthority ? "critical,CA:TRUE" : "critical,CA:FALSE")
        // Strict verifiers want both (RFC 5280 §4.2.1.1 and .2).
        try extend(NID_subject_key_identifier, "hash")
        if let signer { try extend(NID_authority_key_identifier, "keyid:always", issuer: signer) }
        if isAuthority { try extend(NID_key_usage, "critical,keyCertSign,cRLSign") }
        if !alternatives.isEmpty { try extend(NID_subject_alt_name, Self.alternatives(alternatives)) }
        guard X509_sign(certificate, signer?.key ?? key, EVP_sha256()) > 0 else { throw Self.fault("X509_sign") }
    }

    deinit {
        X509_free(certificate)
        EVP_PKEY_free(key)
    }

    private static func makeKey() throws -> OpaquePointer {
        guard let context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nil) else { throw fault("EVP_PKEY_CTX_new_id") }
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) > 0,
            EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1) > 0,
            EVP_PKEY_keygen(context, &key) > 0, let key
        else { throw fault("EVP_PKEY_keygen") }
        return key
    }

    private func fill(_ name: String, _ signer: Identity?) throws {
        // Version 3 is 2 on the wire (RFC 5280 §4.1.2.1).
        X509_set_version(certificate, 2)
        var serial: UInt64 = 0
        withUnsafeMutableBytes(of: &serial) { _ = RAND_bytes($0.baseAddress?.assumingMemoryBound(to: UInt8.self), 8) }
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1)
        X509_gmtime_adj(X509_getm_notBefore(certificate), -86_400)
        X509_gmtime_adj(X509_getm_notAfter(certificate), 3650 * 86_400)
        let subject = X509_get_subject_name(certificate)
        guard
            X509_NAME_add_entry_by_txt(subject, "CN", 0x1000 | 1, Array(name.utf8), Int32(name.utf8.count), -1, 0) > 0,
            X509_set_issuer_name(certificate, X509_get_subject_name(signer?.certificate ?? certificate)) > 0,
            X509_set_pubkey(certificate, key) > 0
        else { throw Self.fault("the subject of a certificate") }
    }

    private func extend(_ kind: Int32, _ value: String, issuer: Identity? = nil) throws {
        var context = X509V3_CTX()
        X509V3_set_ctx(&context, issuer?.certificate ?? certificate, certificate, nil, nil, 0)
        guard let found = X509V3_EXT_conf_nid(nil, &context, kind, value) else {
            throw Self.fault("extension \(value)")
        }
        defer { X509_EXTENSION_free(found) }
        X509_add_ext(certificate, found, -1)
    }

    private static func alternatives(_ names: [String]) -> String {
        names.map { name in
            let isAddress = name.contains(":") || name.allSatisfy { $0.isNumber || $0 == "." }
            return (isAddress ? "IP:" : "DNS:") + name
        }.joined(separator: ",")
    }

    // MARK: Out

    func certificatePEM() throws -> [UInt8] { try Self.text { PEM_write_bio_X509($0, certificate) } }

    func keyPEM() throws -> [UInt8] {
        try Self.text { PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) }
    }

    func publicKeyDigest() throws -> [UInt8] {
        let length = i2d_PUBKEY(key, nil)
        guard length > 0 else { throw Self.fault("i2d_PUBKEY") }
        var encoded = [UInt8](repeating: 0, count: Int(length))
        encoded.withUnsafeMutableBufferPointer { buffer in
            var cursor = buffer.baseAddress
            _ = i2d_PUBKEY(key, &cursor)
        }
        var digest = [UInt8](repeating: 0, count: 32)
        var size: UInt32 = 0
        guard EVP_Digest(encoded, encoded.count, &digest, &size, EVP_sha256(), nil) > 0, size == 32 else {
            throw Self.fault("EVP_Digest")
        }
        return digest
    }

    private static func text(_ write: (OpaquePointer) -> Int32) throws -> [UInt8] {
        guard let memory = BIO_new(BIO_s_mem()) else { throw fault("BIO_new") }
        defer { BIO_free(memory) }
        guard write(memory) > 0 else { throw fault("PEM") }
        var out = [UInt8](repeating: 0, count: 16_384)
        let count = BIO_read(memory, &out, Int32(out.count))
        guard count > 0 else { throw fault("BIO_read") }
        return Array(out[..<Int(count)])
    }

    private static func fault(_ what: String) -> TestAuthority.Fault {
        TestAuthority.Fault(description: "OpenSSL: \(what) failed (\(ERR_get_error()))")
    }
}
