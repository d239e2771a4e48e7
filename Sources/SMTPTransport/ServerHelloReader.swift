import NIOCore

/// Reads the cipher suite that a TLS server chooses from its ServerHello, which is in the clear in all versions (RFC 5246
/// §7.4.1.3, RFC 8446 §4.1.3): NIOSSL does not say it. Stands between the socket and TLS during a handshake, changes
/// nothing and goes away with ``take(from:)``. Confined to its loop.
final class ServerHelloReader: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Which side says ServerHello.
    enum Server { case here, there }

    private let server: Server
    private var bytes: [UInt8] = []
    private var isOver = false
    /// As registered with IANA; nil: not seen, or nothing that this could read.
    private(set) var cipher: UInt16?

    init(server: Server) { self.server = server }

    /// The cipher that the handshake on this channel came to; the reader is gone then.
    static func take(from pipeline: ChannelPipeline) -> UInt16? {
        guard let reader = try? pipeline.syncOperations.handler(type: ServerHelloReader.self) else { return nil }
        pipeline.syncOperations.removeHandler(reader, promise: nil)
        return reader.cipher
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if server == .there { look(at: Self.unwrapInboundIn(data)) }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if server == .here { look(at: Self.unwrapOutboundIn(data)) }
        context.write(data, promise: promise)
    }

    private func look(at buffer: ByteBuffer) {
        guard !isOver else { return }
        bytes += buffer.readableBytesView.prefix(ServerHello.mostOctets - bytes.count)
        switch ServerHello.cipher(bytes) {
        case .found(let suite): (cipher, isOver) = (suite, true)
        case .none: isOver = true
        case .needsMore: break
        }
        if isOver { bytes = [] }
    }
}

/// The beginning of what a TLS server says.
package enum ServerHello {
    package enum Outcome: Equatable, Sendable {
        case found(UInt16)
        case needsMore
        /// It is something else.
        case none
    }

    /// Record, message, version, random and session id, up to the suite behind them.
    package static let mostOctets = 5 + 4 + 2 + 32 + 1 + 32 + 2

    package static func cipher(_ bytes: [UInt8]) -> Outcome {
        // A handshake record of SSL 3 or later, and in it ServerHello.
        let fixed: [(place: Int, value: UInt8)] = [(0, 22), (1, 3), (5, 2)]
        for (place, value) in fixed where bytes.count > place && bytes[place] != value { return .none }
        let idPlace = 43
        guard bytes.count > idPlace else { return .needsMore }
        let length = Int(bytes[idPlace])
        guard length <= 32 else { return .none }
        let place = idPlace + 1 + length
        guard bytes.count >= place + 2 else { return .needsMore }
        return .found(UInt16(bytes[place]) << 8 | UInt16(bytes[place + 1]))
    }
}
