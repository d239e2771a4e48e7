import MailTypes
import Measures
import NIOCore
import SMTPProtocol
import SMTPTransport

/// One connection to the next hop, kept open and used again: takes messages from its shard as long as there are any.
final class NextHopConnection: SMTPClientDelegate {
    /// A lease: which message and which of its recipients the open transaction carries.
    struct Load {
        var id: MessageID
        var recipients: [Int]
    }

    private unowned let shard: RelayShard
    private(set) var connection: SMTPClientConnection?
    private(set) var loads: [Load] = []
    private(set) var isReady = false
    /// A message was leased for this connection and its content is being read from the spool.
    var isLoading = false
    /// Wall milliseconds since it has had nothing to do.
    var restingSince: UInt64 = 0

    init(_ shard: RelayShard) { self.shard = shard }

    var canTake: Bool { isReady && !isLoading && (connection?.canSend ?? false) }

    func open() {
        SMTPClientConnection.connect(
            to: shard.configuration.smartHost, loop: shard.context,
            configuration: ClientConfiguration(hostname: shard.hostname), delegate: self)
    }

    func send(_ load: Load, _ envelope: Envelope, _ content: OutgoingContent) {
        loads.append(load)
        connection?.send(envelope, content)
    }

    func quit() { connection?.quit() }

    // MARK: SMTPClientDelegate

    func maySend(_ connection: SMTPClientConnection) {
        if !isReady {
            isReady = true
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
