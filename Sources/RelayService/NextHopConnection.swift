import DeliveryQueue
import MailRouting
import MailTypes
import Measures
import NIOCore
import SMTPProtocol
import SMTPTransport

/// One connection to a destination, kept open and used again: takes deliveries from its shard as long as there are any
/// and it is not another destination's turn. Tries the destination's addresses one after the other until one is ready.
final class NextHopConnection: SMTPClientDelegate {
    /// Which delivery and which recipients of its message the open transaction carries.
    struct Load {
        var lease: DeliveryQueue.Lease
        var recipients: [Int]
        /// Octets of content, where it goes out with BDAT.
        var chunk: Int?
        /// When it was handed over; nil: nobody measures.
        var began: MonotonicInstant?
    }
    /// Deliveries before another destination that waits gets its turn: a new connection costs about as much as these.
    static let turn = 20
    /// Addresses that are tried before the destination counts as not reachable.
    static let mostAddresses = 20
    /// Seconds for connecting to one of several addresses, and to the only one.
    private static let connectSeconds: (oneOfMany: Double, only: Double) = (10, 30)

    unowned let shard: RelayShard
    /// Tells it from others of its loop.
    let number: UInt64
    let destination: Destination
    /// A reload or shaping may change its limits.
    var path: EgressPath
    /// Of the limits that it counts against: given back at its end.
    var heldKeys: [String]
    /// Nil where it has no source.
    let counts: SourceCounts?
    /// A rate lets it begin no message before then, wall milliseconds.
    var mayBeginAt: UInt64 = 0
    /// What of its own source made it fail; nil: nothing, as far as is known.
    private(set) var sourceFault: OwnFault?
    let policy: EgressPolicy
    private(set) var connection: SMTPClientConnection?
    private var attempt: SMTPClientConnection?
    /// Still to be tried, the next one last.
    private var addresses: [HostAddress] = []
    /// All that may be tried, in their order.
    private(set) var hosts: [HostAddress] = []
    /// The one being tried or in use.
    private(set) var address: HostAddress?
    /// What the connection to ``address`` has to be.
    private(set) var security = HopSecurity()
    private var lastCause = ClientCloseCause.lost("no address to try")
    private var isGivenUp = false
    private(set) var isAborted = false
    private(set) var openedAt: UInt64 = 0
    private(set) var loads: [Load] = []
    private(set) var isReady = false
    private(set) var served = 0
    /// Transactions that ended well.
    private var accepted = 0
    private var lastWasChunk = false
    /// The last address failed at its TLS.
    private(set) var tlsFailed = false
    /// Its TLS failed just now, and need not be.
    private var clearAddress: SocketAddress?
    /// It went away for something that connections to its host are spared from now on.
    var hasNewFault = false
    /// It went away, and what was under way goes to another host at once.
    private(set) var goesOnElsewhere = false
    /// There is no way to the destination, says the DNS.
    private(set) var impossible: SMTPReply?
    /// The destination's mail belongs elsewhere now.
    private(set) var hasMoved = false
    /// A message was leased for this connection and its content is being read from the spool.
    var isLoading = false
    /// It takes no more and ends when it is done.
    var isLeaving = false
    /// Wall milliseconds since it has had nothing to do.
    var restingSince: UInt64 = 0

    init(_ shard: RelayShard, to destination: Destination, _ path: EgressPath) {
        self.shard = shard
        self.destination = destination
        number = shard.context.takeNumber()
        self.path = path
        heldKeys = path.claims.map(\.key)
        counts = path.source.map { shard.counts(of: $0.name) }
        policy = shard.egress.configuration.policy(path)
    }

    var name: String { path.destination }
    var isLMTP: Bool { connection?.session.configuration.serverProtocol == .lmtp }
    var recipientsPerTransaction: Int {
        min(QueuedMessage.recipientsPerTransaction, path.limits.recipientsPerTransaction ?? .max)
    }

    /// The next hop takes the time over by which mail has to be there; so does who has it in the mailbox.
    var offersDeliverBy: Bool {
        isLMTP || connection?.session.capabilities.deliverBy != nil
    }

    var canTake: Bool { isReady && !isLoading && (connection?.canSend ?? false) }
    var hasServedItsTurn: Bool { served >= Self.turn }
    var hasServedAll: Bool {
        served >= path.limits.messagesPerConnection ?? .max
    }

    /// - Parameter now: wall milliseconds.
    func open(now: UInt64) {
        openedAt = now
        shard.find(name) { [self] whereabouts in
            switch whereabouts {
            case .hosts(let found):
                hosts = reachable(notSkipped(found)).prefix(Self.mostAddresses).map(withPort)
                hosts = shard.hostMemory.order.sorted(hosts, of: name, now: now) { $0.address }
                addresses = hosts.reversed()
                tryNext()
            case .temporary(let reply): end(.refused(reply))
            case .impossible(let reply):
                impossible = reply
                end(.refused(reply))
            case .moved:
                hasMoved = true
                end(.refused(SMTPReply(451, .init(4, 4, 4), "Its mail goes elsewhere now")))
            }
        }
    }

    private func notSkipped(_ found: [HostAddress]) -> [HostAddress] {
        guard !policy.hosts.skipped.isEmpty else { return found }
        let rest = found.filter { !policy.hosts.skips($0.name, $0.address) }
        if rest.isEmpty {
            lastCause = .refused(SMTPReply(451, .init(4, 4, 4), "All hosts of \(name) are among skip_hosts"))
        }
        return rest
    }

    /// A source without an address of a host's family must not send from one that the system chooses.
    private func reachable(_ found: [HostAddress]) -> [HostAddress] {
        guard let source = path.source else { return found }
        let own = found.filter { source.reaches(isIPv4: $0.address.protocol == .inet) }
        if own.isEmpty, !found.isEmpty {
            lastCause = .unreachable("source '\(source.name)' has no address of the family of \(name)'s hosts")
            address = found.first
        }
        return own
    }

    /// What the DNS found has no port of its own; the source's wins over all.
    private func withPort(_ found: HostAddress) -> HostAddress {
        var host = found
        if let port = path.source?.port {
            host.address.port = port
        } else if shard.routes.hop(of: name) == nil {
            host.address.port = policy.port
        }
        return host
    }

    private func tryNext() {
        guard let next = addresses.popLast(), !isGivenUp else { return end(lastCause) }
        address = next
        guard mustAsk(of: next) else { return connect(to: next, .usual) }
        askDemand(of: next) { [self] demand in
            if isGivenUp { return end(lastCause) }
            guard let refusal = refusal(demand, next) else { return connect(to: next, demand) }
            lastCause = .refused(refusal)
            tryNext()
        }
    }

    private func connect(to target: HostAddress, _ demand: HopDemand) {
        let isBroken = target.address == clearAddress || shard.fails(.tls, at: target.address)
        security = HopSecurity(demand, policy, isBroken: isBroken)
        var configuration = ClientConfiguration(hostname: path.source?.ehloName ?? policy.ehloName ?? shard.hostname)
        configuration.tls = security.tls.client
        prepare(&configuration, target)
        configuration.keepsReplies = shard.logs(.delivery)
        configuration.serverProtocol = shard.routes.hop(of: name)?.serverProtocol ?? .smtp
        let (local, proxy) = (path.source?.addresses ?? policy.sources, path.source?.proxy)
        var way = security.client(
            target, shard.egress, policy, source: shard.egress.source(local, to: proxy?.address ?? target.address))
        way.proxy = proxy
        let usual = addresses.isEmpty ? Self.connectSeconds.only : Self.connectSeconds.oneOfMany
        let seconds = policy.security.connectSeconds ?? usual
        attempt = SMTPClientConnection.connect(
            to: target.address, loop: shard.context, configuration: configuration, delegate: self,
            timeout: .milliseconds(Int64(seconds * 1000)), security: way)
        if !shard.desk.traces.isEmpty, let attempt { shard.follow(self, attempt) }
    }

    func send(_ load: Load, _ envelope: Envelope, _ content: OutgoingContent) {
        var load = load
        lastWasChunk = connection?.session.sendsChunk(content.form) ?? false
        if lastWasChunk { load.chunk = content.size }
        loads.append(load)
        if shard.isMeasuring { loads[loads.count - 1].began = .now() }
        served += 1
        connection?.send(envelope, content)
    }

    func quit() { connection?.quit() }

    /// Both ends of the connection, as events name them; put together once.
    private(set) lazy var ends = ConnectionEnds(self)

    /// It takes too long, and others wait.
    func giveUp() {
        guard !isReady else { return }
        isGivenUp = true
        attempt?.abort(.timeout)
        attempt = nil
    }

    /// An operator has had enough of it.
    func abort() {
        guard isReady else { return giveUp() }
        isAborted = true
        connection?.abort(.lost("closed by an operator"))
    }

    // MARK: SMTPClientDelegate

    func maySend(_ connection: SMTPClientConnection) {
        if !isReady {
            isReady = true
            attempt = nil
            self.connection = connection
            noteReady(connection)
            shard.opened(self)
        }
        if !isLoading { shard.serve(self) }
    }

    func finished(_ connection: SMTPClientConnection, _ result: TransactionResult) {
        if result.isAccepted { accepted += 1 }
        shard.finished(
            loads.removeFirst(), result, connection.now, success: success(connection.session), at: self)
    }

    /// RFC 3461 §5.2: a server with DSN takes the wish to be told over, one that speaks LMTP has it in the mailbox.
    private func success(_ session: borrowing ClientSession) -> QueuedMessage.Success {
        if session.capabilities.dsn { return .reportedByNextHop }
        return session.configuration.serverProtocol == .lmtp ? .delivered : .relayed
    }

    func closed(_ connection: SMTPClientConnection, cause: ClientCloseCause, unfinished: [Bool]) {
        guard isReady else { return failed(connection, cause) }
        let open = Array(zip(loads, unfinished))
        loads = []
        isReady = false
        if let contentSent = unfinished.first {
            noteFault(
                connection, cause, .init(accepted: accepted, lastWasChunk: lastWasChunk, contentSent: contentSent))
            goesOnElsewhere = !hasNewFault && goesOn(after: cause)
        }
        self.connection = nil
        shard.closed(self, wasReady: true, cause: cause, open: open)
    }

    /// This address was not to be had: the next one, or the same one in the clear where its TLS does not work and need
    /// not.
    private func failed(_ connection: SMTPClientConnection, _ cause: ClientCloseCause) {
        attempt = nil
        tlsFailed = connection.handshakeFailed
        sourceFault = connection.ownFault
        // Another host would be tried by the same proxy and the same address.
        if sourceFault == .proxy { addresses = [] }
        if mustBeSeparate(connection) {
            hasMoved = true
            return end(.refused(SMTPReply(451, .init(4, 4, 4), "Its mail goes by itself now")))
        }
        noteFailed(connection, cause)
        lastCause = connection.handshakeFailed ? withoutTLS(cause) : withoutAuthentication(connection, cause)
        if connection.handshakeFailed, security.tls == .opportunistic, let address {
            clearAddress = address.address
            shard.note(.tls, at: address.address, for: policy.security.brokenTLSMilliseconds)
            addresses.append(address)
        }
        tryNext()
    }

    /// Not at once: what is known beforehand would end a connection while its shard is still opening others.
    private func end(_ cause: ClientCloseCause) {
        shard.context.eventLoop.assumeIsolated().execute { [self] in
            shard.closed(self, wasReady: false, cause: cause, open: [])
        }
    }
}
