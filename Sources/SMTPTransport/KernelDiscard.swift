import Glibc
import NIOCore

/// Lets the kernel drop content that comes in chunks and that nobody wants to see: `recv` with `MSG_TRUNC` takes octets
/// off a TCP socket without copying them (tcp(7)). Confined to its connection's loop.
///
/// It works where SwiftNIO asks for a buffer to read into: just before the read. Of a client that sends chunks little is
/// read at a time, so that what is behind a BDAT command is still in the kernel when the command is understood.
final class KernelDiscard: @unchecked Sendable {
    private weak var connection: SMTPServerConnection?
    private var handle: NIOBSDSocket.Handle?
    /// The client sends its content in chunks that are worth it.
    private var isChunking = false

    /// Smaller chunks cost less to copy than to ask for.
    static let worthwhile = 16_384

    func attach(_ connection: SMTPServerConnection) { self.connection = connection }

    /// - Returns: whether little is to be read now.
    func beforeRead() -> Bool {
        guard isChunking, let connection else { return false }
        if connection.session.chunkOctetsToCome > 0, drain(connection) { connection.chunkPassed() }
        return true
    }

    /// Content begins in this form: what the client is going to do next time.
    func contentBegins(isChunked: Bool) { if !isChunked { isChunking = false } }

    /// The input is used up within a chunk.
    /// - Returns: whether the chunk is over with what was dropped.
    func inputEnded(_ connection: SMTPServerConnection, _ context: ChannelHandlerContext) -> Bool {
        let due = connection.session.chunkOctetsToCome
        guard due > 0, isChunking || due >= Self.worthwhile else { return false }
        if handle == nil {
            handle =
                (try? context.channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
                    of: NIOBSDSocket.Handle.self
                ) { $0 }) ?? nil
        }
        isChunking = handle != nil
        return isChunking && drain(connection)
    }

    /// - Returns: whether the chunk is over.
    private func drain(_ connection: SMTPServerConnection) -> Bool {
        guard let handle else { return false }
        while true {
            let due = connection.session.chunkOctetsToCome
            guard due > 0 else { return true }
            let count = recv(handle, nil, due, Int32(MSG_TRUNC) | Int32(MSG_DONTWAIT))
            // The end of the stream and errors are found again by the read that follows.
            guard count > 0 else { return false }
            connection.passed(count)
        }
    }
}
