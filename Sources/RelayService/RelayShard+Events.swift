import ControlPlane
import DeliveryQueue
import EventLog
import MailTypes
import Measures
import NIOCore
import PolicyRules
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

    /// Where its kind is wanted.
    func log(_ event: consuming MailEvent) {
        guard events!.log.settings.complete(&event) else { return }
        event.append(to: &events!.lines)
        events!.count += 1
        if events!.lines.count >= EventBuffer.most { events!.flush() }
    }

    /// What operators call a connection, and when this process began: it is told from those of other lives.
    func session(_ id: String) -> String { id + Self.lifeSuffix }
    private static let lifeSuffix = "@\(WallInstant.now().milliseconds / 1000)"

    /// Octets of one field that events have.
    private static let fieldLimit = 1_024

    /// Fields of the header that the log wants, where the content is in memory; several of a name together.
    private func loggedFields(_ content: MessageContent?) -> [LoggedField] {
        guard let wanted = events?.log.settings.headers, !wanted.isEmpty, let content else { return [] }
        var found: [LoggedField] = []
        for (name, value) in PolicyHeader.fields(of: WireConversion.header(content), where: wanted.contains) {
            let value = String(decoding: value.utf8.prefix(Self.fieldLimit), as: UTF8.self)
            if let index = found.firstIndex(where: { $0.name == name }) {
                found[index].values.append(value)
            } else {
                found.append(LoggedField(name: name, values: [value]))
            }
        }
        return found
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
        event.headers = loggedFields(message.content)
        if let discarded { (event.queue, event.response) = ("null", discarded) }
        switch sender {
        case .client(let connection, let listener, _):
            event.describe(connection, listener)
            event.session = session(id(of: connection))
        case .injection(_, let caller):
            (event.receptionProtocol, event.listener, event.user) = ("HTTP", "http", caller.user)
            event.peer = caller.peer.map { .init(name: "", address: $0.description) }
        case .ourselves: event.receptionProtocol = "internal"
        }
        log(event)
    }

    /// Counted, too.
    func logRejection(_ rejection: Rejection, _ connection: SMTPServerConnection, _ listener: ListenerState) {
        meters.rejections.add(rejection.reply)
        guard logs(.rejection) else { return }
        var event = MailEvent(.rejection, at: wallMilliseconds())
        event.sender = rejection.reversePath
        event.recipients = rejection.recipients
        event.response = rejection.reply
        event.describe(connection, listener)
        event.session = session(id(of: connection))
        log(event)
    }

    // MARK: Going out

    /// What a next hop said, in as many events as there are outcomes: those that it refused one by one, and the rest.
    func logOutcome(
        _ load: NextHopConnection.Load, _ message: QueuedMessage, _ result: TransactionResult, _ hop: NextHopConnection
    ) {
        guard events != nil else { return }
        let refused = Dictionary(result.refusedRecipients.map { ($0.index, $0) }) { first, _ in first }
        var others: [MailAddress] = []
        for (position, index) in load.recipients.enumerated() {
            let address = message.envelope.recipients[index]
            if let refusal = refused[position] {
                let command = Self.command(refusal.stage, load, message, to: address)
                logAttempt(load.lease, message, [address], refusal.reply, command, hop)
            } else {
                others.append(address)
            }
        }
        guard !others.isEmpty else { return }
        let stage = result.isAccepted ? .final : result.stage
        logAttempt(
            load.lease, message, others, result.refusal ?? result.acceptance ?? SMTPReply(250, nil, ""),
            Self.command(stage, load, message, to: others[0]), hop)
    }

    /// What the next hop's reply was to.
    private static func command(
        _ stage: TransactionStage, _ load: NextHopConnection.Load, _ message: QueuedMessage, to recipient: MailAddress
    ) -> String {
        switch stage {
        case .mail: "MAIL FROM:<\(message.envelope.reversePath)>"
        case .rcpt: "RCPT TO:<\(recipient)>"
        case .data: "DATA"
        case .final: load.chunk.map { "BDAT \($0) LAST" } ?? "."
        }
    }

    private func logAttempt(
        _ lease: DeliveryQueue.Lease, _ message: QueuedMessage, _ recipients: [MailAddress], _ reply: SMTPReply,
        _ command: String, _ hop: NextHopConnection
    ) {
        let kind: MailEvent.Kind =
            reply.isPositive ? .delivery : reply.isPermanent ? .bounce : .transientFailure
        guard logs(kind) else { return }
        var event = event(kind, lease.id, message, queue: queue.name(of: lease.destination))
        event.recipients = recipients
        (event.response, event.command) = (reply, command)
        event.attempts = lease.attempts
        event.describe(hop)
        event.session = hop.ends.session
        classify(&event)
        log(event)
    }

    /// The attempt came to nothing and is made again at once: it uses up none.
    func logRetry(_ load: NextHopConnection.Load, _ reply: SMTPReply, _ hop: NextHopConnection) {
        guard logs(.transientFailure), let message = messages[load.lease.id] else { return }
        var event = event(.transientFailure, load.lease.id, message, queue: queue.name(of: load.lease.destination))
        event.recipients = load.recipients.map { message.envelope.recipients[$0] }
        event.response = reply
        event.attempts = load.lease.attempts
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
        if egress.hasPools { event.egressPool = egress.configuration.pool(of: name) }
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
        event.headers = loggedFields(message?.content)
        if let name { describe(&event, queue: name) }
        return event
    }
}

extension MailEvent {
    mutating func describe(_ connection: SMTPServerConnection, _ listener: ListenerState) {
        peer = Peer(name: connection.session.clientName, address: connection.clientText)
        receptionProtocol = ReceivedField(connection, listener.configuration.kind).keyword
        (tlsVersion, tlsCipher) = (connection.tls?.version, connection.tls?.cipher)
        if let tls = connection.tls { tlsPeerSubject = tls.peerSubject }
        user = connection.session.authenticatedUser
        self.listener = listener.configuration.name
    }

    fileprivate mutating func describe(_ hop: NextHopConnection) {
        let ends = hop.ends
        (peer, source, deliveryProtocol) = (ends.peer, ends.source, ends.protocolName)
        egressSource = hop.path.source?.name
        (tlsVersion, tlsCipher, tlsPeerSubject) = (ends.tlsVersion, ends.tlsCipher, ends.tlsSubject)
    }

    fileprivate mutating func describe(_ labels: MessageLabels?) {
        guard let labels else { return }
        (tenant, campaign, metadata) = (labels.tenant, labels.campaign, labels.metadata)
    }
}
