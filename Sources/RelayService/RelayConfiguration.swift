package import DKIMSigning
package import DeliveryQueue
package import MailRouting
package import MailTypes
package import PolicyRules
package import ProcessLife
package import SASLAuthentication
package import SMTPTransport

/// The HTTP listener: injection, metrics, liveness.
package struct HTTPConfiguration: Sendable {
    package var host: String
    /// 0 picks a free port.
    package var port: Int
    package var tls: TLSServerContext?
    /// Clients that need no key.
    package var trusted: NetworkSet
    /// Names and keys, kept as users' passwords are; nil: none.
    package var keys: UserFile?
    package var bodyLimit = 32 << 20
    package var connections = 1_024
    /// For a header, and for a body.
    package var requestSeconds = 60.0
    /// The admin API is served, too.
    package var offersAdmin = false
    /// Clients that need no key for it.
    package var adminTrusted = NetworkSet()
    /// Names of keys that may use it.
    package var adminKeys: Set<String> = []

    package init(host: String, port: Int, trusted: NetworkSet) {
        self.host = host
        self.port = port
        self.trusted = trusted
    }
}

/// What `mta serve` was asked to do.
package struct RelayConfiguration: Sendable {
    /// At least one; the first one's address is printed first.
    package var listeners: [ListenerConfiguration]
    package var relayPolicy = RelayPolicy.loopbackOnly
    /// Rules and plug-ins; nil: none.
    package var mailPolicy: PolicyMachine?
    /// Who may authenticate; nil: nobody.
    package var users: UserFile?
    package var hostname: String
    package var routes: RouteTable
    /// Needed where ``routes`` go by MX records.
    package var exchangers: (any ExchangerLookup)?
    package var egress = EgressConfiguration()
    /// Mail whose header says `TLS-Required: No` goes in the clear rather than not at all (RFC 8689 §5).
    package var obeysTLSRequired = false
    /// Needed where ``egress`` uses DANE or MTA-STS, or where TLS is reported.
    package var security: NextHopSecurity?
    /// Which signatures messages get.
    package var dkim = DKIMPolicy()
    package var signingThreads = 1
    package var threads: Int
    package var policies: DestinationPolicies
    /// Connections to next hops, over all destinations and loops.
    package var outboundConnections = 32
    /// Message content kept in memory until its first attempt is over, bytes over all loops; beyond it content is
    /// read back from the spool.
    package var residentBytes = 1 << 30
    /// Content received and not committed yet, bytes over all loops; beyond it clients are not read from.
    package var receptionBytes = 256 << 20
    /// How long 250 may be held back while mail comes in faster than it goes out, milliseconds; 0: never.
    package var inflowDelayMilliseconds: UInt64 = 250
    /// With less free on the spool's file system new mail is told 452; queued mail goes on.
    package var minimumFreeBytes = 256 << 20
    /// The same for inodes.
    package var minimumFreeInodes = 1_000
    /// What the process may hold before new mail is told 452 and new clients 421; nil: nine tenths of its control
    /// group's limit, if there is one.
    package var memoryLimitBytes: Int?
    /// Messages in the spool beyond which new mail is told 452; nil: no limit.
    package var maximumQueued: Int?
    /// Nil: the spool has no files.
    package var spoolDirectory: String?
    /// Bound already, by the listener's name; the others are bound when the relay starts.
    package var sockets = BoundSockets()
    /// Larger messages are not sent back with RET=FULL, only their header.
    package var returnedContentBytes = 1 << 20
    /// Nil: none.
    package var http: HTTPConfiguration?
    package var metrics = MetricsConfiguration()
    /// Nil: no event log.
    package var events: EventConfiguration?
    /// Nil: nobody is told what failures were about.
    package var classification: ReplyRules?
    /// Addresses that bounces and complaints come back to.
    package var reports = ReportRules()
    /// Nil: no shaping.
    package var shaping: ShapingConfiguration?
    /// Names printed in the record.
    package var spoolName: String
    package var durabilityName: String
    package var recordPath: String?
    /// Unix socket for operators; nil: none.
    package var controlPath: String?
    /// Where orders are kept that hold over restarts; nil: they end with the process.
    package var ordersPath: String?
    package var arguments: [String] = []
    /// Seconds that SIGTERM gives clients and deliveries in progress.
    package var drainSeconds: Double = 10

    package init(
        listeners: [ListenerConfiguration], hostname: String, routes: RouteTable, threads: Int,
        policies: DestinationPolicies, spoolName: String, durabilityName: String
    ) {
        self.listeners = listeners
        self.hostname = hostname
        self.routes = routes
        self.threads = threads
        self.policies = policies
        self.spoolName = spoolName
        self.durabilityName = durabilityName
    }
}
