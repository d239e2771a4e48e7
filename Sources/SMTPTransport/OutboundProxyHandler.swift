import MailTypes
import NIOCore
import SMTPProtocol

/// Stands in front of a connection to a next hop until the proxy has connected, then goes away. The connection behind it
/// does not begin before that; what goes wrong reaches it as a ``ProxyFault``. Confined to its loop.
final class OutboundProxyHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let proxy: OutboundProxy
    private let target: SocketAddress
    private unowned let connection: SMTPClientConnection
    private let patience: TimeAmount
    private var handshake: SOCKS5Handshake?
    private var bytes: ArraySlice<UInt8> = []
    private var silence: Scheduled<Void>?
    private var isOver = false

    /// - Parameter patience: what the proxy gets for its answers, all together.
    init(
        _ proxy: OutboundProxy, _ target: SocketAddress, _ connection: SMTPClientConnection, _ patience: TimeAmount
    ) {
        self.proxy = proxy
        self.target = target
        self.connection = connection
        self.patience = patience
    }

    func channelActive(context: ChannelHandlerContext) {
        guard let address = target.networkAddress, let number = target.port, let port = UInt16(exactly: number) else {
            return fail(context, "it takes Internet addresses only")
        }
        switch proxy.kind {
        case .haproxy(let sources):
            let source = sources.first { $0.isIPv4 == address.isIPv4 }
            write(context, ProxyHeaderText.version2(source: source, destination: address, port: port))
            if let source { connection.proxyAddress = try? SocketAddress(ipAddress: source.description, port: 0) }
            succeed(context)
        case .socks5(let user, let password):
            let handshake = SOCKS5Handshake(
                target: .init(address: address, port: port), user: user, password: password)
            self.handshake = handshake
            write(context, handshake.greeting)
            let loop = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            silence = context.eventLoop.scheduleTask(in: patience) {
                let (handler, context) = loop.value
                handler.fail(context, "it does not answer")
            }
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver, handshake != nil else { return context.fireChannelRead(data) }
        bytes += Self.unwrapInboundIn(data).readableBytesView
        while !isOver {
            switch handshake!.step(&bytes) {
            case .needsInput: return
            case .send(let answer): write(context, answer)
            case .connected(let from):
                connection.proxyAddress = from.flatMap {
                    try? SocketAddress(ipAddress: $0.address.description, port: Int($0.port))
                }
                succeed(context)
            case .failed(let text, let isOfTarget):
                fail(context, isOfTarget ? "connect to \(target.endpointText): \(text)" : text, isOfTarget: isOfTarget)
            }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if !isOver { fail(context, "it closed the connection") }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isOver else { return context.fireErrorCaught(error) }
        fail(context, "\((error as? IOError).map { "\($0.description)" } ?? "\(error)")")
    }

    private func write(_ context: ChannelHandlerContext, _ octets: [UInt8]) {
        context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(bytes: octets)), promise: nil)
    }

    private func succeed(_ context: ChannelHandlerContext) {
        end()
        context.fireChannelActive()
        if !bytes.isEmpty { context.fireChannelRead(Self.wrapInboundOut(ByteBuffer(bytes: bytes))) }
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    private func fail(_ context: ChannelHandlerContext, _ text: String, isOfTarget: Bool = false) {
        guard !isOver else { return }
        end()
        context.fireErrorCaught(ProxyFault("\(proxy): \(text)", isOfTarget: isOfTarget))
        context.close(promise: nil)
    }

    private func end() {
        isOver = true
        silence?.cancel()
        silence = nil
    }
}
