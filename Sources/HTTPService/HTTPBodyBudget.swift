import NIOCore
import Synchronization

/// Octets that the bodies of all connections may hold together.
final class HTTPBodyBudget: Sendable {
    private let limit: Int
    private let held = Atomic<Int>(0)

    init(_ limit: Int) { self.limit = limit }

    /// What one body holds; given back with ``end()``, at the latest when nobody knows it any more.
    final class Share: Sendable {
        private let budget: HTTPBodyBudget
        private let octets = Atomic<Int>(0)

        init(_ budget: HTTPBodyBudget) { self.budget = budget }
        deinit { end() }

        /// - Returns: false where the budget has no room.
        func take(_ more: Int) -> Bool {
            octets.add(more, ordering: .relaxed)
            return budget.held.add(more, ordering: .relaxed).newValue <= budget.limit
        }

        func end() { budget.held.subtract(octets.exchange(0, ordering: .relaxed), ordering: .relaxed) }
    }
}

/// Lets a client go that is one too many, before anything was read from it.
final class HTTPTurnAway: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let saysWhy: Bool

    init(saysWhy: Bool) { self.saysWhy = saysWhy }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        guard saysWhy else { return channel.close(promise: nil) }
        let text = "too many connections\n"
        let answer =
            "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n"
            + "content-type: text/plain; charset=utf-8\r\ncontent-length: \(text.utf8.count)\r\n\r\n\(text)"
        context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(string: answer))).whenComplete { _ in
            channel.close(promise: nil)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}
}
