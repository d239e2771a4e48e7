package import MailTypes

/// How exchangers are looked up.
package struct ResolverSettings: Sendable {
    package enum Families: Sendable, Hashable { case both, ipv4, ipv6 }
    package struct StubZone: Sendable, Hashable {
        package var name: String
        /// `ADDRESS` or `ADDRESS@PORT`.
        package var server: String
        package init(name: String, server: String) {
            self.name = name
            self.server = server
        }
    }

    /// `ADDRESS` or `ADDRESS@PORT`; empty: those of /etc/resolv.conf.
    package var servers: [String] = []
    /// Ask the root and follow, whatever ``servers`` says.
    package var isRecursive = false
    package var stubZones: [StubZone] = []
    /// File of trust anchors; nil: nothing is validated.
    package var trustAnchorFile: String?
    /// For one domain with all its hosts.
    package var timeoutSeconds = 10.0
    package var families = Families.both
    /// No exchanger may be there.
    package var prohibited = NetworkSet()
    /// This host's names, lower case, and addresses: mail that comes back to it loops.
    package var ownNames: Set<String> = []
    package var ownAddresses: Set<NetworkAddress> = []
    package var cacheEntries = 65_536
    package var cacheSeconds = 30.0...86_400.0
    /// Domains asked for at a time; others wait their turn.
    package var concurrency = 512

    package init() {}
}
