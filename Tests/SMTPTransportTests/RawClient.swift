import NIOCore
import NIOPosix
import Synchronization

/// Writes bytes and keeps what comes back; knows nothing of SMTP.
final class RawClient: Sendable {
    private final class Reader: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        let text = Mutex("")
        let isClosed = Atomic<Bool>(false)
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let piece = String(buffer: Self.unwrapInboundIn(data))
            text.withLock { $0 += piece }
        }
        func channelInactive(context: ChannelHandlerContext) { isClosed.store(true, ordering: .sequentiallyConsistent) }
    }

    private let channel: any Channel
    private let reader = Reader()

    init(_ address: SocketAddress, reads: Bool = true) async throws {
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: reads)
            .channelInitializer { [reader] in $0.pipeline.addHandler(reader) }
            .connect(to: address).get()
    }

    var text: String { reader.text.withLock { $0 } }
    var isClosed: Bool { reader.isClosed.load(ordering: .sequentiallyConsistent) }

    func write(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)) }
    func startReading() async throws { try await channel.setOption(.autoRead, value: true).get() }
    func close() async throws { try await channel.close() }

    /// Writes, then reads until the server closes.
    func exchange(_ text: String) async throws -> String {
        try await write(text)
        try await channel.closeFuture.get()
        return self.text
    }
}
