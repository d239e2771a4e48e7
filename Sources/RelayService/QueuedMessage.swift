import MailTypes
import Measures
import SMTPProtocol
import SpoolContract

/// One message that is being worked with: its content is in memory, it is on its way, or some of its recipients are
/// done with. A message that only waits is known to the queue and the spool alone. Confined to its shard's loop.
///
/// A class: what is known of a message changes at every step, in place, and a look-up hands out a reference.
final class QueuedMessage {
    private(set) var envelope: Envelope
    /// Labels that an operator has given it instead of its own; nil: none.
    private(set) var rebound: MessageLabels?
    let acceptedMilliseconds: UInt64
    /// CLOCK_MONOTONIC of the acceptance here; nil for one that was read back.
    let acceptedInstant: MonotonicInstant?
    let size: Int
    /// In memory until the first attempt is over, budget permitting; nil: read it back from the spool.
    var content: MessageContent?
    var recipients: [RecipientState]
    /// The destination of each recipient; empty: all have the same, that of the only delivery. Kept as it was decided,
    /// since what the DNS says changes.
    var assignment: [String] = []
    /// Destinations that are not done with.
    var deliveries = 1
    /// Of those, the ones under way.
    var leases = 0
    var attempts: UInt32 = 0
    var isDelayReported = false
    /// The sender was told that it is not there by the time that it said.
    var isDeadlineReported = false
    /// What the next hop said last, for recipients that fail by age.
    var lastReply: SMTPReply?
    /// Failures not reported to the sender yet: (index, reply).
    var failures: [(index: Int, reply: SMTPReply)] = []
    /// Relayed to where nobody else tells the sender, who asked to be told (RFC 3461 §5.2.2): (index, reply).
    var relayed: [(index: Int, reply: SMTPReply)] = []
    /// The same for those in the mailbox (RFC 3461 §5.2.1).
    var delivered: [(index: Int, reply: SMTPReply)] = []

    init(_ message: SpoolMessage, acceptedInstant: MonotonicInstant) {
        envelope = message.envelope
        acceptedMilliseconds = message.acceptedMilliseconds
        self.acceptedInstant = acceptedInstant
        size = message.content.size
        content = message.content
        recipients = Array(repeating: .waiting, count: message.envelope.recipients.count)
    }

    /// As the spool lists it, or, with its content, as the spool gives it back.
    init(_ entry: SpoolEntry, content: MessageContent? = nil) {
        envelope = entry.envelope
        acceptedMilliseconds = entry.acceptedMilliseconds
        acceptedInstant = nil
        size = entry.size
        self.content = content
        // A state that knows nothing of the recipients was written for a message that was not read back.
        let (states, count) = (entry.state?.recipients ?? [], entry.envelope.recipients.count)
        recipients = states.count == count ? states : Array(repeating: .waiting, count: count)
        attempts = entry.state?.attempts ?? 0
        isDelayReported = entry.state?.isDelayReported ?? false
        isDeadlineReported = entry.state?.isDeadlineReported ?? false
        if let labels = entry.state?.labels {
            rebound = labels
            envelope.labels = (envelope.labels ?? MessageLabels()).rebound(DeliveryLabel(labels))
        }
        if let text = entry.state?.lastReply, !text.isEmpty { lastReply = SMTPReply(450, .init(4, 4, 0), text) }
    }

    /// What a message with its content takes in memory: content and, measured, about 1.5 KB around it.
    var memoryBytes: Int { size + 1536 }

    /// Recipients per transaction: what every server must take (RFC 5321 §4.5.3.1.8).
    static let recipientsPerTransaction = 100

    /// Waiting recipients of a destination.
    func waiting(for destination: String) -> [Int] { recipients.indices.filter { isWaiting($0, for: destination) } }

    /// The destination has none that waits.
    func isDone(for destination: String) -> Bool { !recipients.indices.contains { isWaiting($0, for: destination) } }

    private func isWaiting(_ recipient: Int, for destination: String) -> Bool {
        recipients[recipient] == .waiting && (assignment.isEmpty || assignment[recipient] == destination)
    }

    var waitingCount: Int { recipients.count { $0 == .waiting } }

    /// Nothing would be lost by reading it back from the spool the next time.
    var canBeForgotten: Bool {
        deliveries == 1 && leases == 0 && failures.isEmpty && relayed.isEmpty && delivered.isEmpty
            && recipients.allSatisfy { $0 == .waiting }
    }

    /// An operator has given it other labels.
    func rebind(_ label: DeliveryLabel) {
        envelope.labels = (envelope.labels ?? MessageLabels()).rebound(label)
        rebound = MessageLabels(label)
    }

    /// What it means that a next hop took a recipient.
    enum Success { case reportedByNextHop, relayed, delivered }

    /// Takes a transaction's result in.
    /// - Parameters:
    ///   - sent: the indices it carried.
    ///   - success: what a recipient's success is.
    ///   - keepsTime: the next hop was told by when the message has to be there, if anybody said so.
    /// - Returns: how many were delivered and how many failed for good.
    func apply(
        _ result: TransactionResult, sent: [Int], success: Success = .reportedByNextHop, keepsTime: Bool = true
    ) -> (delivered: Int, failed: Int) {
        var counts = (delivered: 0, failed: 0)
        let refused =
            result.refusedRecipients.isEmpty
            ? [:] : Dictionary(result.refusedRecipients.map { ($0.index, $0.reply) }) { first, _ in first }
        for (position, index) in sent.enumerated() {
            let refusal = refused.isEmpty ? result.refusal : refused[position] ?? result.refusal
            guard let reply = refusal else {
                recipients[index] = .delivered
                counts.delivered += 1
                note(success, of: index, keepsTime)
                continue
            }
            lastReply = reply
            guard reply.isPermanent else { continue }
            recipients[index] = .failed
            failures.append((index, reply))
            counts.failed += 1
        }
        return counts
    }

    private func note(_ success: Success, of index: Int, _ keepsTime: Bool) {
        if success != .delivered, let by = envelope.terms?.deliverBy,
            by.traces || !keepsTime && by.mode == .notify && !isDeadlineReported, wantsToKnowOfTimes(index)
        {
            // RFC 2852 §4.1.4: whom it was handed to, and that the time is not kept from there on. That it is over its
            // sender knows.
            relayed.append((index, SMTPReply(250, .init(2, 0, 0), "Accepted by the next hop")))
            return
        }
        guard success != .reportedByNextHop, envelope.options(of: index).notify?.contains(.success) ?? false else {
            return
        }
        if success == .delivered {
            delivered.append((index, SMTPReply(250, .init(2, 0, 0), "Accepted for the mailbox")))
        } else {
            relayed.append((index, SMTPReply(250, .init(2, 0, 0), "Accepted by the next hop")))
        }
    }

    /// These waiting recipients fail: too old, or impossible at this next hop.
    func fail(_ indices: [Int], _ reply: SMTPReply) {
        for index in indices {
            recipients[index] = .failed
            failures.append((index, reply))
        }
    }
}
