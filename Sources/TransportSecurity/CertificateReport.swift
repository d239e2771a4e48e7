import COpenSSL
import Glibc

/// What a certificate says, for people and logs.
package struct CertificateReport: Sendable, Hashable, Codable {
    /// `C=DE`, `O=Example`, `CN=mx.example.org`, in the certificate's order.
    package var subject: [String]
    package var issuer: [String]
    /// subjectAltName, DNS names only.
    package var names: [String]
    /// Seconds since 1970.
    package var notBefore: Int
    package var notAfter: Int
    /// Of the whole certificate, and of its SubjectPublicKeyInfo: hexadecimal, as TLSA records have them with matching
    /// type 1 and selector 0 or 1.
    package var certificateSHA256: String
    package var publicKeySHA256: String
    private enum CodingKeys: String, CodingKey {
        case subject, issuer, names
        case notBefore = "not_before_unix_seconds"
        case notAfter = "not_after_unix_seconds"
        case certificateSHA256 = "certificate_sha256"
        case publicKeySHA256 = "public_key_sha256"
    }

    /// - Parameter bytes: DER; nil if they are no certificate.
    package init?(_ bytes: [UInt8]) {
        guard let certificate = Certificate(bytes) else { return nil }
        subject = Self.parts(of: X509_get_subject_name(certificate.pointer))
        issuer = Self.parts(of: X509_get_issuer_name(certificate.pointer))
        names = Self.names(certificate)
        notBefore = Self.seconds(X509_get0_notBefore(certificate.pointer))
        notAfter = Self.seconds(X509_get0_notAfter(certificate.pointer))
        certificateSHA256 = TLSARecord.hexadecimal(Certificate.digest(bytes, .sha256)[...])
        publicKeySHA256 = TLSARecord.hexadecimal(Certificate.digest(certificate.publicKey, .sha256)[...])
        ERR_clear_error()
    }

    /// Parts of a name, and names, that are told; more are left out.
    static let mostParts = 100

    /// The subject alone.
    /// - Parameter certificate: DER.
    /// - Returns: empty if it cannot be read.
    package static func subject(_ certificate: [UInt8]) -> [String] {
        Certificate(certificate).map { parts(of: X509_get_subject_name($0.pointer)) } ?? []
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int {
        var parts = tm()
        guard let time, ASN1_TIME_to_tm(time, &parts) == 1 else { return 0 }
        return timegm(&parts)
    }

    // MARK: Names

    private static func parts(of name: OpaquePointer?) -> [String] {
        guard let name else { return [] }
        return (0..<min(Int(X509_NAME_entry_count(name)), mostParts)).compactMap { index in
            guard let entry = X509_NAME_get_entry(name, Int32(index)) else { return nil }
            return part(entry)
        }
    }

    private static func part(_ entry: OpaquePointer) -> String? {
        let identifier = X509_NAME_ENTRY_get_object(entry)
        let number = OBJ_obj2nid(identifier)
        let known = number == NID_undef ? nil : OBJ_nid2sn(number).map { String(cString: $0) }
        guard let value = text(X509_NAME_ENTRY_get_data(entry)) else { return nil }
        return (known ?? dotted(identifier)) + "=" + value
    }

    private static func text(_ string: UnsafePointer<ASN1_STRING>?) -> String? {
        var octets: UnsafeMutablePointer<UInt8>?
        let count = ASN1_STRING_to_UTF8(&octets, string)
        defer { ERR_clear_error() }
        guard count >= 0, let octets else { return nil }
        defer { CRYPTO_free(octets, #file, #line) }
        return String(decoding: UnsafeBufferPointer(start: octets, count: Int(count)), as: UTF8.self)
    }

    /// `1.2.840.113549.1.9.1`: one that has no name here.
    private static func dotted(_ identifier: OpaquePointer?) -> String {
        var text = [CChar](repeating: 0, count: 128)
        OBJ_obj2txt(&text, Int32(text.count), identifier, 1)
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func names(_ certificate: Certificate) -> [String] {
        guard let found = X509_get_ext_d2i(certificate.pointer, NID_subject_alt_name, nil, nil) else { return [] }
        let stack = OpaquePointer(found)
        defer { GENERAL_NAMES_free(stack) }
        return (0..<min(Int(OPENSSL_sk_num(stack)), mostParts)).compactMap { index in
            guard let item = OPENSSL_sk_value(stack, Int32(index)) else { return nil }
            let name = item.assumingMemoryBound(to: GENERAL_NAME.self)
            guard name.pointee.type == GEN_DNS else { return nil }
            return text(name.pointee.d.dNSName)
        }
    }
}
