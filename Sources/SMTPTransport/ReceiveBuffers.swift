package import NIOCore

/// Receive buffers of one event loop, reused last-in first-out so that they stay in the L2 cache.
///
/// NIO keeps receive buffers a channel; with 2,000 connections that would be 2,000 cold buffers. Here a loop
/// has a few hot ones: the transport gives a buffer back when nobody kept a slice of it.
/// Confined to its event loop.
package final class ReceiveBuffers: @unchecked Sendable {
    /// Bytes of one buffer. 128 KiB carries a 100 KB message in a read or two and leaves room in a 1 MiB L2.
    package static let capacity = 131_072
    /// Buffers kept; beyond it they are freed.
    package static let kept = 32

    private var stack: [ByteBuffer] = []

    package init() {}

    /// What those that wait to be used again take in memory.
    package var keptOctets: Int { stack.reduce(0) { $0 + $1.storageCapacity } }

    /// Takes back a buffer, or a slice of one. Others may still hold slices: it is reused only once they are gone.
    /// Content that was read back from a spool lies in larger ones, as large as its message: those are not for keeping.
    package func give(_ buffer: consuming ByteBuffer) {
        let capacity = buffer.storageCapacity
        guard stack.count < Self.kept, capacity >= Self.capacity, capacity < 2 * Self.capacity else { return }
        stack.append(buffer)
    }

    func take(_ allocator: ByteBufferAllocator) -> ByteBuffer {
        while var buffer = stack.popLast() {
            let isFree: Void? = buffer.modifyIfUniquelyOwned { $0.clear(minimumCapacity: Self.capacity) }
            if isFree != nil { return buffer }
        }
        return allocator.buffer(capacity: Self.capacity)
    }
}

/// Hands NIO the loop's buffers instead of the channel's own.
///
/// How it keeps NIO from pooling a channel's buffers (NIOPooledRecvBufferAllocator of swift-nio 2.101): no
/// `nextBufferSize`, always "may grow", and one message a read, so that only the very first buffer stays with
/// the channel. That one is small: an idle connection costs ``first`` bytes here, not a whole buffer.
struct LoopReceiveAllocator: RecvByteBufferAllocator {
    static let first = 1024
    let buffers: ReceiveBuffers
    /// Asked before each read; nil: the content is wanted.
    private let discard: KernelDiscard?
    private let state = FirstRead()

    private final class FirstRead: @unchecked Sendable {  // confined to the channel's event loop
        var isDone = false
    }

    init(_ buffers: ReceiveBuffers, _ discard: KernelDiscard? = nil) {
        self.buffers = buffers
        self.discard = discard
    }

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
        guard state.isDone else {
            state.isDone = true
            return allocator.buffer(capacity: Self.first)
        }
        if let discard, discard.beforeRead() { return allocator.buffer(capacity: Self.first) }
        return buffers.take(allocator)
    }

    mutating func record(actualReadBytes: Int) -> Bool { true }
}
