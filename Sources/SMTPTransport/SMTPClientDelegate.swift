package import MailTypes
package import NIOCore
package import SMTPProtocol

/// What the owner of a client connection is told. All calls come on the connection's event loop.
package protocol SMTPClientDelegate: AnyObject {
    /// A transaction may begin: ``SMTPClientConnection/canSend`` is true. Called when the server is ready, after
    /// each finished transaction, and behind content where transactions overlap.
    func maySend(_ connection: SMTPClientConnection)
    /// The oldest transaction ended.
    func finished(_ connection: SMTPClientConnection, _ result: TransactionResult)
    /// The connection is gone; no other call follows. `unfinished` tells of each open transaction, oldest
    /// first, whether its content was sent.
    func closed(_ connection: SMTPClientConnection, cause: ClientCloseCause, unfinished: [Bool])
}

/// Why a client connection ended.
package enum ClientCloseCause: Sendable {
    /// QUIT was answered.
    case quit
    /// The server refused the session, or said 421.
    case refused(SMTPReply)
    /// There never was one: `connect to 192.0.2.7:25: Connection refused`.
    case unreachable(String)
    /// Reset, closed by the peer, nonsense instead of replies.
    case lost(String)
    /// A timeout of RFC 5321 §4.5.3.2.
    case timeout
}

/// Content to send: buffers in wire form, never joined.
package struct OutgoingContent {
    /// What is this message's own, in front of ``buffers``; nil: nothing. The rest, which other messages may have too, then
    /// goes without an array of its own.
    package var header: ByteBuffer?
    package var buffers: [ByteBuffer]
    /// Octets of header and buffers.
    package var size: Int
    package var form: WireForm

    package init(header: ByteBuffer? = nil, buffers: [ByteBuffer], size: Int, form: WireForm) {
        self.header = header
        self.buffers = buffers
        self.size = size
        self.form = form
    }
}
