package import MailTypes
package import NIOCore

/// One address that mail can be taken to.
package struct HostAddress: Sendable, Hashable {
    package var address: SocketAddress
    /// Host name, for TLS; empty: none.
    package var name: String
    package init(address: SocketAddress, name: String) {
        self.address = address
        self.name = name
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
