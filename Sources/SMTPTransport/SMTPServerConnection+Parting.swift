import Measures
import NIOCore

// The last word to a client that does not expect one. Who closes a socket with unread octets in it resets the
// connection, and a reset may overtake the word: a client that sent MAIL while 421 was on its way would see a broken
// connection instead (RFC 9293 §3.6, RFC 5321 §3.8).
extension SMTPServerConnection {
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
