import DeliveryQueue
import MailTypes
import NIOCore
import SpoolContract

// What senders are told of their mail (RFC 3464), as far as they want to know (RFC 3461).
extension RelayShard {
    /// One notification for the failures of this attempt, one for each kind of success that was asked for.
    func report(_ id: MessageID) {
        guard let message = messages[id] else { return }
        let (failures, relayed, delivered) = (message.failures, message.relayed, message.delivered)
        guard !failures.isEmpty || !relayed.isEmpty || !delivered.isEmpty else { return }
        (message.failures, message.relayed, message.delivered) = ([], [], [])
        let unwelcome = failures.filter { message.wants(.failure, $0.index) }
        if !unwelcome.isEmpty { send(.failed, id, unwelcome) }
        if !relayed.isEmpty { send(.relayed, id, relayed) }
        if !delivered.isEmpty { send(.delivered, id, delivered) }
    }

    func reportDelay(_ id: MessageID, _ destination: String) {
        guard let message = messages[id] else { return }
        let last = message.lastReply ?? SMTPReply(451, .init(4, 4, 1), "Next hop not reached yet")
        let waiting = message.waiting(for: destination)
        log(.delayed, id, message, waiting, queue: destination, last)
        let told = waiting.filter { message.wants(.delay, $0) }
        if !told.isEmpty {
            send(.delayed(untilSeconds: triedUntil(message, destination)), id, told.map { ($0, last) })
        }
        cool(id)
    }

    /// RFC 2852 §4.1.3: what was to be delivered by a time is not, and is tried on.
    func reportNotInTime(_ id: MessageID, _ destination: String, _ by: DeliverBy) {
        guard let message = messages[id] else { return }
        let last = message.lastReply?.description ?? "never attempted"
        let reply = SMTPReply(451, .init(4, 4, 7), "Not delivered within \(by.seconds) seconds; last: \(last)")
        let waiting = message.waiting(for: destination)
        log(.delayed, id, message, waiting, queue: destination, reply)
        let told = waiting.filter { message.wants(.delay, $0) }
        guard !told.isEmpty else { return }
        send(.delayed(untilSeconds: triedUntil(message, destination)), id, told.map { ($0, reply) })
    }

    private func send(_ action: DeliveryNotification.Action, _ id: MessageID, _ outcomes: [(Int, SMTPReply)]) {
        guard let message = messages[id], !configuration.reports.dropsBounces(to: message.envelope.reversePath) else {
            return
        }
        let now = wallMilliseconds()
        var notification = DeliveryNotification(
            action: action, hostname: hostname, id: newID(), originalID: id,
            originalSender: message.envelope.reversePath, arrivalSeconds: Int(message.acceptedMilliseconds / 1000),
            nowSeconds: Int(now / 1000),
            outcomes: outcomes.map { index, reply in
                .init(
                    recipient: message.envelope.recipients[index], reply: reply,
                    originalRecipient: message.envelope.options(of: index).originalRecipient)
            }, original: original(message, action))
        notification.envelopeID = message.envelope.options?.envelopeID ?? []
        notification.isUTF8 = message.envelope.smtpUTF8
        if let terms = message.envelope.terms {
            notification.deliverBySeconds = terms.deliverBy.map { Int($0.deadline / 1_000) }
            notification.futureRelease = terms.release
        }
        guard let bytes = notification.content() else { return }
        accept(notification, bytes, now)
    }

    /// RET is about failures only (RFC 3461 §4.3); binary content and what is very large is not sent back.
    private func original(
        _ message: QueuedMessage, _ action: DeliveryNotification.Action
    ) -> DeliveryNotification.Original {
        guard let content = message.content else { return .header([]) }
        guard action == .failed, message.envelope.options?.returnedContent == .full,
            message.envelope.bodyType != .binaryMIME, content.size <= configuration.returnedContentBytes
        else { return .header(WireConversion.header(content)) }
        return .whole(WireConversion.plain(content))
    }

    private func accept(_ notification: DeliveryNotification, _ bytes: [UInt8], _ now: UInt64) {
        let content = MessageContent(slices: [ByteBuffer(bytes: bytes)], form: .raw)
        let eightBit = bytes.contains { $0 >= 0x80 }
        accept(
            SpoolMessage(
                id: notification.id,
                envelope: Envelope(
                    reversePath: .null, recipients: [notification.originalSender],
                    bodyType: eightBit ? .eightBitMIME : .sevenBit,
                    smtpUTF8: notification.isUTF8 || notification.originalSender.needsSMTPUTF8),
                acceptedMilliseconds: now, content: content),
            for: .ourselves)
    }
}

extension QueuedMessage {
    /// Whether the sender is to be told of this; without NOTIFY of failures and delays (RFC 3461 §4.1).
    func wants(_ condition: NotifyConditions, _ recipient: Int) -> Bool {
        envelope.options(of: recipient).notify?.contains(condition) ?? (condition != .success)
    }

    /// There is something to tell somebody.
    var mustReport: Bool {
        !envelope.reversePath.isNull
            && (!relayed.isEmpty || !delivered.isEmpty || failures.contains { wants(.failure, $0.index) })
    }
}
