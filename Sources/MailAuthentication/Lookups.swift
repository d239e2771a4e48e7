package import MailTypes

/// What the DNS said.
package enum Lookup<Value: Sendable>: Sendable {
    /// At least one.
    case found([Value])
    /// There is none; `nameExists`: the name has records of other types.
    case none(nameExists: Bool)
    /// No answer now: silent or failing servers, forged answers, no time left.
    case failed(String)
}

extension Lookup: Equatable where Value: Equatable {}

/// One MX record.
package struct Exchanger: Sendable, Hashable {
    package var preference: Int
    /// Without the last dot; empty for the root (RFC 7505).
    package var host: String
    package init(preference: Int, host: String) {
        self.preference = preference
        self.host = host
    }
}

package enum AddressFamily: Sendable, Hashable { case ipv4, ipv6 }

/// Questions to the DNS that checks ask. Names are ASCII, without the last dot; a name that cannot be one has no
/// records. Whoever answers keeps to a time limit: an answer comes, if only ``Lookup/failed(_:)``.
package protocol AuthenticationLookups: Sendable {
    /// TXT records, each with its strings joined (RFC 7208 §3.3).
    func texts(at name: String) async -> Lookup<[UInt8]>
    func addresses(of name: String, _ family: AddressFamily) async -> Lookup<NetworkAddress>
    func exchangers(of name: String) async -> Lookup<Exchanger>
    /// Names that the address has by PTR records.
    func names(of address: NetworkAddress) async -> Lookup<String>
}

/// Names in the DNS.
package enum DNSName {
    package static let most = 253

    /// Labels of 1 to 63 octets, 253 in all (RFC 1035 §2.3.4).
    package static func isName(_ name: String) -> Bool {
        name.utf8.count <= most
            && name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy {
                (1...63).contains($0.utf8.count)
            }
    }

    /// Lower case, without the last dot.
    package static func plain(_ name: some StringProtocol) -> String {
        let text = name.lowercased()
        return text.hasSuffix(".") ? String(text.dropLast()) : text
    }

    /// The same name, or one below it.
    package static func isWithin(_ name: String, _ domain: String) -> Bool {
        name == domain || name.hasSuffix("." + domain)
    }

    /// The address as names of reverse zones and block lists have it, without the zone: octets of IPv4, half octets of
    /// IPv6, the last one first (RFC 1035 §3.5, RFC 3596 §2.5).
    package static func reversed(_ address: NetworkAddress) -> String {
        labels(of: address).reversed().joined(separator: ".")
    }

    /// The same in the order in which it is written.
    static func labels(of address: NetworkAddress) -> [String] {
        if address.isIPv4 { return address.octets.map { String($0) } }
        return address.octets.flatMap { [String($0 >> 4, radix: 16), String($0 & 15, radix: 16)] }
    }
}
