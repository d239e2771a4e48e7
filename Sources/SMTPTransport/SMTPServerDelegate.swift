package import MailTypes
package import NIOCore
package import SMTPProtocol

/// What a service does with the mail of one connection. All calls come on the connection's event loop.
package protocol SMTPServerDelegate: AnyObject {
    /// True to get content as it came, dot-stuffed (``WireForm/dotStuffed``); false to get it without the
    /// stuffing dots.
    var wantsWireForm: Bool { get }
    /// False lets the kernel drop content that comes in chunks (BDAT): of it only ``contentPassed(_:_:)`` tells.
    var needsContent: Bool { get }
    /// A client is there, its address is known, and nothing was said yet. Once more each time that XCLIENT puts another
    /// client in its place.
    func admit(_ connection: SMTPServerConnection) -> Admission
    /// The handshake is over; ``SMTPServerConnection/tls`` says what came of it.
    func secured(_ connection: SMTPServerConnection)
    /// AUTH, its first line or the next one, as the session holds it (``ServerSession/proposedMechanism``,
    /// ``ServerSession/proposedResponse``). Answered with ``SMTPServerConnection/decide(authentication:)``, at once or
    /// later.
    func authenticate(_ connection: SMTPServerConnection, isFirst: Bool)
    /// The client wants to shake hands: what it finds.
    func handshake(_ connection: SMTPServerConnection) -> HandshakeConduct
    /// EHLO, HELO or LHLO, where ``ServerConfiguration/asksAboutEach`` holds: nil accepts.
    func hello(_ connection: SMTPServerConnection) -> SMTPReply?
    /// DATA, likewise.
    func dataAsked(_ connection: SMTPServerConnection) -> SMTPReply?
    /// MAIL: nil accepts.
    func sender(_ connection: SMTPServerConnection) -> SMTPReply?
    /// RCPT: nil accepts.
    func recipient(_ connection: SMTPServerConnection) -> SMTPReply?
    func contentBegins(_ connection: SMTPServerConnection, form: WireForm)
    /// A piece of content: a slice of the receive buffer. Keeping it keeps the whole buffer.
    func content(_ connection: SMTPServerConnection, _ slice: ByteBuffer)
    /// So many octets of content came that nobody has seen; only where ``needsContent`` is false.
    func contentPassed(_ connection: SMTPServerConnection, _ count: Int)
    /// The message is complete. `.later` means that ``SMTPServerConnection/decide(_:)`` follows.
    func contentEnds(_ connection: SMTPServerConnection) -> ContentDecision
    /// The message in progress will not be completed.
    func contentAborted(_ connection: SMTPServerConnection)
    /// What the session refused, where ``ServerConfiguration/recordsRejections`` asks for it; once a read.
    func rejected(_ connection: SMTPServerConnection, _ rejections: [Rejection])
    /// What the session answered by itself, where ``ServerConfiguration/countsReplies`` asks for it; once a read, and
    /// before ``closed(_:)``.
    func answered(_ connection: SMTPServerConnection, _ replies: [CountedReply])
    func closed(_ connection: SMTPServerConnection)
    /// What another process needs to go on with this client, which rests; nil: nobody else can.
    func memory(of connection: SMTPServerConnection) -> ClientState.Service?
    /// Instead of ``admit(_:)``: another process has greeted the client and remembers this of it.
    /// - Returns: the rules for it.
    func resumed(_ connection: SMTPServerConnection, _ memory: ClientState.Service) -> ServerConfiguration
}

/// The answer to a complete message.
package enum ContentDecision {
    /// nil is the usual 250.
    case now(SMTPReply?)
    case later
}

/// Whether a client may begin.
package enum Admission {
    /// With rules of its own, or, with nil, those of the listener.
    case accepted(ServerConfiguration?)
    /// Said instead of the greeting (421, or 554 of RFC 5321 §3.1).
    case refused(SMTPReply)
    /// ``SMTPServerConnection/proceed(_:)`` follows; not with XCLIENT, which is answered at once.
    case later
}

/// How a handshake goes.
package enum HandshakeConduct {
    /// With the listener's certificate.
    case usual
    case with(TLSServerContext)
    /// Octets that are no TLS, and the end of the connection.
    case garbage
    /// The end of the connection.
    case closed
}

// What a service need not care about that offers none of it.
extension SMTPServerDelegate {
    package var needsContent: Bool { true }
    package func contentPassed(_ connection: SMTPServerConnection, _ count: Int) {}
    package func admit(_ connection: SMTPServerConnection) -> Admission { .accepted(nil) }
    package func authenticate(_ connection: SMTPServerConnection, isFirst: Bool) {
        connection.decide(authentication: .refused(SMTPReply(535, .init(5, 7, 8), "Authentication failed")))
    }
    package func secured(_ connection: SMTPServerConnection) {}
    package func handshake(_ connection: SMTPServerConnection) -> HandshakeConduct { .usual }
    package func hello(_ connection: SMTPServerConnection) -> SMTPReply? { nil }
    package func dataAsked(_ connection: SMTPServerConnection) -> SMTPReply? { nil }
    package func rejected(_ connection: SMTPServerConnection, _ rejections: [Rejection]) {}
    package func answered(_ connection: SMTPServerConnection, _ replies: [CountedReply]) {}
    package func memory(of connection: SMTPServerConnection) -> ClientState.Service? { nil }
    package func resumed(
        _ connection: SMTPServerConnection, _ memory: ClientState.Service
    ) -> ServerConfiguration { connection.session.configuration }
}
