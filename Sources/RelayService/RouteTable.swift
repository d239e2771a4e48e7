package import MailRouting
import MailTypes
package import SMTPProtocol

/// Which destination a recipient belongs to, and where its mail goes. A destination is what has a queue, limits and a
/// schedule of its own: a domain that was given some, everything that goes to the smart host, or, where mail goes by
/// MX records, the domains that share their exchangers.
package struct RouteTable: Sendable {
    /// A next hop that the configuration names.
    package struct Hop: Sendable {
        /// In the order in which they are tried.
        package var addresses: [HostAddress]
        /// `HOST:PORT`, as it was written.
        package var text: String
        package var serverProtocol: ServerProtocol
        package init(addresses: [HostAddress], text: String, serverProtocol: ServerProtocol = .smtp) {
            self.addresses = addresses
            self.text = text
            self.serverProtocol = serverProtocol
        }
    }

    /// Where a domain with settings of its own goes.
    package enum Rule: Sendable {
        case hop(Hop)
        /// As everything else does.
        case usual
        /// By its MX records, whatever everything else does.
        case exchangers
    }

    /// Nil: by MX records.
    package let smartHost: Hop?
    /// Everything has this destination; nil: there are several.
    let only: String?
    /// Some mail goes by MX records.
    package let needsLookups: Bool
    private let names: [[UInt8]: String]
    private let rules: [String: Rule]

    /// - Parameter domains: domains with settings of their own.
    package init(smartHost: Hop?, domains: [String: Rule] = [:]) {
        self.smartHost = smartHost
        var names: [[UInt8]: String] = [:]
        var rules: [String: Rule] = [:]
        for (domain, rule) in domains {
            let name = domain.lowercased()
            names[Array(name.utf8)] = name
            rules[name] = rule
        }
        self.names = names
        self.rules = rules
        only = names.isEmpty ? smartHost?.text : nil
        needsLookups =
            smartHost == nil
            || rules.values.contains { rule in
                if case .exchangers = rule { true } else { false }
            }
    }

    /// How it reads in a record: the smart host, or `MX`.
    var text: String { smartHost?.text ?? "MX" }

    /// Where the mail of a recipient belongs.
    enum Place: Hashable {
        /// A queue with a name of its own.
        case destination(String)
        /// The queue that the domain's exchangers have.
        case exchangers(of: String)
    }

    /// Domains are compared without regard to case (RFC 5321 §2.4).
    /// - Parameter routingDomain: goes where mail for this domain goes (``MessageLabels/routingDomain``).
    func place(of recipient: MailAddress, _ routingDomain: String? = nil) -> Place {
        if let only { return .destination(only) }
        let wanted = routingDomain.map { Array($0.utf8)[...] } ?? recipient.domain
        let domain = wanted.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }
        if let name = names[domain] { return .destination(name) }
        if let smartHost { return .destination(smartHost.text) }
        return .exchangers(of: String(decoding: domain, as: UTF8.self))
    }

    /// The destination is a domain that has its queue by configuration.
    package func isNamed(_ destination: String) -> Bool { rules[destination] != nil }

    /// The next hop of a destination; nil: look up its exchangers.
    package func hop(of destination: String) -> Hop? {
        switch rules[destination] {
        case .hop(let hop)?: return hop
        case .exchangers?: return nil
        case .usual?, nil: return smartHost
        }
    }

    /// The destination is a domain that has its queue by configuration, and goes by its MX records.
    func goesByExchangers(_ destination: String) -> Bool {
        if case .exchangers? = rules[destination] { return true }
        return smartHost == nil && rules[destination] != nil
    }
}
