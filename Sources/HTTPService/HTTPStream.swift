package import NIOCore

/// An answer whose length nobody knows when it begins: called once its header is written, with where the rest goes. Ends
/// it with ``HTTPStreamWriter/end()``, or when the reader is gone.
package typealias HTTPStream = @Sendable (any HTTPStreamWriter) -> Void

/// Where a stream goes. Any thread.
package protocol HTTPStreamWriter: Sendable {
    /// The reader keeps up; else what is written waits in memory.
    var isWritable: Bool { get }
    var eventLoop: any EventLoop { get }
    func write(_ piece: ByteBuffer)
    func end()
    /// - Parameter body: called once when the reader is gone, at once if it is.
    func whenClosed(_ body: @escaping @Sendable () -> Void)
}

/// A stream's pieces as chunks of HTTP/1.1, or as they are to a client of HTTP/1.0.
struct ChannelStreamWriter: HTTPStreamWriter {
    let channel: any Channel
    let piece: @Sendable (ByteBuffer) -> Void
    let last: @Sendable () -> Void

    var isWritable: Bool { channel.isWritable }
    var eventLoop: any EventLoop { channel.eventLoop }
    func write(_ bytes: ByteBuffer) { channel.eventLoop.execute { piece(bytes) } }
    func end() { channel.eventLoop.execute { last() } }
    func whenClosed(_ body: @escaping @Sendable () -> Void) { channel.closeFuture.whenComplete { _ in body() } }
}
