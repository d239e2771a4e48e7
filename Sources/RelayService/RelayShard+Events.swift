import ControlPlane
import DeliveryQueue
import EventLog
import MailTypes
import NIOCore
import SMTPProtocol
import SMTPTransport
import SpoolContract

/// Events of one shard on their way to the log: handed over four times a second, or when there are many, so that an
/// event costs no lock and no wake-up.
struct EventBuffer {
    static let most = 1 << 16
    let log: EventLog
    var lines: [UInt8] = []
    var count = 0

    mutating func flush() {
        guard count > 0 else { return }
        log.append(lines, events: count)
        lines.removeAll(keepingCapacity: true)
        count = 0
    }
}

// What the log is told. Nothing is put together where there is no log, or where nobody wants such events.
extension RelayShard {
    func logs(_ kind: MailEvent.Kind) -> Bool { events?.log.settings.kinds.contains(kind) ?? false }

    func log(_ event: MailEvent) {
        event.append(to: &events!.lines)
        events!.count += 1
        if events!.lines.count >= EventBuffer.most { events!.flush() }
    }

    // MARK: Coming in

    /// - Parameter discarded: it goes nowhere, for this reason; KumoMTA calls its queue `null`.
    func logReception(_ message: SpoolMessage, _ sender: Sender, discarded: SMTPReply? = nil) {
        guard logs(.reception) else { return }
        var event = MailEvent(.reception, at: wallMilliseconds())
        event.id = message.id
        event.sender = message.envelope.reversePath
        event.recipients = message.envelope.recipients
        event.size = message.content.size
        event.createdMilliseconds = message.acceptedMilliseconds
        event.describe(message.envelope.labels)
        if let discarded { (event.queue, event.response) = ("null", discarded) }
        switch sender {
        case .client(let connection, let listener, _): event.describe(connection, listener)
        case .injection(_, let caller):
            (event.receptionProtocol, event.listener, event.user) = ("HTTP", "http", caller.user)
            event.peer = caller.peer.map { .init(name: "", address: $0.description) }
        case .ourselves: event.receptionProtocol = "internal"
        }
        log(event)
    }

    func logRejection(_ rejection: Rejection, _ connection: SMTPServerConnection, _ listener: ListenerState) {
        guard logs(.rejection) else { return }
        var event = MailEvent(.rejection, at: wallMilliseconds())
        event.sender = rejection.reversePath
        event.recipients = rejection.recipients
        event.response = rejection.reply
        event.describe(connection, listener)
        log(event)
    }

    // MARK: Going out

    /// What a next hop said, in as many events as there are outcomes: those that it refused one by one, and the rest.
    func logOutcome(
        _ load: NextHopConnection.Load, _ message: QueuedMessage, _ result: TransactionResult, _ hop: NextHopConnection
    ) {
        guard events != nil else { return }
        let refused = Dictionary(result.refusedRecipients.map { ($0.index, $0.reply) }) { first, _ in first }
        var others: [MailAddress] = []
        for (position, index) in load.recipients.enumerated() {
            let address = message.envelope.recipients[index]
            if let reply = refused[position] {
                logAttempt(load.lease, message, [address], reply, hop)
            } else {
                others.append(address)
            }
        }
        guard !others.isEmpty else { return }
        logAttempt(load.lease, message, others, result.refusal ?? result.acceptance ?? SMTPReply(250, nil, ""), hop)
    }

    private func logAttempt(
        _ lease: DeliveryQueue.Lease, _ message: QueuedMessage, _ recipients: [MailAddress], _ reply: SMTPReply,
        _ hop: NextHopConnection
    ) {
        let kind: MailEvent.Kind =
            reply.isPositive ? .delivery : reply.isPermanent ? .bounce : .transientFailure
        guard logs(kind) else { return }
        var event = event(kind, lease.id, message, queue: queue.name(of: lease.destination))
        event.recipients = recipients
        event.response = reply
        event.attempts = lease.attempts
        event.describe(hop)
        classify(&event)
        log(event)
    }

    /// - Parameter message: nil where it is not in memory; then whom it is about is in its Reception.
    func log(
        _ kind: MailEvent.Kind, _ id: MessageID, _ message: QueuedMessage?, _ recipients: [Int], queue name: String?,
        _ reply: SMTPReply?
    ) {
        guard logs(kind) else { return }
        var event = event(kind, id, message, queue: name)
        event.recipients = message.map { message in recipients.map { message.envelope.recipients[$0] } } ?? []
        event.attempts = message?.attempts
        event.response = reply
        classify(&event)
        log(event)
    }

    /// An operator gave it other labels.
    func logRebind(_ delivery: DeliveryQueue.Summary, _ message: QueuedMessage?) {
        guard logs(.adminRebind) else { return }
        var event = event(.adminRebind, delivery.id, message, queue: delivery.destination)
        event.recipients = message?.envelope.recipients ?? []
        event.attempts = UInt32(delivery.attempts)
        (event.tenant, event.campaign) = (delivery.label.tenant, delivery.label.campaign)
        log(event)
    }

    /// A destination is left alone for a while: its mail waits.
    func logHold(queue name: String, _ reply: SMTPReply) {
        guard logs(.delayed) else { return }
        var event = MailEvent(.delayed, at: wallMilliseconds())
        event.queue = name
        event.response = reply
        describe(&event, queue: name)
        log(event)
    }

    /// The destination, and where there are pools the one of this queue.
    private func describe(_ event: inout MailEvent, queue text: String) {
        let name = QueueName(text)
        event.site = name.destination
        if egress.hasPools { event.egressPool = name.pool ?? egress.configuration[name.destination].pool }
    }

    private func event(
        _ kind: MailEvent.Kind, _ id: MessageID, _ message: QueuedMessage?, queue name: String?
    ) -> MailEvent {
        var event = MailEvent(kind, at: wallMilliseconds())
        event.id = id
        event.sender = message?.envelope.reversePath
        event.size = message?.size
        event.createdMilliseconds = message?.acceptedMilliseconds ?? id.milliseconds
        event.queue = name
        event.describe(message?.envelope.labels)
        if let name { describe(&event, queue: name) }
        return event
    }
}

extension MailEvent {
    mutating func describe(_ connection: SMTPServerConnection, _ listener: ListenerState) {
        peer = Peer(name: connection.session.clientName, address: connection.clientText)
        receptionProtocol = ReceivedField(connection, listener.configuration.kind).keyword
        tlsVersion = connection.tls?.version
        user = connection.session.authenticatedUser
        self.listener = listener.configuration.name
    }

    fileprivate mutating func describe(_ hop: NextHopConnection) {
        let ends = hop.ends
        (peer, sourceAddress, deliveryProtocol) = (ends.peer, ends.source, ends.protocolName)
        egressSource = hop.path.source?.name
        tlsVersion = hop.connection?.tls?.version
    }

    fileprivate mutating func describe(_ labels: MessageLabels?) {
        guard let labels else { return }
        (tenant, campaign, metadata) = (labels.tenant, labels.campaign, labels.metadata)
    }
}
