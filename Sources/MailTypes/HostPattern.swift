/// Hosts by their name, by what they are below, or by their address.
package enum HostPattern: Sendable, Hashable {
    /// Lower case, without a dot at the end.
    case name(String)
    /// Everything below it: `.example.org`.
    case below(String)
    case network(NetworkPrefix)

    /// - Parameter text: `mx.example.org`, `.example.org`, `192.0.2.0/24`, `2001:db8::1`; nil: it is none of these.
    package init?(_ text: String) {
        if let network = NetworkPrefix(text) {
            self = .network(network)
            return
        }
        let name = (text.hasPrefix(".") ? String(text.dropFirst()) : text).lowercased()
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        let isName =
            name.utf8.count <= 253 && labels.allSatisfy { (1...63).contains($0.utf8.count) }
            && name.utf8.allSatisfy(Self.isNameByte)
            && !(labels.last?.utf8.allSatisfy { (0x30...0x39).contains($0) } ?? true)
        guard isName else { return nil }
        self = text.hasPrefix(".") ? .below("." + name) : .name(name)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
        default: byte >= 0x80
        }
    }

    /// - Parameters:
    ///   - name: of the host; empty: it has none.
    ///   - address: nil: unknown.
    package func matches(_ name: String, _ address: NetworkAddress?) -> Bool {
        switch self {
        case .network(let network): return address.map(network.contains) ?? false
        case .name(let own): return Self.plain(name) == own
        case .below(let suffix): return Self.plain(name).hasSuffix(suffix)
        }
    }

    private static func plain(_ name: String) -> String {
        let name = name.lowercased()
        return name.hasSuffix(".") ? String(name.dropLast()) : name
    }
}

extension HostPattern: CustomStringConvertible {
    package var description: String {
        switch self {
        case .name(let text), .below(let text): text
        case .network(let network): "\(network)"
        }
    }
}
