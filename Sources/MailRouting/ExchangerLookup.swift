package import MailTypes
package import NIOCore
package import TransportSecurity

/// One address that mail can be taken to.
package struct HostAddress: Sendable, Hashable {
    package var address: SocketAddress
    /// Host name, for TLS; empty: none.
    package var name: String
    /// DNSSEC vouches for it that mail goes to a host of this name.
    package var isNameSecure = false
    /// The recipients' domain is an alias of this one, says DNSSEC.
    package var domainAlias: String?
    /// What the MTA-STS policy of the recipients' domain says of the host; nil: there is none.
    package var policy: HostPolicy?
    package init(address: SocketAddress, name: String) {
        self.address = address
        self.name = name
    }
}

/// What an MTA-STS policy demands of one host.
package struct HostPolicy: Sendable, Hashable {
    /// Whose policy it is.
    package var domain: String
    package var policy: StrictTransportPolicy
    /// The host is one of those that the policy names.
    package var coversHost: Bool
    package init(domain: String, policy: StrictTransportPolicy, coversHost: Bool) {
        self.domain = domain
        self.policy = policy
        self.coversHost = coversHost
    }
}

/// Where a domain's mail goes by the DNS (RFC 5321 §5.1).
package protocol ExchangerLookup: Sendable {
    /// What is known without asking; nil: ask. Called for each message: it must be quick.
    func known(_ domain: String) -> ExchangerOutcome?
    /// Asks; the answer comes on the event loop.
    func ask(_ domain: String, on loop: any EventLoop) -> EventLoopFuture<ExchangerOutcome>
}

package enum ExchangerOutcome: Sendable, Hashable {
    /// Addresses in the order in which they are tried, and the name that domains with the same exchangers share.
    case hosts(site: String, addresses: [HostAddress])
    /// There is no way, and there will be none.
    case permanent(SMTPReply)
    case temporary(SMTPReply)
}
