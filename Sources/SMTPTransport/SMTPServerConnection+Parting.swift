import MailTypes
import Measures
import NIOCore
import SMTPProtocol

// The last word to a client that does not expect one. Who closes a socket with unread octets in it resets the
// connection, and a reset may overtake the word: a client that sent MAIL while 421 was on its way would see a broken
// connection instead (RFC 9293 §3.6, RFC 5321 §3.8).
extension SMTPServerConnection {
    /// Lets the client go at the next rest: at once if it rests now.
    func drain() {
        isDraining = true
        if let context, !isClosing, rests { leave(context) }
    }

    /// 421 from our side, whatever the client was doing.
    func abort(_ reply: SMTPReply) {
        guard !isClosing, let context else { return }
        if !decisionDue {
            session.count(.other, reply)
            session.close(with: reply)
        }
        flushReplies(context)
        part(context)
    }

    func closeForDrain() {
        guard let context, !isClosing else { return }
        session.count(.other, .serviceClosing)
        session.close(with: .serviceClosing)
        flushReplies(context)
        part(context)
    }

    /// How long the client has to read what was said and close.
    private static let partingNanoseconds: UInt64 = 500_000_000

    /// Says nothing more and reads on until the client closes, or for half a second. TLS has a word of its own for it.
    func part(_ context: ChannelHandlerContext) {
        guard tls == nil, security.isImplicit == false, !isHandshaking, context.channel.isActive else {
            return finish(context)
        }
        isClosing = true
        isParting = true
        dropBacklog()
        deadline = MonotonicInstant.now().nanoseconds + Self.partingNanoseconds
        context.close(mode: .output, promise: nil)
        context.read()
    }

    /// The client did not close.
    func leaveParting() { context?.close(promise: nil) }
}
