import MailTypes
import NIOCore
import SMTPProtocol

/// Takes the PROXY header off the front of a connection, tells who the client is, and goes away. Whatever is not such
/// a header, or does not come from a proxy that is trusted, ends the connection without a word.
final class ProxyHeaderHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let connection: SMTPServerConnection
    private let trusted: NetworkSet
    private var bytes: [UInt8] = []
    private var isDone = false
    /// Nothing of the header has come.
    var isUntouched: Bool { bytes.isEmpty && !isDone }

    init(_ connection: SMTPServerConnection, trusted: NetworkSet) {
        self.connection = connection
        self.trusted = trusted
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else { return context.fireChannelRead(data) }
        guard let peer = context.channel.remoteAddress?.networkAddress, trusted.contains(peer) else {
            return context.close(promise: nil)
        }
        bytes += Self.unwrapInboundIn(data).readableBytesView
        switch ProxyHeader.parse(bytes) {
        case .needsInput: return
        case .malformed: context.close(promise: nil)
        case .header(let header, let consumed):
            isDone = true
            let rest = ByteBuffer(bytes: bytes[consumed...])
            bytes = []
            if let source = header.source {
                connection.stateClient(try? SocketAddress(ipAddress: source.address, port: source.port))
            }
            connection.beginAfterProxy()
            if rest.readableBytes > 0 { context.fireChannelRead(Self.wrapInboundOut(rest)) }
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        }
    }
}
