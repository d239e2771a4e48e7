package import DeliveryQueue
package import MailTypes
package import MessageBuilding
package import SMTPTransport

/// One listening address and who may do what on it.
package struct ListenerConfiguration: Sendable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case smtp
        /// Clients of ours, which authenticate (RFC 6409).
        case submission
        /// The same with TLS from the first octet (RFC 8314 §3.3).
        case submissions
        case lmtp
    }

    package var name: String
    package var host: String
    /// 0 picks a free port.
    package var port: Int
    package var kind = Kind.smtp
    package var rules = ListenerRules()

    package init(name: String, host: String, port: Int, kind: Kind = .smtp) {
        self.name = name
        self.host = host
        self.port = port
        self.kind = kind
    }
}

/// What of a listener can change while it listens.
package struct ListenerRules: Sendable {
    /// For STARTTLS, or for all of ``ListenerConfiguration/Kind/submissions``; nil: none.
    package var tls: TLSServerContext?
    package var requiresTLS = false
    /// Upper case; offered over TLS only.
    package var authMechanisms: [String] = []
    package var requiresAuthentication = false
    /// From these each connection begins with a PROXY header; nil: there is none.
    package var proxyNetworks: NetworkSet?
    /// These may say who their client is (XCLIENT).
    package var xclientNetworks = NetworkSet()
    package var limits = ClientLimits()
    /// Behind the host name in the greeting.
    package var banner = "ESMTP Millrace"
    /// Goes on top of each message; nil: nothing does.
    package var supplement: SupplementalField?
    /// Client networks with limits of their own; the most specific one wins.
    package var networkLimits = NetworkTable<ClientLimits>()

    package init() {}
}

/// What one client, or a listener's clients together, may do. 0: no limit.
package struct ClientLimits: Sendable, Hashable {
    /// Over the listener.
    package var connections = 100_000
    /// Of one address.
    package var connectionsPerClient = 0
    package var messagesPerConnection = 0
    package var recipients = 1000
    package var messageSize = 33_554_432
    package var errors = 20
    /// Seconds that a client may say nothing between commands.
    package var idleSeconds = 300.0
    /// Messages that one address may begin; nil: as many as it can.
    package var messageRate: DeliveryRate?

    package init() {}
}

/// Who may send mail to anywhere, and where mail goes that anyone may send. The rest is refused: there is no open relay.
package struct RelayPolicy: Sendable {
    package var networks: NetworkSet
    /// Names in verified client certificates.
    package var clientSubjects: Set<String> = []
    /// `example.org`, or `.example.org` for what is below it.
    package var domains: Set<String> = []

    package init(networks: NetworkSet) { self.networks = networks }

    /// Mail for this domain is taken from anyone.
    func isOurs(_ domain: ArraySlice<UInt8>) -> Bool {
        guard !domains.isEmpty else { return false }
        var name = String(decoding: domain, as: UTF8.self).lowercased()[...]
        if domains.contains(String(name)) { return true }
        while let dot = name.firstIndex(of: ".") {
            name = name[dot...]
            if domains.contains(String(name)) { return true }
            name = name.dropFirst()
        }
        return false
    }

    /// This machine's own clients, as long as nothing else is said.
    package static let loopbackOnly = RelayPolicy(
        networks: NetworkSet([NetworkPrefix("127.0.0.0/8")!, NetworkPrefix("::1")!]))
}
