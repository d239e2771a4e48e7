import Glibc
package import NIOCore

/// What a connection writes. It goes straight to the socket where nothing stands between (TLS): each buffer on its way
/// through SwiftNIO's pipeline is boxed, queued and noted as written. What the kernel does not take at once is left to
/// the channel, which waits for room; until that is done everything goes that way. Confined to its connection's loop.
package struct DirectOutput {
    /// Writes that the channel was left with and that are not done yet.
    private final class Backlog { var writes = 0 }

    /// One write has at most so many buffers (IOV_MAX is 1024).
    private static let mostBuffers = 64

    private var buffers: [ByteBuffer] = []
    /// Where bytes stand that came without a buffer.
    private var text = ByteBuffer()
    private var handle: NIOBSDSocket.Handle?
    private let backlog = Backlog()
    /// Something stands between the connection and its socket.
    private var isIndirect = false

    package init() {}

    /// All of it was given to the kernel. Not known behind ``useChannel()``, and false then.
    package var isDone: Bool { !isIndirect && buffers.isEmpty && backlog.writes == 0 }

    /// From now on output is for the pipeline: TLS begins, or the transport is no socket.
    package mutating func useChannel() { isIndirect = true }

    /// Kept until ``flush(_:)``.
    package mutating func add(_ buffer: ByteBuffer) { buffers.append(buffer) }

    /// The same with bytes that are the caller's.
    package mutating func add(_ bytes: [UInt8]) {
        // The buffer may still be on its way out: who sends it then holds it, and clear() makes a new one.
        text.clear()
        text.writeBytes(bytes)
        buffers.append(text)
    }

    package mutating func flush(_ context: ChannelHandlerContext) {
        guard !buffers.isEmpty else { return }
        if !isIndirect, backlog.writes == 0, context.channel.isActive { writeDirectly(context) }
        handOver(context)
        buffers.removeAll(keepingCapacity: true)
    }

    private mutating func writeDirectly(_ context: ChannelHandlerContext) {
        guard let handle = handle ?? findHandle(context) else { return useChannel() }
        while !buffers.isEmpty {
            let count = min(buffers.count, Self.mostBuffers)
            let (wanted, sent) = send(count, handle)
            // The channel meets the same error, and says so as it always does.
            guard sent > 0 else { return }
            if sent == wanted, count == buffers.count { return buffers.removeAll(keepingCapacity: true) }
            drop(sent)
            if sent < wanted { return }
        }
    }

    private mutating func findHandle(_ context: ChannelHandlerContext) -> NIOBSDSocket.Handle? {
        handle =
            (try? context.channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
                of: NIOBSDSocket.Handle.self
            ) { $0 }) ?? nil
        return handle
    }

    /// Sends the first `count` buffers.
    /// - Returns: their octets, and how many of them were sent; -1 and errno for none.
    private func send(_ count: Int, _ handle: NIOBSDSocket.Handle) -> (wanted: Int, sent: Int) {
        withUnsafeTemporaryAllocation(of: iovec.self, capacity: count) { vectors in
            var wanted = 0
            for index in 0..<count {
                // The pointers hold as long as `buffers` does: it keeps their storage, and nobody writes to it.
                buffers[index].withUnsafeReadableBytes { bytes in
                    vectors[index] = iovec(
                        iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
                    wanted += bytes.count
                }
            }
            var message = msghdr()
            message.msg_iov = vectors.baseAddress
            message.msg_iovlen = count
            return (wanted, sendmsg(handle, &message, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)))
        }
    }

    private mutating func drop(_ sent: Int) {
        var (whole, left) = (0, sent)
        while whole < buffers.count, buffers[whole].readableBytes <= left {
            left -= buffers[whole].readableBytes
            whole += 1
        }
        if whole == buffers.count { return buffers.removeAll(keepingCapacity: true) }
        buffers.removeFirst(whole)
        buffers[0].moveReaderIndex(forwardBy: left)
    }

    private func handOver(_ context: ChannelHandlerContext) {
        guard let last = buffers.last else { return }
        for buffer in buffers.dropLast() { context.write(NIOAny(buffer), promise: nil) }
        guard !isIndirect else { return context.writeAndFlush(NIOAny(last), promise: nil) }
        let promise = context.eventLoop.makePromise(of: Void.self)
        backlog.writes += 1
        promise.futureResult.assumeIsolated().whenComplete { [backlog] _ in backlog.writes -= 1 }
        context.writeAndFlush(NIOAny(last), promise: promise)
    }
}
