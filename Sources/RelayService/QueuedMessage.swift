import MailTypes
import Measures
import SMTPProtocol
import SpoolContract

/// One message between acceptance and completion, as its shard knows it.
struct QueuedMessage {
    var envelope: Envelope
    var acceptedMilliseconds: UInt64
    /// CLOCK_MONOTONIC of the acceptance here; nil for one that was found in the spool.
    var acceptedInstant: MonotonicInstant?
    var size: Int
    /// In memory until the first attempt is over, budget permitting; nil: read it back from the spool.
    var content: MessageContent?
    var recipients: [RecipientState]
    /// What the next hop said last, for recipients that fail by age.
    var lastReply: SMTPReply?
    /// Failures not reported to the sender yet: (index, reply).
    var failures: [(index: Int, reply: SMTPReply)] = []

    init(_ message: SpoolMessage, acceptedInstant: MonotonicInstant) {
        envelope = message.envelope
        acceptedMilliseconds = message.acceptedMilliseconds
        self.acceptedInstant = acceptedInstant
        size = message.content.size
        content = message.content
        recipients = Array(repeating: .waiting, count: message.envelope.recipients.count)
    }

    init(_ entry: SpoolEntry) {
        envelope = entry.envelope
        acceptedMilliseconds = entry.acceptedMilliseconds
        size = entry.size
        recipients = entry.state?.recipients ?? []
        if recipients.count != entry.envelope.recipients.count {
            recipients = Array(repeating: .waiting, count: entry.envelope.recipients.count)
        }
        if let text = entry.state?.lastReply, !text.isEmpty { lastReply = SMTPReply(450, .init(4, 4, 0), text) }
    }

    /// Recipients per transaction: what every server must take (RFC 5321 §4.5.3.1.8).
    static let recipientsPerTransaction = 100

    /// Indices of the recipients the next transaction carries.
    var nextRecipients: [Int] {
        var found: [Int] = []
        for (index, state) in recipients.enumerated() where state == .waiting {
            found.append(index)
            if found.count == Self.recipientsPerTransaction { break }
        }
        return found
    }

    var waitingCount: Int { recipients.count { $0 == .waiting } }

    /// Takes a transaction's result in.
    /// - Parameter sent: the indices it carried.
    /// - Returns: how many were delivered and how many failed for good.
    mutating func apply(_ result: TransactionResult, sent: [Int]) -> (delivered: Int, failed: Int) {
        var counts = (delivered: 0, failed: 0)
        let refused = Dictionary(result.refusedRecipients.map { ($0.index, $0.reply) }) { first, _ in first }
        for (position, index) in sent.enumerated() {
            guard let reply = refused[position] ?? result.refusal else {
                recipients[index] = .delivered
                counts.delivered += 1
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

    /// Every waiting recipient fails: too old, or impossible at this next hop.
    /// - Returns: how many.
    mutating func failAll(_ reply: SMTPReply) -> Int {
        var count = 0
        for index in recipients.indices where recipients[index] == .waiting {
            recipients[index] = .failed
            failures.append((index, reply))
            count += 1
        }
        return count
    }
}
