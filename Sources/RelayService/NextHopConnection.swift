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
    }
    /// Deliveries before another destination that waits gets its turn: a new connection costs about as much as these.
    static let turn = 20
    /// Addresses that are tried before the destination counts as not reachable.
    static let mostAddresses = 20
    /// Seconds for connecting to one of several addresses, and to the only one.
    private static let connectSeconds: (oneOfMany: Int64, only: Int64) = (10, 30)

    private unowned let shard: RelayShard
    let name: String
    /// Tells it from others of its loop.
    let number: UInt64
    let destination: Destination
    private let policy: EgressPolicy
    private(set) var connection: SMTPClientConnection?
    private var attempt: SMTPClientConnection?
    /// Still to be tried, the next one last.
    private var addresses: [HostAddress] = []
    /// The one being tried or in use.
    private(set) var address: HostAddress?
    private var lastCause = ClientCloseCause.lost("no address to try")
    private var isGivenUp = false
    private(set) var openedAt: UInt64 = 0
    private(set) var loads: [Load] = []
    private(set) var isReady = false
    private(set) var served = 0
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

    init(_ shard: RelayShard, to destination: Destination, name: String) {
        self.shard = shard
        self.destination = destination
        self.name = name
        number = shard.context.takeNumber()
        policy = shard.egress.configuration[name]
    }

    var canTake: Bool { isReady && !isLoading && (connection?.canSend ?? false) }
    var hasServedItsTurn: Bool { served >= Self.turn }
    var hasServedAll: Bool { policy.messagesPerConnection > 0 && served >= policy.messagesPerConnection }

    /// - Parameter now: wall milliseconds.
    func open(now: UInt64) {
        openedAt = now
        shard.find(name) { [self] whereabouts in
            switch whereabouts {
            case .hosts(let found):
                addresses = found.prefix(Self.mostAddresses).map(withPort).reversed()
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

    /// What the DNS found has no port of its own.
    private func withPort(_ found: HostAddress) -> HostAddress {
        guard shard.routes.hop(of: name) == nil else { return found }
        var host = found
        host.address.port = policy.port
        return host
    }

    private func tryNext() {
        guard let next = addresses.popLast(), !isGivenUp else { return end(lastCause) }
        address = next
        connect(to: next)
    }

    private func connect(to target: HostAddress) {
        let tls = shard.isBroken(target.address) && policy.tls == .opportunistic ? .none : policy.tls
        var configuration = ClientConfiguration(hostname: policy.ehloName ?? shard.hostname)
        configuration.tls = tls.client
        configuration.keepsReplies = shard.logs(.delivery)
        configuration.serverProtocol = shard.routes.hop(of: name)?.serverProtocol ?? .smtp
        let seconds = addresses.isEmpty ? Self.connectSeconds.only : Self.connectSeconds.oneOfMany
        attempt = SMTPClientConnection.connect(
            to: target.address, loop: shard.context, configuration: configuration, delegate: self,
            timeout: .seconds(seconds),
            security: .init(
                context: shard.egress.context(tls), name: target.name.isEmpty ? nil : target.name,
                source: shard.egress.source(policy, to: target.address)))
        if !shard.desk.traces.isEmpty, let attempt { shard.follow(self, attempt) }
    }

    func send(_ load: Load, _ envelope: Envelope, _ content: OutgoingContent) {
        loads.append(load)
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
        connection?.abort(.lost("closed by an operator"))
    }

    // MARK: SMTPClientDelegate

    func maySend(_ connection: SMTPClientConnection) {
        if !isReady {
            isReady = true
            attempt = nil
            self.connection = connection
            shard.opened(self)
        }
        if !isLoading { shard.serve(self) }
    }

    func finished(_ connection: SMTPClientConnection, _ result: TransactionResult) {
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
        self.connection = nil
        shard.closed(self, wasReady: true, cause: cause, open: open)
    }

    /// This address was not to be had: the next one, or the same one in the clear where its TLS does not work and need
    /// not.
    private func failed(_ connection: SMTPClientConnection, _ cause: ClientCloseCause) {
        attempt = nil
        lastCause = connection.handshakeFailed ? withoutTLS(cause) : cause
        if connection.handshakeFailed, policy.tls == .opportunistic, let address, !shard.isBroken(address.address) {
            shard.noteBroken(address.address)
            addresses.append(address)
        }
        tryNext()
    }

    /// RFC 3463 §3.8: where mail has to wait for TLS, that is what it waits for.
    private func withoutTLS(_ cause: ClientCloseCause) -> ClientCloseCause {
        guard policy.tls.client == .required, case .lost(let text) = cause else { return cause }
        return .refused(SMTPReply(451, .init(4, 7, 5), "TLS is required and failed: \(text)"))
    }

    /// Not at once: what is known beforehand would end a connection while its shard is still opening others.
    private func end(_ cause: ClientCloseCause) {
        shard.context.eventLoop.assumeIsolated().execute { [self] in
            shard.closed(self, wasReady: false, cause: cause, open: [])
        }
    }
}
