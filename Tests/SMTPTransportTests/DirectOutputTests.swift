import NIOCore
import NIOPosix
import SMTPTransport
import Synchronization
import Testing

/// Whatever the socket takes, and whenever: octets leave in the order in which they were added.
@Suite struct DirectOutputTests {
    /// Writes numbered octets in pieces of many sizes, turn after turn of the loop, whether there is room or not.
    private final class Writer: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private var output = DirectOutput()
        private var sizes: any IteratorProtocol<Int>
        private var left: Int
        private var next: UInt8 = 0
        /// From this turn on everything goes through the channel.
        private let indirectFrom: Int?
        private var turn = 0

        init(total: Int, indirectFrom: Int?) {
            left = total
            self.indirectFrom = indirectFrom
            sizes = sequence(state: UInt64(42)) { state -> Int? in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return 1 + Int(state >> 33) % 9_000
            }.makeIterator()
        }

        func channelActive(context: ChannelHandlerContext) { writeOn(context) }

        private func writeOn(_ context: ChannelHandlerContext) {
            turn += 1
            if turn == indirectFrom { output.useChannel() }
            for _ in 0..<turn % 4 where left > 0 { output.add(piece(min(left, sizes.next()!))) }
            output.flush(context)
            guard left > 0 else { return context.close(mode: .output, promise: nil) }
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            context.eventLoop.execute { bound.value.0.writeOn(bound.value.1) }
        }

        private func piece(_ size: Int) -> ByteBuffer {
            left -= size
            var buffer = ByteBuffer()
            for _ in 0..<size {
                buffer.writeInteger(next)
                next = next == 250 ? 0 : next + 1
            }
            return buffer
        }
    }

    /// Checks the numbers; it reads no faster than it is let.
    private final class Reader: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        private let state = Mutex((next: UInt8(0), count: 0, isOrdered: true))
        var count: Int { state.withLock { $0.count } }
        var isOrdered: Bool { state.withLock { $0.isOrdered } }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = Self.unwrapInboundIn(data).readableBytesView
            state.withLock { state in
                for byte in bytes {
                    if byte != state.next { state.isOrdered = false }
                    state.next = byte == 250 ? 0 : byte + 1
                }
                state.count += bytes.count
            }
        }
    }

    @Test(arguments: [nil, 200]) func octetsKeepTheirOrder(indirectFrom: Int?) async throws {
        let total = 20_000_000
        let reader = Reader()
        let group = MultiThreadedEventLoopGroup.singleton
        let server = try await ServerBootstrap(group: group)
            .childChannelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 3_000))
            .childChannelInitializer { $0.pipeline.addHandler(reader) }
            .bind(host: "127.0.0.1", port: 0).get()
        let client = try await ClientBootstrap(group: group)
            // Small beside what is written at a time, large beside a segment: less waits for delayed acknowledgements.
            .channelOption(.socketOption(.so_sndbuf), value: 262_144)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Writer(total: total, indirectFrom: indirectFrom))
                }
            }
            .connect(to: server.localAddress!).get()
        for _ in 0..<3_000 where reader.count < total { try await Task.sleep(nanoseconds: 10_000_000) }
        #expect(reader.count == total)
        #expect(reader.isOrdered)
        try? await client.close()
        try await server.close()
    }
}
