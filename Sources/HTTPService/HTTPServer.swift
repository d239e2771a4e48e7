import MailTypes
package import NIOCore
import NIOExtras
import NIOHTTP1
import NIOHTTPCompression
package import NIOPosix
package import SMTPTransport
import Synchronization

/// The HTTP listener: reads whole requests within limits, gives them to a service and writes what it answers.
/// Connections are kept alive; one request at a time on each.
package final class HTTPServer: Sendable {
    package struct Configuration: Sendable {
        package var host: String
        /// 0 picks a free port.
        package var port: Int
        package var tls: TLSServerContext?
        /// Octets of a body, after decompression.
        package var bodyLimit = 32 << 20
        /// Octets of the bodies of all connections together that are received or worked on; 503 beyond. One at least is
        /// always let in.
        package var bodyBudget = 256 << 20
        /// Above it a client is let go at once, with 503 where it needs no TLS for that.
        package var maximumConnections = 1_024
        /// The next request's header has to be there within this time; then its body, with a second more for each KiB
        /// that came.
        package var requestTimeout = TimeAmount.seconds(60)
        /// The Date of an answer (RFC 9110 §6.6.1), in seconds since 1970.
        package var seconds: (@Sendable () -> Int)?
        /// What this listener shares with others; nil: nothing.
        package var gate: ConnectionGate?
        /// Bound already, and ours from now on; nil: ``host`` and ``port`` are bound.
        package var boundSocket: Int32?
        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    /// Octets of a header, request line included.
    private static let headerLimit = 64 << 10

    private let channel: any Channel
    private let connections: HTTPConnections
    /// Nil once it was stopped: its end tells its loop, which must still be there.
    private let quiescing: Mutex<ServerQuiescingHelper?>

    private init(_ channel: any Channel, _ connections: HTTPConnections, _ quiescing: ServerQuiescingHelper) {
        self.channel = channel
        self.connections = connections
        self.quiescing = Mutex(quiescing)
    }

    /// `127.0.0.1:8000`, with the port really bound.
    package var address: String { channel.localAddress?.endpointText ?? "?:0" }

    /// - Parameters:
    ///   - admission: why a request is refused whatever is in its body; asked before it is read.
    ///   - service: answers a request that was let in. Both are called on the connection's event loop.
    package static func bind(
        _ configuration: Configuration, group: MultiThreadedEventLoopGroup,
        admission: @escaping @Sendable (HTTPCall, any EventLoop) -> EventLoopFuture<HTTPAnswer?>,
        service: @escaping @Sendable (HTTPCall, any EventLoop) -> EventLoopFuture<HTTPAnswer>
    ) async throws -> HTTPServer {
        let connections = HTTPConnections()
        let quiescing = ServerQuiescingHelper(group: group)
        let budget = HTTPBodyBudget(max(configuration.bodyBudget, configuration.bodyLimit))
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let gate = configuration.gate {
                        try channel.pipeline.syncOperations.addHandler(AcceptGate(gate))
                    }
                    try channel.pipeline.syncOperations.addHandler(quiescing.makeServerChannelHandler(channel: channel))
                }
            }
            .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(ChannelOptions.allowRemoteHalfClosure, value: configuration.tls == nil)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try furnish(channel, configuration, connections, budget, admission, service)
                }
            }
        let channel =
            if let socket = configuration.boundSocket {
                try await bootstrap.withBoundSocket(socket).get()
            } else {
                try await bootstrap.bind(host: configuration.host, port: configuration.port).get()
            }
        return HTTPServer(channel, connections, quiescing)
    }

    private static func furnish(
        _ channel: any Channel, _ configuration: Configuration, _ connections: HTTPConnections,
        _ budget: HTTPBodyBudget, _ admission: @escaping HTTPGate.Admission,
        _ service: @escaping HTTPCallHandler.Service
    ) throws {
        let count = connections.open.add(1, ordering: .relaxed).newValue
        channel.closeFuture.whenComplete { _ in connections.open.subtract(1, ordering: .relaxed) }
        let pipeline = channel.pipeline.syncOperations
        guard count <= configuration.maximumConnections, !(configuration.gate?.isBeyond ?? false) else {
            return try pipeline.addHandler(HTTPTurnAway(saysWhy: configuration.tls == nil))
        }
        if let tls = configuration.tls { try pipeline.addHandler(tls.handler()) }
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = headerLimit
        limits.maxHeaderListSize = headerLimit
        try pipeline.configureHTTPServerPipeline(
            withErrorHandling: false, withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits)
        let gate = HTTPGate(admission)
        try pipeline.addHandler(gate)
        try pipeline.addHandler(NIOHTTPRequestDecompressor(limit: .size(configuration.bodyLimit)))
        let compression = AnswerCompression()
        try pipeline.addHandler(compression.handler)
        try pipeline.addHandler(HTTPCallHandler(configuration, gate, budget, connections, compression, service))
    }

    /// Takes no new connections; those that are there go on.
    package func close() async { try? await channel.close() }

    /// Takes no new connections, closes the idle ones and lets requests under way be answered, each the last of its
    /// connection. Returns when all are gone, or after `limit` with some still there: they end with their event loops.
    package func stop(within limit: TimeAmount) async {
        connections.isStopping.store(true, ordering: .relaxed)
        let gone = channel.eventLoop.makePromise(of: Void.self)
        let done = channel.eventLoop.makePromise(of: Void.self)
        let helper = quiescing.withLock { held in
            defer { held = nil }
            return held
        }
        if let helper { helper.initiateShutdown(promise: gone) } else { gone.succeed() }
        let late = channel.eventLoop.scheduleTask(in: limit) { done.succeed() }
        gone.futureResult.whenComplete { _ in
            late.cancel()
            done.succeed()
        }
        try? await done.futureResult.get()
    }
}

/// What the connections of one listener know of each other.
final class HTTPConnections: Sendable {
    let open = Atomic<Int>(0)
    /// Every answer is the last of its connection.
    let isStopping = Atomic<Bool>(false)
}
