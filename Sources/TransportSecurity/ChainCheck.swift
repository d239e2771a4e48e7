import COpenSSL

/// What went wrong with TLS, as reports name it (RFC 8460 §4.3).
package enum TLSFailure: String, Sendable, Hashable, Codable, CaseIterable {
    case startTLSNotSupported = "starttls-not-supported"
    case hostMismatch = "certificate-host-mismatch"
    case expired = "certificate-expired"
    case notTrusted = "certificate-not-trusted"
    /// Whatever else keeps a handshake from succeeding.
    case validation = "validation-failure"
    case tlsaInvalid = "tlsa-invalid"
    case dnssecInvalid = "dnssec-invalid"
    case daneRequired = "dane-required"
    case policyFetch = "sts-policy-fetch-error"
    case policyInvalid = "sts-policy-invalid"
    case policyWebPKI = "sts-webpki-invalid"
}

/// Why a peer's certificates are not what they have to be.
package struct CertificateFault: Error, Sendable, Hashable, CustomStringConvertible {
    package var kind: TLSFailure
    package var description: String

    package init(_ kind: TLSFailure, _ description: String) {
        self.kind = kind
        self.description = description
    }
}

/// What the certificates that a peer shows have to be. A decision without I/O: the chain and the time go in.
package struct ChainCheck: Sendable {
    package enum Rule: Sendable {
        /// By TLSA records (RFC 7672 §3).
        case dane(DANEPolicy)
        /// Signed by somebody who is trusted, for this name (RFC 8461 §4.2).
        case trusted(name: String, TrustStore)
        /// Whatever: somebody wants to see it.
        case shown(@Sendable ([[UInt8]]) -> Void)
    }

    package let rule: Rule

    package init(_ rule: Rule) { self.rule = rule }

    /// Certificates of a chain that are looked at.
    package static let mostCertificates = 20

    /// - Parameters:
    ///   - chain: DER, the peer's own certificate first.
    ///   - now: seconds since 1970.
    /// - Returns: nil if all is right.
    package func fault(_ chain: [[UInt8]], now: Int) -> CertificateFault? {
        if case .shown(let look) = rule {
            look(Array(chain.prefix(Self.mostCertificates)))
            return nil
        }
        var certificates: [Certificate] = []
        for bytes in chain.prefix(Self.mostCertificates) {
            guard let certificate = Certificate(bytes) else {
                return CertificateFault(.validation, "a certificate cannot be read")
            }
            certificates.append(certificate)
        }
        guard !certificates.isEmpty else { return CertificateFault(.validation, "no certificate was shown") }
        switch rule {
        case .dane(let policy): return Self.fault(certificates, policy, now)
        case .trusted(let name, let store):
            return Self.verify(certificates, trusting: store, names: [name], isDANE: false, now)
        case .shown: return nil
        }
    }

    // MARK: DANE

    private static func fault(_ chain: [Certificate], _ policy: DANEPolicy, _ now: Int) -> CertificateFault? {
        guard policy.authenticates else { return nil }
        // RFC 7672 §3.1.1: names and dates of the certificate do not count.
        if policy.records.contains(where: { $0.usage == TLSARecord.domainIssued && $0.matches(chain[0]) }) {
            return nil
        }
        var fault = CertificateFault(
            .notTrusted, "no TLSA record of \(policy.baseDomain) matches (\(policy.texts.joined(separator: ", ")))")
        for anchor in anchors(chain, policy) {
            let names = [policy.baseDomain] + policy.otherNames
            let store = TrustStore(anchors: [anchor])
            guard let found = verify(chain, trusting: store, names: names, isDANE: true, now) else { return nil }
            fault = found
        }
        return fault
    }

    /// Certificates that a DANE-TA record stands for: the peer has to show them (RFC 7672 §3.1.2), except one that is in
    /// the DNS as a whole.
    private static func anchors(_ chain: [Certificate], _ policy: DANEPolicy) -> [Certificate] {
        let records = policy.records.filter { $0.usage == TLSARecord.trustAnchor }
        let shown = chain.dropFirst().filter { certificate in records.contains { $0.matches(certificate) } }
        let published = records.filter { $0.selector == 0 && $0.matching == 0 }.compactMap { Certificate($0.data) }
        return shown + published
    }

    // MARK: RFC 5280, RFC 6125

    private static func verify(
        _ chain: [Certificate], trusting store: TrustStore, names: [String], isDANE: Bool, _ now: Int
    ) -> CertificateFault? {
        guard let context = X509_STORE_CTX_new(), let others = OPENSSL_sk_new_null() else {
            return CertificateFault(.validation, "no memory for certificates")
        }
        defer {
            X509_STORE_CTX_free(context)
            OPENSSL_sk_free(others)
            ERR_clear_error()
        }
        for certificate in chain.dropFirst() { OPENSSL_sk_push(others, UnsafeRawPointer(certificate.pointer)) }
        guard X509_STORE_CTX_init(context, store.pointer, chain[0].pointer, others) == 1 else {
            return CertificateFault(.validation, "certificates cannot be verified")
        }
        X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER)
        let parameters = X509_STORE_CTX_get0_param(context)
        X509_VERIFY_PARAM_set_time(parameters, now)
        if isDANE { X509_VERIFY_PARAM_set_flags(parameters, UInt(X509_V_FLAG_PARTIAL_CHAIN)) }
        // RFC 7672 §3.2.3: `*` stands for a whole label; RFC 8461 §4.2: the subject's common name is none.
        var flags = UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS)
        if !isDANE { flags |= UInt32(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT) }
        X509_VERIFY_PARAM_set_hostflags(parameters, flags)
        for name in names { X509_VERIFY_PARAM_add1_host(parameters, name, 0) }
        let isRight = withExtendedLifetime((chain, store)) { X509_verify_cert(context) == 1 }
        guard !isRight else { return nil }
        return fault(X509_STORE_CTX_get_error(context), names)
    }

    private static func fault(_ code: Int32, _ names: [String]) -> CertificateFault {
        let text = String(cString: X509_verify_cert_error_string(Int(code)))
        switch code {
        case X509_V_ERR_HOSTNAME_MISMATCH:
            return CertificateFault(.hostMismatch, "the certificate is not for \(names.joined(separator: " or "))")
        case X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_CERT_NOT_YET_VALID: return CertificateFault(.expired, text)
        default: return CertificateFault(.notTrusted, text)
        }
    }
}
