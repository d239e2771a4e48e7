import DKIMSigning
import MailTypes
import NIOCore
import SMTPTransport
import SpoolContract

// Signatures (RFC 6376), made on threads of their own between the end of the content and the spool: what is stored is
// what is sent.
extension RelayShard {
    /// - Parameters:
    ///   - trace: the Received field, which goes on top and is not signed.
    ///   - received: octets that came from the client.
    func signAndAccept(
        _ message: SpoolMessage, trace: ByteBuffer, from connection: SMTPServerConnection, received: Int
    ) {
        let policy = configuration.dkim
        guard !policy.isEmpty else { return accept(message, on: [trace], from: connection, received) }
        signing += 1
        let (content, now) = (message.content, Int(wallMilliseconds() / 1000))
        let bound = NIOLoopBound((self, connection), eventLoop: context.eventLoop)
        parts.signers.runIfActive(eventLoop: context.eventLoop) { () -> [UInt8] in
            var hash = MessageHash(policy, content.form)
            for slice in content.slices { slice.withUnsafeReadableBytes { hash.feed($0) } }
            return hash.finish().map { policy.fields(for: $0, now: now) } ?? []
        }.whenComplete { result in
            let (shard, connection) = bound.value
            shard.signing -= 1
            let fields = (try? result.get()) ?? []
            let top = fields.isEmpty ? [trace] : [trace, ByteBuffer(bytes: fields)]
            shard.accept(message, on: top, from: connection, received)
        }
    }

    private func accept(
        _ message: SpoolMessage, on top: [ByteBuffer], from connection: SMTPServerConnection, _ received: Int
    ) {
        var message = message
        message.content = MessageContent(slices: top + message.content.slices, form: message.content.form)
        accept(message, for: .client(connection, received: received))
    }
}
