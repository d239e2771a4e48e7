package import MailTypes
package import NIOCore

/// What a service does with the mail of one connection. All calls come on the connection's event loop.
package protocol SMTPServerDelegate: AnyObject {
    /// True to get content as it came, dot-stuffed (``WireForm/dotStuffed``); false to get it without the
    /// stuffing dots.
    var wantsWireForm: Bool { get }
    /// MAIL: nil accepts.
    func sender(_ connection: SMTPServerConnection) -> SMTPReply?
    /// RCPT: nil accepts.
    func recipient(_ connection: SMTPServerConnection) -> SMTPReply?
    func contentBegins(_ connection: SMTPServerConnection, form: WireForm)
    /// A piece of content: a slice of the receive buffer. Keeping it keeps the whole buffer.
    func content(_ connection: SMTPServerConnection, _ slice: ByteBuffer)
    /// The message is complete. `.later` means that ``SMTPServerConnection/decide(_:)`` follows.
    func contentEnds(_ connection: SMTPServerConnection) -> ContentDecision
    /// The message in progress will not be completed.
    func contentAborted(_ connection: SMTPServerConnection)
    func closed(_ connection: SMTPServerConnection)
}

/// The answer to a complete message.
package enum ContentDecision {
    /// nil is the usual 250.
    case now(SMTPReply?)
    case later
}
