import NIOSSL

/// Which versions and cipher suites of TLS are used.
package struct TLSRules: Sendable, Hashable {
    /// TLS 1.3 only; otherwise 1.2 and 1.3 (RFC 8996 forbids what is older).
    package var onlyTLS13 = false
    /// Suites of TLS 1.2, as registered with IANA, the best first; empty: those that BoringSSL would use. Those of TLS 1.3
    /// are always there.
    package var ciphers: [UInt16] = []

    package init() {}

    func apply(to configuration: inout TLSConfiguration) {
        configuration.minimumTLSVersion = onlyTLS13 ? .tlsv13 : .tlsv12
        if !ciphers.isEmpty { configuration.cipherSuiteValues = ciphers.map { NIOTLSCipher(rawValue: $0) } }
    }
}
