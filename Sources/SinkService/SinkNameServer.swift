import Measures
import NIOCore
import NIOPosix
import SMTPTransport
import SinkBehaviour

/// Answers for the test zone over UDP and TCP (RFC 1035, RFC 7766) on one port.
final class SinkNameServer: Sendable {
    private let udp: any Channel
    private let tcp: any Channel
    let address: String

    private init(_ udp: any Channel, _ tcp: any Channel) {
        self.udp = udp
        self.tcp = tcp
        address = udp.localAddress?.endpointText ?? "?:0"
    }

    static func start(_ endpoint: Endpoint, _ zone: TestZone, _ loops: LoopGroup) async throws -> SinkNameServer {
        var attempts = endpoint.port == 0 ? 20 : 1
        while true {
            let udp = try await DatagramBootstrap(group: loops.group)
                .channelOption(ChannelOptions.socketOption(.so_rcvbuf), value: 4 << 20)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(DatagramAnswerer(zone))
                    }
                }
                .bind(host: endpoint.host, port: endpoint.port).get()
            do {
                // The port that was free for UDP may be taken for TCP.
                let port = udp.localAddress?.port ?? endpoint.port
                let tcp = try await listen(Endpoint(host: endpoint.host, port: port), zone, loops)
                return SinkNameServer(udp, tcp)
            } catch {
                try? await udp.close()
                attempts -= 1
                if attempts == 0 { throw error }
            }
        }
    }

    private static func listen(_ endpoint: Endpoint, _ zone: TestZone, _ loops: LoopGroup) async throws -> any Channel {
        let connections = OpenCount()
        return try await ServerBootstrap(group: loops.group)
            .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(StreamAnswerer(zone, connections))
                }
            }
            .bind(host: endpoint.host, port: endpoint.port).get()
    }

    func close() async {
        try? await udp.close()
        try? await tcp.close()
    }
}

/// What a message is answered with; nil: nothing.
func nameReply(_ bytes: [UInt8], _ zone: TestZone, overTCP: Bool) -> [UInt8]? {
    switch DNSQuery.read(bytes) {
    case .ignored: nil
    case .refused(let id, let code): DNSAnswer.refusal(id: id, code: code)
    case .unknownVersion(let query): DNSAnswer.unknownVersion.encoded(for: query, overTCP: overTCP)
    case .query(let query): zone.answer(query).encoded(for: query, overTCP: overTCP)
    }
}

private final class DatagramAnswerer: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>
    private let zone: TestZone

    init(_ zone: TestZone) { self.zone = zone }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let question = Self.unwrapInboundIn(data)
        guard let bytes = nameReply(Array(question.data.readableBytesView), zone, overTCP: false) else { return }
        context.write(
            Self.wrapOutboundOut(
                AddressedEnvelope(remoteAddress: question.remoteAddress, data: ByteBuffer(bytes: bytes))),
            promise: nil)
    }

    func channelReadComplete(context: ChannelHandlerContext) { context.flush() }

    /// An answer that could not be sent is not worth the socket.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}
