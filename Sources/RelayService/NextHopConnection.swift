import DeliveryQueue
import MailTypes
import Measures
import NIOCore
import SMTPProtocol
import SMTPTransport

/// One connection to the next hop of a destination, kept open and used again: takes deliveries from its shard as long
/// as there are any and it is not another destination's turn.
final class NextHopConnection: SMTPClientDelegate {
    /// Which delivery and which recipients of its message the open transaction carries.
    struct Load {
        var lease: DeliveryQueue.Lease
        var recipients: [Int]
    }
    /// Deliveries before another destination that waits gets its turn: a new connection costs about as much as these.
    static let turn = 20

    private unowned let shard: RelayShard
    private let hop: RouteTable.Hop
    let destination: Destination
    private(set) var connection: SMTPClientConnection?
    private var attempt: SMTPClientConnection?
    private(set) var openedAt: UInt64 = 0
    private(set) var loads: [Load] = []
    private(set) var isReady = false
    private var served = 0
    /// A message was leased for this connection and its content is being read from the spool.
    var isLoading = false
    /// It takes no more and ends when it is done.
    var isLeaving = false
    /// Wall milliseconds since it has had nothing to do.
    var restingSince: UInt64 = 0

    init(_ shard: RelayShard, to destination: Destination, hop: RouteTable.Hop) {
        self.shard = shard
        self.destination = destination
        self.hop = hop
    }

    var canTake: Bool { isReady && !isLoading && (connection?.canSend ?? false) }
    var hasServedItsTurn: Bool { served >= Self.turn }

    /// - Parameter now: wall milliseconds.
    func open(now: UInt64) {
        openedAt = now
        attempt = SMTPClientConnection.connect(
            to: hop.address, loop: shard.context, configuration: ClientConfiguration(hostname: shard.hostname),
            delegate: self)
    }

    func send(_ load: Load, _ envelope: Envelope, _ content: OutgoingContent) {
        loads.append(load)
        served += 1
        connection?.send(envelope, content)
    }

    func quit() { connection?.quit() }

    /// It takes too long, and others wait.
    func giveUp() {
        guard !isReady else { return }
        attempt?.abort(.timeout)
        attempt = nil
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
        shard.finished(loads.removeFirst(), result, connection.now)
    }

    func closed(_ connection: SMTPClientConnection, cause: ClientCloseCause, unfinished: [Bool]) {
        let open = Array(zip(loads, unfinished))
        loads = []
        let wasReady = isReady
        isReady = false
        self.connection = nil
        shard.closed(self, wasReady: wasReady, cause: cause, open: open)
    }
}
