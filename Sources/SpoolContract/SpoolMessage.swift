package import MailTypes
package import NIOCore

/// The content of a message by reference: slices of the buffers it was received in, never joined or copied.
package struct MessageContent: Sendable {
    package var slices: [ByteBuffer]
    package var form: WireForm
    /// Octets of all slices.
    package var size: Int

    package init(slices: [ByteBuffer], form: WireForm) {
        self.slices = slices
        self.form = form
        size = slices.reduce(0) { $0 + $1.readableBytes }
    }
}

/// One accepted message: envelope and content are one record, written together.
package struct SpoolMessage: Sendable {
    package var id: MessageID
    package var envelope: Envelope
    /// Wall clock, milliseconds since 1970.
    package var acceptedMilliseconds: UInt64
    package var content: MessageContent
    /// Its sender has agreed that it is not written down before its first attempt fails (``DeferringSpool``). Not stored.
    package var mayBeDeferred = false

    package init(id: MessageID, envelope: Envelope, acceptedMilliseconds: UInt64, content: MessageContent) {
        self.id = id
        self.envelope = envelope
        self.acceptedMilliseconds = acceptedMilliseconds
        self.content = content
    }
}

/// A message as it is read back.
package struct StoredMessage: Sendable {
    package var message: SpoolMessage
    /// What attempts have changed; nil before the first one failed.
    package var state: DeliveryState?

    package init(_ message: SpoolMessage, state: DeliveryState? = nil) {
        self.message = message
        self.state = state
    }
}

/// What became of one recipient.
package enum RecipientState: UInt8, Sendable {
    case waiting = 0
    case delivered = 1
    case failed = 2
}

/// What attempts have changed since acceptance; a record of its own, rewritten after each deferral.
package struct DeliveryState: Hashable, Sendable {
    package var attempts: UInt32
    /// Wall clock, milliseconds since 1970.
    package var nextDueMilliseconds: UInt64
    /// By recipient, in the envelope's order; empty: all are waiting.
    package var recipients: [RecipientState]
    /// Held by an operator: not due until it is let go.
    package var isHeld = false
    /// The sender was told that it waits.
    package var isDelayReported = false
    /// The sender was told that the time is over by which it wanted the message delivered (RFC 2852).
    package var isDeadlineReported = false
    /// What the next hop said last, for the notification; at most ``replyLimit`` bytes.
    package var lastReply: String
    /// What an operator has put in the place of the envelope's labels, its metadata apart; nil: nothing.
    package var labels: MessageLabels?

    package static let replyLimit = 512

    package init(attempts: UInt32, nextDueMilliseconds: UInt64, recipients: [RecipientState], lastReply: String) {
        self.attempts = attempts
        self.nextDueMilliseconds = nextDueMilliseconds
        self.recipients = recipients
        self.lastReply = String(decoding: lastReply.utf8.prefix(Self.replyLimit), as: UTF8.self)
    }
}

/// One message as the spool lists it at start, without its content.
package struct SpoolEntry: Sendable {
    package var id: MessageID
    package var envelope: Envelope
    package var acceptedMilliseconds: UInt64
    /// Octets of content.
    package var size: Int
    package var state: DeliveryState?

    package init(id: MessageID, envelope: Envelope, acceptedMilliseconds: UInt64, size: Int, state: DeliveryState?) {
        self.id = id
        self.envelope = envelope
        self.acceptedMilliseconds = acceptedMilliseconds
        self.size = size
        self.state = state
    }
}

/// What one commit writes. All of it, or nothing.
package struct SpoolBatch: Sendable {
    package var messages: [SpoolMessage] = []
    package var states: [(id: MessageID, state: DeliveryState)] = []
    /// Messages that are finished: neither sent again nor listed at the next start.
    package var completions: [MessageID] = []

    package init() {}

    package var isEmpty: Bool { messages.isEmpty && states.isEmpty && completions.isEmpty }
}
