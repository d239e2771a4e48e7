import MailTypes
package import NIOCore

/// Which destination a recipient belongs to, and where its mail goes. A destination is what has a queue, limits and a
/// schedule of its own: a domain that was given some, or else everything that goes to the smart host.
package struct RouteTable: Sendable {
    /// A next hop.
    package struct Hop: Sendable {
        package var address: SocketAddress
        /// `HOST:PORT`, as it was written.
        package var text: String
        package init(address: SocketAddress, text: String) {
            self.address = address
            self.text = text
        }
    }

    package let smartHost: Hop
    private let domains: [[UInt8]: String]
    private let hops: [String: Hop]

    /// - Parameter domains: domains with settings of their own, by name; nil: their mail goes to the smart host, too.
    package init(smartHost: Hop, domains: [String: Hop?] = [:]) {
        self.smartHost = smartHost
        var names: [[UInt8]: String] = [:]
        var hops: [String: Hop] = [:]
        for (domain, hop) in domains {
            let name = domain.lowercased()
            names[Array(name.utf8)] = name
            if let hop { hops[name] = hop }
        }
        self.domains = names
        self.hops = hops
    }

    /// Everything has the same destination.
    var isSingle: Bool { domains.isEmpty }

    /// The destination's name. Domains are compared without regard to case (RFC 5321 §2.4).
    func destination(of recipient: MailAddress) -> String {
        if domains.isEmpty { return smartHost.text }
        let domain = recipient.domain.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }
        return domains[domain] ?? smartHost.text
    }

    func hop(of destination: String) -> Hop { hops[destination] ?? smartHost }

    /// The destinations of these recipients, each once, with how many belong to it.
    func destinations(of recipients: some Sequence<MailAddress>) -> [(name: String, recipients: Int)] {
        var found: [(name: String, recipients: Int)] = []
        for recipient in recipients {
            let name = destination(of: recipient)
            if let index = found.firstIndex(where: { $0.name == name }) {
                found[index].recipients += 1
            } else {
                found.append((name, 1))
            }
        }
        return found
    }
}
