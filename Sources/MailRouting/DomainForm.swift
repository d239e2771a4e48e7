import CIDN2
package import MailTypes

/// The domain of an address as the DNS knows it.
package enum DomainForm: Sendable, Hashable {
    /// Lower case, A-labels, no dot at the end.
    case name(String)
    /// `[192.0.2.1]`, `[IPv6:2001:db8::1]` (RFC 5321 §4.1.3).
    case literal(NetworkAddress)
    case invalid

    package init(_ domain: String) {
        if domain.hasPrefix("["), domain.hasSuffix("]") {
            let inner = String(domain.dropFirst().dropLast())
            let address = inner.lowercased().hasPrefix("ipv6:") ? String(inner.dropFirst(5)) : inner
            self = NetworkAddress(address).map { .literal($0) } ?? .invalid
            return
        }
        var name = domain
        if name.hasSuffix(".") { name.removeLast() }
        if name.utf8.contains(where: { $0 >= 0x80 }) {
            guard let ascii = Self.ascii(name) else {
                self = .invalid
                return
            }
            name = ascii
        }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        let isName =
            name.utf8.count <= 253 && labels.allSatisfy { (1...63).contains($0.utf8.count) }
            && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        self = isName ? .name(name.lowercased()) : .invalid
    }

    /// U-labels as A-labels (RFC 5891); nil: not to be written so.
    private static func ascii(_ name: String) -> String? {
        var out: UnsafeMutablePointer<CChar>?
        guard idn2_to_ascii_8z(name, &out, Int32(IDN2_NONTRANSITIONAL.rawValue)) == IDN2_OK.rawValue, let out else {
            return nil
        }
        defer { idn2_free(out) }
        return String(cString: out)
    }
}
