package import MailTypes

/// Whether a client has a name that leads back to it (RFC 8601 §3, iprev).
package struct ReverseNameResult: Sendable, Hashable {
    /// pass; fail: it has names and none leads back; permerror: it has none; temperror.
    package var outcome: AuthenticationOutcome
    package var address: NetworkAddress
    /// The name that leads back, else the first one.
    package var name: String?
    package var reason = ""
}

package enum ReverseNameCheck {
    /// Names that are followed.
    package static let mostNames = 5

    package static func run(_ address: NetworkAddress, _ lookups: any AuthenticationLookups) async -> ReverseNameResult
    {
        var result = ReverseNameResult(outcome: .permerror, address: address, reason: "it has no name")
        switch await lookups.names(of: address) {
        case .failed(let text): (result.outcome, result.reason) = (.temperror, text)
        case .none: break
        case .found(let names):
            (result.outcome, result.name, result.reason) = (.fail, names.first, "no name of it leads back to it")
            for name in names.prefix(mostNames) {
                switch await lookups.addresses(of: name, address.isIPv4 ? .ipv4 : .ipv6) {
                case .found(let addresses) where addresses.contains(address):
                    (result.outcome, result.name, result.reason) = (.pass, name, "")
                    return result
                case .failed(let text): (result.outcome, result.reason) = (.temperror, "\(name): \(text)")
                default: break
                }
            }
        }
        return result
    }
}
