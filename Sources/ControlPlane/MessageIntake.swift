package import MailTypes
package import NIOCore

/// Where injected messages go: implemented by the relay.
package protocol MessageIntake: Sendable {
    /// Nil while new mail is taken; otherwise why not, as 503 says it.
    var refusal: String? { get }
    /// Completes when the message is as safe as the spool's durability says; nil: accepted, for all its recipients.
    func submit(_ message: IntakeMessage, on loop: any EventLoop) -> EventLoopFuture<SMTPReply?>
}

/// One message for recipients that share its content.
package struct IntakeMessage: Sendable {
    package struct Recipient: Sendable {
        package var address: MailAddress
        /// Fields in front of the content for this recipient alone, CRLF ended.
        package var header: [UInt8]
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
}
