import NIOCore
import SinkBehaviour
import Synchronization

/// Connections to the name server, over all event loops.
final class OpenCount: Sendable {
    private let open = Atomic<Int>(0)

    /// Beyond, a connection is closed at once; the client asks again (RFC 7766 §6.2.2).
    static let most = 1000

    /// - Returns: whether there is room for one more; it is then counted.
    func enter() -> Bool {
        guard open.add(1, ordering: .relaxed).newValue <= Self.most else {
            leave()
            return false
        }
        return true
    }

    func leave() { open.subtract(1, ordering: .relaxed) }
}

/// Questions over TCP: messages with their length in front (RFC 1035 §4.2.2). A client that does not take its answers is
/// not read from, so that neither they nor its questions pile up.
final class StreamAnswerer: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let zone: TestZone
    private let connections: OpenCount
    private var isCounted = false
    private var input = ByteBuffer()
    private var idle: Scheduled<Void>?
    private var isReadWithheld = false

    /// Seconds without a whole question.
    private static let patience: Int64 = 30
    /// Octets of a question: one name, and what EDNS may bring.
    private static let longest = 4096

    init(_ zone: TestZone, _ connections: OpenCount) {
        self.zone = zone
        self.connections = connections
    }

    func channelActive(context: ChannelHandlerContext) {
        isCounted = connections.enter()
        guard isCounted else { return context.close(promise: nil) }
        wait(context)
    }

    private func wait(_ context: ChannelHandlerContext) {
        idle?.cancel()
        let channel = context.channel
        idle = context.eventLoop.scheduleTask(in: .seconds(Self.patience)) { channel.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var more = Self.unwrapInboundIn(data)
        input.writeBuffer(&more)
        answer(context)
    }

    /// Until there is no whole question, or the client has to take its answers first.
    private func answer(_ context: ChannelHandlerContext) {
        while context.channel.isWritable, let length = input.getInteger(at: input.readerIndex, as: UInt16.self) {
            guard length <= Self.longest else { return context.close(promise: nil) }
            guard input.readableBytes >= Int(length) + 2 else { break }
            input.moveReaderIndex(forwardBy: 2)
            wait(context)
            let question = input.readBytes(length: Int(length)) ?? []
            guard let bytes = nameReply(question, zone, overTCP: true) else { continue }
            var out = ByteBuffer()
            out.writeInteger(UInt16(bytes.count))
            out.writeBytes(bytes)
            // Flushed one by one: whether there is room shows only then.
            context.writeAndFlush(Self.wrapOutboundOut(out), promise: nil)
        }
        input.discardReadBytes()
    }

    func read(context: ChannelHandlerContext) {
        if context.channel.isWritable { context.read() } else { isReadWithheld = true }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            answer(context)
            if isReadWithheld, context.channel.isWritable {
                isReadWithheld = false
                context.read()
            }
        }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        idle?.cancel()
        if isCounted { connections.leave() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
