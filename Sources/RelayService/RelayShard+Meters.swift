import DeliveryQueue
import MailTypes
import Measures
import NIOCore
import SpoolContract

// What is counted beyond the totals. Where there is no HTTP listener nobody can ask, and nothing is measured.
extension RelayShard {
    var isMeasuring: Bool { configuration.http != nil }

    /// Somebody wants to know of refusals to clients.
    var recordsRejections: Bool { isMeasuring || logs(.rejection) }

    /// The message is safe and its sender is told so.
    func countAccepted(_ message: SpoolMessage, _ sender: Sender) {
        let recipients = message.envelope.recipients.count
        switch sender {
        case .client(_, let listener, _):
            if listener.configuration.kind == .lmtp { counts.acceptedByLMTP += UInt64(recipients) }
        case .injection: counts.injected += UInt64(recipients)
        case .ourselves: return
        }
        counts.accepted += UInt64(recipients)
        counts.acceptedMessages += 1
        counts.acceptedBytes += UInt64(message.content.size)
        meter(.accepted, recipients, message.envelope, queue: nil)
    }

    /// Recipients by the names of their message, where that is wanted.
    /// - Parameter envelope: nil: the message is not in memory and nothing is known of it.
    func meter(_ outcome: RecipientBreakdown.Outcome, _ recipients: Int, _ envelope: Envelope?, queue name: String?) {
        guard meters.breakdown != nil else { return }
        meters.breakdown!.add(
            outcome, recipients, tenant: envelope?.labels?.tenant, campaign: envelope?.labels?.campaign
        ) { provider(of: name) }
    }

    /// The same of what the queue knows of a delivery.
    func meter(
        _ outcome: RecipientBreakdown.Outcome, _ recipients: Int, _ label: DeliveryLabel, queue name: String
    ) {
        guard meters.breakdown != nil else { return }
        meters.breakdown!.add(outcome, recipients, tenant: label.tenant, campaign: label.campaign) {
            provider(of: name)
        }
    }

    /// The large mailbox provider of a queue's destination; nil: none, or nobody has said.
    /// - Parameter remembers: false for who asks for all queues: what is remembered is for mail.
    func provider(of queue: String?, remembers: Bool = true) -> String? {
        guard isShaping, let queue else { return nil }
        return shapedWay(
            to: QueueName.destination(of: queue), from: nil, now: wallMilliseconds(), remembers: remembers
        ).provider
    }
}
