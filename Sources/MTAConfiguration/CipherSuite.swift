import MailTypes
package import Measures
import RunRecords

/// A cipher suite of TLS 1.2 by the name that is registered with IANA.
package struct CipherSuite: Hashable, Sendable, ConfigurationValue {
    /// As registered.
    package let value: UInt16

    package static var form: String { "cipher suite such as \(TLSCipher.ofTLS12[0].name)" }
    static let meaning = "suites of TLS 1.2 that are used, the best first; those of TLS 1.3 are always there"
    static let usual = "BoringSSL's own"

    package init(written text: String) throws(UnitFault) {
        if let value = TLSCipher.named(text) {
            self.value = value
            return
        }
        if TLSCipher.ofTLS13.contains(where: { $0.name == text }) {
            throw UnitFault("is of TLS 1.3 and always there: only suites of TLS 1.2 are named")
        }
        let names = TLSCipher.ofTLS12.map(\.name)
        let nearest = StrictMapping.suggestion(text, names)
        throw UnitFault("expected a suite of TLS 1.2\(nearest.isEmpty ? " such as \(names[0])" : nearest)")
    }

    package var written: String { TLSCipher.name(value) }
}
