/// Cipher suites that may be chosen or named here, by the names that are registered with IANA.
package enum TLSCipher {
    /// Those of TLS 1.2 that ``named(_:)`` takes. Where nobody names any, BoringSSL offers all of them, those with forward
    /// secrecy and without CBC first.
    package static let ofTLS12: [(name: String, value: UInt16)] = [
        ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", 0xC02B), ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", 0xC02F),
        ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", 0xC02C), ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", 0xC030),
        ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", 0xCCA9),
        ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", 0xCCA8), ("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", 0xC009),
        ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", 0xC013), ("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", 0xC00A),
        ("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", 0xC014), ("TLS_RSA_WITH_AES_128_GCM_SHA256", 0x9C),
        ("TLS_RSA_WITH_AES_256_GCM_SHA384", 0x9D), ("TLS_RSA_WITH_AES_128_CBC_SHA", 0x2F),
        ("TLS_RSA_WITH_AES_256_CBC_SHA", 0x35),
    ]

    /// Always there in TLS 1.3 (RFC 8446 §9.1); nobody can choose among them.
    package static let ofTLS13: [(name: String, value: UInt16)] = [
        ("TLS_AES_128_GCM_SHA256", 0x1301), ("TLS_AES_256_GCM_SHA384", 0x1302),
        ("TLS_CHACHA20_POLY1305_SHA256", 0x1303),
    ]

    private static let names = Dictionary(
        uniqueKeysWithValues: (ofTLS12 + ofTLS13).map { ($0.value, $0.name) })
    private static let values = Dictionary(uniqueKeysWithValues: ofTLS12.map { ($0.name, $0.value) })

    /// `TLS_AES_128_GCM_SHA256`; for one that is not known here `0x00FF`.
    package static func name(_ value: UInt16) -> String {
        if let name = names[value] { return name }
        let digits = String(value, radix: 16, uppercase: true)
        return "0x" + String(repeating: "0", count: 4 - digits.count) + digits
    }

    /// One of TLS 1.2; nil: none has this name.
    package static func named(_ name: String) -> UInt16? { values[name] }
}
