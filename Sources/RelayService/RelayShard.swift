import DeliveryQueue
import MailTypes
import Measures
import NIOCore
import NIOPosix
import SMTPProtocol
import SMTPTransport
import SpoolContract

/// The relay on one event loop: its clients, its part of the queue, its connections to the next hop. Shards share
/// nothing but the group commit, so the path of a message takes no lock besides that one. Confined to its loop.
final class RelayShard: @unchecked Sendable {
    let context: LoopContext
    let configuration: RelayConfiguration
    let spool: any Spool
    let committer: GroupCommitter
    let readers: NIOThreadPool

    var counts = RelayCounts()
    var deliveryLatency = LatencyHistogram()
    var queue: DeliveryQueue
    var messages: [MessageID: QueuedMessage] = [:]
    /// Bytes of content held in memory by ``messages``.
    var residentBytes = 0
    var faults: [String] = []

    // Outbound; see RelayShard+Delivery.
    var connections: [ObjectIdentifier: NextHopConnection] = [:]
    var resting: [NextHopConnection] = []
    var opening = 0
    /// Wall milliseconds until which the next hop is left alone after it could not be reached.
    var holdUntil: UInt64 = 0
    var holdDelay: UInt64 = 0

    private(set) var isDraining = false
    /// The spool's file system is below its low-water mark.
    var isShortOfSpace = false
    private struct Pending {
        var message: SpoolMessage
        /// Nil for a notification of our own.
        var connection: SMTPServerConnection?
    }
    private var pending: [UInt64: Pending] = [:]
    private var nextTicket: UInt64 = 0
    private var nextSequence: UInt64
    private let salt: UInt16
    private var dateSecond: UInt64 = 0
    private var date = ""

    init(
        _ context: LoopContext, _ configuration: RelayConfiguration, _ spool: any Spool, _ committer: GroupCommitter,
        _ readers: NIOThreadPool
    ) {
        self.context = context
        self.configuration = configuration
        self.spool = spool
        self.committer = committer
        self.readers = readers
        queue = DeliveryQueue(policy: configuration.retry)
        salt = UInt16.random(in: 0...UInt16.max)
        nextSequence = UInt64(context.index) << 56
    }

    var hostname: String { configuration.hostname }
    func wallMilliseconds() -> UInt64 { WallInstant.now().milliseconds }

    func newID() -> MessageID {
        nextSequence += 1
        return MessageID(milliseconds: wallMilliseconds(), salt: salt, sequence: nextSequence)
    }

    /// Date of the trace fields, formatted once a second.
    func dateText() -> String {
        let second = wallMilliseconds() / 1000
        if second != dateSecond {
            dateSecond = second
            date = MailDate.text(unixSeconds: Int(second))
        }
        return date
    }

    // MARK: Acceptance

    /// Nil while new mail is taken.
    var refusesNewMail: SMTPReply? {
        if isDraining { return .serviceClosing }
        if isShortOfSpace { return SpoolFault.noSpace("").reply }
        return committer.fault?.reply
    }

    /// Hands the message to the group commit; the client is answered when that is done.
    func accept(_ message: SpoolMessage, from connection: SMTPServerConnection?) {
        nextTicket += 1
        pending[nextTicket] = Pending(message: message, connection: connection)
        committer.submit(message, ticket: nextTicket, observer: self)
    }

    private func settle(_ tickets: [UInt64], _ fault: SpoolFault?) {
        let now = MonotonicInstant.now()
        for ticket in tickets {
            guard let done = pending.removeValue(forKey: ticket) else { continue }
            if let fault { refuse(done, fault) } else { take(done, now) }
        }
        dispatch()
    }

    private func take(_ done: Pending, _ now: MonotonicInstant) {
        let message = done.message
        let recipients = UInt64(message.envelope.recipients.count)
        if let connection = done.connection {
            counts.accepted += recipients
            counts.acceptedMessages += 1
            counts.acceptedBytes += UInt64(message.content.size)
            connection.decide(SMTPReply(250, .init(2, 0, 0), "Ok: queued as \(message.id)"))
        } else {
            counts.generated += recipients
        }
        counts.queued += recipients
        var queued = QueuedMessage(message, acceptedInstant: now)
        if residentBytes + queued.size > configuration.residentBytes / configuration.threads {
            queued.content = nil
        } else {
            residentBytes += queued.size
        }
        messages[message.id] = queued
        queue.accept(message.id)
    }

    private func refuse(_ done: Pending, _ fault: SpoolFault) {
        note("commit failed: \(fault)")
        guard let connection = done.connection else {
            // A notification of ours has no client that would send it again.
            guard case .noSpace = fault else { return }
            let message = done.message
            context.eventLoop.scheduleTask(in: .seconds(1)) { self.accept(message, from: nil) }
            return
        }
        counts.refused += UInt64(done.message.envelope.recipients.count)
        connection.decide(fault.reply)
    }

    /// Messages found in the spool at start.
    func restore(_ entries: [SpoolEntry], mayHaveBeenSent: Bool) {
        let now = wallMilliseconds()
        for entry in entries {
            let message = QueuedMessage(entry)
            let waiting = UInt64(message.waitingCount)
            counts.recovered += waiting
            counts.queued += waiting
            if mayHaveBeenSent { counts.possibleDuplicates += waiting }
            messages[entry.id] = message
            queue.restore(
                entry.id, attempts: entry.state?.attempts ?? 0, dueMilliseconds: entry.state?.nextDueMilliseconds ?? 0,
                now: now)
        }
    }

    func beginDrain() { isDraining = true }

    /// Nothing is being written or delivered.
    var isQuiet: Bool { pending.isEmpty && queue.leasedCount == 0 }

    /// What an operator should know; bounded.
    func note(_ text: String) {
        if faults.count < 100, !faults.contains(text) { faults.append(text) }
    }

    // MARK: Memory

    /// Lets go of a message's content; its receive buffers are used again once nobody else holds them.
    func forgetContent(_ id: MessageID) {
        guard let content = messages[id]?.content else { return }
        messages[id]?.content = nil
        residentBytes -= content.size
        for slice in content.slices { context.receiveBuffers.give(slice) }
    }
}

extension RelayShard: CommitObserver {
    /// On the committer's thread: one wake-up of the loop for a whole batch.
    func committed(_ tickets: [UInt64], fault: SpoolFault?) {
        context.eventLoop.execute { self.settle(tickets, fault) }
    }
}
