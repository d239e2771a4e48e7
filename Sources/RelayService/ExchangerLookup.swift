package import MailTypes
package import NIOCore

/// Where a domain's mail goes by the DNS (RFC 5321 §5.1).
package protocol ExchangerLookup: Sendable {
    /// What is known without asking; nil: ask. Called for each message: it must be quick.
    func known(_ domain: String) -> ExchangerOutcome?
    /// Asks; the answer comes on the event loop.
    func ask(_ domain: String, on loop: any EventLoop) -> EventLoopFuture<ExchangerOutcome>
}

package enum ExchangerOutcome: Sendable {
    /// Addresses in the order in which they are tried, and the name that domains with the same exchangers share.
    case hosts(site: String, addresses: [RouteTable.Address])
    /// There is no way, and there will be none.
    case permanent(SMTPReply)
    case temporary(SMTPReply)
}
