import NIOCore
import SMTPTransport
import Testing

@Suite struct ReceiveBuffersTests {
    private static func buffer(_ capacity: Int) -> ByteBuffer { ByteBufferAllocator().buffer(capacity: capacity) }

    /// A loop keeps buffers of the size that it reads into, and so many of them, whatever it is given.
    @Test func whatIsKeptIsBounded() {
        let buffers = ReceiveBuffers()
        buffers.give(Self.buffer(1_024))
        // A message as it was read back from the spool, or a slice of it.
        buffers.give(Self.buffer(1 << 20))
        var large = Self.buffer(1 << 20)
        large.writeRepeatingByte(7, count: 1 << 20)
        buffers.give(large.getSlice(at: 500_000, length: 131_072)!)
        #expect(buffers.keptOctets == 0)
        for _ in 0..<2 * ReceiveBuffers.kept { buffers.give(Self.buffer(ReceiveBuffers.capacity)) }
        #expect(buffers.keptOctets == ReceiveBuffers.kept * ReceiveBuffers.capacity)
    }
}
