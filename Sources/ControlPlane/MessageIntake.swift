package import MailTypes
package import NIOCore

/// Where injected messages go: implemented by the relay.
package protocol MessageIntake: Sendable {
    /// Nil while new mail is taken; otherwise why not, as 503 says it.
    var refusal: String? { get }
    /// Completes when the message is as safe as the spool's durability says.
    func submit(_ message: IntakeMessage, on loop: any EventLoop) -> EventLoopFuture<IntakeAnswer>
}

/// What became of an injected message.
package struct IntakeAnswer: Sendable {
    /// Why none of its recipients was accepted; nil: they were, but for those in ``refused``.
    package var refusal: SMTPReply?
    /// By the recipient's place.
    package var refused: [Int: SMTPReply]

    package init(refusal: SMTPReply? = nil, refused: [Int: SMTPReply] = [:]) {
        self.refusal = refusal
        self.refused = refused
    }

    package static let accepted = IntakeAnswer()
}

/// Who injects.
package struct IntakeCaller: Sendable, Hashable {
    package var peer: NetworkAddress?
    /// Name of the key that the request came with; nil: it needed none.
    package var user: String?

    package init(peer: NetworkAddress? = nil, user: String? = nil) {
        self.peer = peer
        self.user = user
    }
}

/// One message for recipients that share its content.
package struct IntakeMessage: Sendable {
    package struct Recipient: Sendable {
        package var address: MailAddress
        /// Fields in front of the content for this recipient alone, CRLF ended.
        package var header: [UInt8]
        /// What its metadata in the request says.
        package var labels = MessageLabels()
    }

    package var reversePath: MailAddress
    package var recipients: [Recipient]
    /// Raw, CRLF line ends.
    package var content: ByteBuffer
    package var isEightBit: Bool
    package var smtpUTF8: Bool
    /// A Received field goes on top.
    package var wantsTrace: Bool
    /// It need not be written down before its first attempt fails.
    package var mayBeDeferred: Bool
    package var peer: NetworkAddress?
    /// Name of the key that the request came with.
    package var user: String?

    package var caller: IntakeCaller { IntakeCaller(peer: peer, user: user) }
    package var hasLabels: Bool { recipients.contains { !$0.labels.isEmpty } }
}
