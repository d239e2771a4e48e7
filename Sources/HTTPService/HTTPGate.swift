import NIOCore
import NIOHTTP1

/// Asks whether a request is let in when its header is there. Until that is decided nothing more is read from the client;
/// what came with the header waits here, in front of the decompression.
final class HTTPGate: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart
    typealias Admission = @Sendable (HTTPCall, any EventLoop) -> EventLoopFuture<HTTPAnswer?>

    private enum Waiting {
        case part(HTTPServerRequestPart)
        case event(any Sendable)
        case error(any Error)
    }

    /// Why the request of the last header is not let in.
    private(set) var refusal: HTTPAnswer?
    private let admission: Admission
    private var isDeciding = false
    private var isReadWithheld = false
    private var waiting: [Waiting] = []

    init(_ admission: @escaping Admission) { self.admission = admission }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = Self.unwrapInboundIn(data)
        guard !isDeciding else { return waiting.append(.part(part)) }
        forward(context, part)
    }

    private func forward(_ context: ChannelHandlerContext, _ part: HTTPServerRequestPart) {
        guard case .head(let head) = part else {
            // Of a request that is refused nothing is decompressed.
            if refusal != nil, case .body = part { return }
            return context.fireChannelRead(Self.wrapInboundOut(part))
        }
        isDeciding = true
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let call = HTTPCall(head, ByteBuffer(), context.channel)
        admission(call, context.eventLoop).hop(to: context.eventLoop).whenComplete { result in
            let (gate, context) = bound.value
            switch result {
            case .success(let refusal): gate.refusal = refusal
            case .failure(let error): gate.refusal = .fault(.internalServerError, "\(error)")
            }
            gate.decided(context, head)
        }
    }

    /// The header goes on, and what waited behind it.
    private func decided(_ context: ChannelHandlerContext, _ head: HTTPRequestHead) {
        isDeciding = false
        guard context.channel.isActive else { return }
        context.fireChannelRead(Self.wrapInboundOut(.head(head)))
        while !isDeciding, !waiting.isEmpty {
            switch waiting.removeFirst() {
            case .part(let part): forward(context, part)
            case .event(let event): context.fireUserInboundEventTriggered(event)
            case .error(let error): context.fireErrorCaught(error)
            }
        }
        context.fireChannelReadComplete()
        guard isReadWithheld, !isDeciding else { return }
        isReadWithheld = false
        context.read()
    }

    func read(context: ChannelHandlerContext) {
        if isDeciding { isReadWithheld = true } else { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // The end of the input comes behind what waits.
        guard isDeciding, case ChannelEvent.inputClosed? = event as? ChannelEvent else {
            return context.fireUserInboundEventTriggered(event)
        }
        waiting.append(.event(ChannelEvent.inputClosed))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if isDeciding { waiting.append(.error(error)) } else { context.fireErrorCaught(error) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        waiting = []
        context.fireChannelInactive()
    }
}
