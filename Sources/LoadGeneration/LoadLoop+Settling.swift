import MailTypes
import Measures
import NIOCore
import SMTPProtocol
import SMTPTransport

// How messages begin and end, and what is counted of it: the same for every protocol.
extension LoadLoop {
    /// Makes a message of the work and counts it as offered. It is for one that is sent and forgotten: its envelope stands
    /// in ``MessageSource/envelope``.
    /// - Parameters:
    ///   - chunked: content for BDAT, not dot-stuffed.
    ///   - header: see ``MessageSource/make(_:chunked:now:dueUnixNanoseconds:into:)``.
    func offer(
        _ work: LoadWork, chunked: Bool, into header: inout ByteBuffer
    ) -> (content: OutgoingContent, open: OpenMessage) {
        let now = MonotonicInstant.now()
        let due = work.due ?? now
        let content = source.make(
            work.sequence, chunked: chunked, now: WallInstant(nanoseconds: now.nanoseconds &+ wallOffset),
            dueUnixNanoseconds: due.nanoseconds &+ wallOffset, into: &header)
        let open = OpenMessage(
            id: source.id(work.sequence), size: content.size, recipients: source.envelope.recipientCount, due: due,
            began: now, earlierOffers: work.earlierOffers)
        countOffered(open)
        return (content, open)
    }

    /// The same for a message that goes with others.
    func offer(_ work: LoadWork) -> (message: MessageSource.Message, open: OpenMessage) {
        let now = MonotonicInstant.now()
        let due = work.due ?? now
        let message = source.message(
            work.sequence, chunked: true, dueUnixNanoseconds: due.nanoseconds &+ wallOffset)
        let open = OpenMessage(
            id: message.id, size: message.content.size, recipients: message.envelope.recipients.count, due: due,
            began: now, earlierOffers: work.earlierOffers)
        countOffered(open)
        return (message, open)
    }

    private func countOffered(_ message: OpenMessage) {
        guard message.earlierOffers == 0 else {
            counts.offeredAgain += 1
            return
        }
        if counts.firstOffered == 0 { counts.firstOffered = message.began.nanoseconds }
        counts.offered += 1
        counts.messageSize = message.size
        if isWarmUp(message) { counts.warmUpOffered += 1 }
    }

    /// - Parameter taken: recipients that were not refused.
    func accepted(_ message: OpenMessage, at now: MonotonicInstant, taken: Int) {
        let latency = now.nanoseconds(since: message.began)
        counts.accepted += 1
        counts.acceptedBytes += UInt64(message.size)
        counts.recipientsAccepted += UInt64(taken)
        counts.recipientsRefused += UInt64(message.recipients - taken)
        counts.lastAccepted = now.nanoseconds
        recent.record(nanoseconds: pace == nil ? latency : now.nanoseconds(since: message.due))
        note(message, .accepted, now)
        if isWarmUp(message) {
            counts.warmUpAccepted += 1
            counts.warmUpBytes += UInt64(message.size)
            measures.warmUp.record(nanoseconds: latency)
            return
        }
        measures.transaction.record(nanoseconds: latency)
        guard pace != nil else { return }
        measures.intended.record(nanoseconds: now.nanoseconds(since: message.due))
        measures.wait.record(nanoseconds: message.began.nanoseconds(since: message.due))
    }

    /// It was due before the measured part began.
    func isWarmUp(_ message: OpenMessage) -> Bool { message.due.nanoseconds < measuredFrom }

    /// - Parameter stage: where the reply came that refused it.
    func refused(_ message: OpenMessage, at now: MonotonicInstant, stage: String) {
        counts.refused += 1
        measures.noteRefused(at: stage)
        note(message, .refused, now)
    }

    /// The connection ended with the message under way.
    /// - Parameter awaited: the stage whose reply did not come.
    func lost(_ message: OpenMessage, contentSent: Bool, at now: MonotonicInstant, awaited: String) {
        if contentSent { counts.inDoubt += 1 } else { counts.failed += 1 }
        measures.noteUnanswered(at: awaited)
        note(message, contentSent ? .inDoubt : .failed, now)
    }

    /// `ID,fate,due_unix_ns,begun_unix_ns,ended_unix_ns`
    private func note(_ message: OpenMessage, _ outcome: Outcome, _ ended: MonotonicInstant) {
        guard keepsLedger else { return }
        message.id.appendHex(to: &ledger)
        ledger.append(UInt8(ascii: ","))
        ledger.append(contentsOf: outcome.rawValue.utf8)
        for instant in [message.due, message.began, ended] {
            ledger.append(UInt8(ascii: ","))
            ledger.append(contentsOf: String(instant.nanoseconds &+ wallOffset).utf8)
        }
        ledger.append(0x0A)
    }
}
