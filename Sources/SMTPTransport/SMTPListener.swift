import Glibc
import MailTypes
package import NIOCore
import NIOPosix
package import SMTPProtocol
import Synchronization

/// A listening socket whose connections are spread over all loops of a group, in turn.
package final class SMTPListener: Sendable {
    package struct Configuration: Sendable {
        package var host: String
        /// 0 picks a free port.
        package var port: Int
        package var session: ServerConfiguration
        package var timeouts: ServerTimeouts
        /// Above it a client is told 421 and let go.
        package var maximumConnections: Int
        package var security = ListenerSecurity()
        /// What this listener shares with others; nil: nothing.
        package var gate: ConnectionGate?
        /// Bound already, and ours from now on; nil: ``host`` and ``port`` are bound.
        package var boundSocket: Int32?

        package init(
            host: String, port: Int, session: ServerConfiguration, timeouts: ServerTimeouts = .init(),
            maximumConnections: Int = 100_000
        ) {
            self.host = host
            self.port = port
            self.session = session
            self.timeouts = timeouts
            self.maximumConnections = maximumConnections
        }
    }

    /// Connections waiting to be accepted: a burst of thousands connects at once, and a shallow queue makes the
    /// kernel drop their SYNs for a second. The kernel cuts it to net.core.somaxconn.
    package static let backlog: Int32 = 4096

    private let channel: any Channel
    private let loops: LoopGroup
    package let localAddress: SocketAddress
    private let configuration: Configuration
    private let open: OpenConnections
    private let makeDelegate: @Sendable (LoopContext) -> any SMTPServerDelegate

    private init(
        _ channel: any Channel, _ loops: LoopGroup, _ configuration: Configuration, _ open: OpenConnections,
        _ makeDelegate: @escaping @Sendable (LoopContext) -> any SMTPServerDelegate
    ) {
        self.channel = channel
        self.loops = loops
        (self.configuration, self.open, self.makeDelegate) = (configuration, open, makeDelegate)
        localAddress = channel.localAddress!
    }

    /// `127.0.0.1:2525`, with the port really bound.
    package var addressText: String { localAddress.endpointText }

    /// - Parameter delegate: makes the delegate of a new connection, on its event loop.
    package static func bind(
        _ configuration: Configuration, loops: LoopGroup,
        delegate: @escaping @Sendable (LoopContext) -> any SMTPServerDelegate
    ) async throws -> SMTPListener {
        let open = OpenConnections()
        let bootstrap = ServerBootstrap(group: loops.group)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let gate = configuration.gate else { return }
                    try channel.pipeline.syncOperations.addHandler(AcceptGate(gate))
                }
            }
            .serverChannelOption(ChannelOptions.backlog, value: backlog)
            .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(ChannelOptions.maxMessagesPerRead, value: 64)
            .childChannelOption(ChannelOptions.maxMessagesPerRead, value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let count = open.add(channel)
                    let isFull = count > configuration.maximumConnections || configuration.gate?.isBeyond ?? false
                    let loop = loops.context(of: channel.eventLoop)
                    try Self.equip(channel, configuration, loop, delegate(loop), isFull: isFull)
                }
            }
        return SMTPListener(try await bind(bootstrap, configuration), loops, configuration, open, delegate)
    }

    /// Goes on with a client that another process has accepted here, whatever the limits say: it was let in.
    /// - Parameter descriptor: its socket, ours from now on.
    /// - Returns: fails with an `IOError` if there is no such socket.
    package func adopt(_ descriptor: Int32, _ state: ClientState, on loop: LoopContext) -> EventLoopFuture<Void> {
        let (configuration, open, makeDelegate) = (configuration, open, makeDelegate)
        return ClientBootstrap(group: loop.eventLoop)
            .channelOption(ChannelOptions.maxMessagesPerRead, value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    _ = open.add(channel)
                    configuration.gate?.enter()
                    channel.closeFuture.whenComplete { _ in configuration.gate?.leave() }
                    try Self.equip(
                        channel, configuration, loop, makeDelegate(loop), isFull: false, resumed: state)
                }
            }
            .withConnectedSocket(descriptor).map { _ in }
    }

    private static func bind(
        _ bootstrap: ServerBootstrap, _ configuration: Configuration
    ) async throws -> any Channel {
        guard let socket = configuration.boundSocket else {
            return try await bootstrap.bind(host: configuration.host, port: configuration.port).get()
        }
        let channel = try await bootstrap.withBoundSocket(socket).get()
        // NIO listens with a backlog of its own, and before options are set: once more with ours.
        listen(socket, backlog)
        return channel
    }

    private static func equip(
        _ channel: any Channel, _ configuration: Configuration, _ loop: LoopContext, _ delegate: any SMTPServerDelegate,
        isFull: Bool, resumed: ClientState? = nil
    ) throws {
        let security = configuration.security
        // In the clear the octets on the socket are the content itself.
        let isPlain = security.tls == nil && security.proxies == nil
        let discard = isPlain && !delegate.needsContent ? KernelDiscard() : nil
        let allocator = LoopReceiveAllocator(loop.receiveBuffers, discard)
        try channel.syncOptions?.setOption(.recvAllocator, value: allocator)
        let refusal =
            isFull ? SMTPReply(421, .init(4, 7, 0), "\(configuration.session.hostname) Too many connections") : nil
        let connection = SMTPServerConnection(
            loop: loop, session: ServerSession(configuration.session), delegate: delegate,
            timeouts: configuration.timeouts, security: security, refusal: refusal, resumed: resumed)
        connection.discard = discard
        discard?.attach(connection)
        let pipeline = channel.pipeline.syncOperations
        if let proxies = security.proxies, resumed?.session == nil {
            let header = ProxyHeaderHandler(connection, trusted: proxies)
            connection.proxyHeader = header
            try pipeline.addHandler(header)
        }
        try pipeline.addHandler(connection)
    }

    private final class OpenConnections: Sendable {
        private let count = Atomic<Int>(0)

        /// Counts a connection until it closes.
        /// - Returns: how many there are with it.
        func add(_ channel: any Channel) -> Int {
            channel.closeFuture.whenComplete { [self] _ in count.subtract(1, ordering: .relaxed) }
            return count.add(1, ordering: .relaxed).newValue
        }
    }

    /// Stops accepting; open connections go on.
    package func stopAccepting() async {
        // Who was accepted just now is on its way to its loop, and is closed without a word if it finds the listener gone.
        try? await channel.setOption(ChannelOptions.autoRead, value: false).get()
        for _ in 0..<2 {
            for context in loops.contexts { try? await context.eventLoop.submit {}.get() }
            try? await channel.eventLoop.submit {}.get()
        }
        try? await channel.close()
    }

    /// Asks every client to go: those at rest get 421 at once, others after their transaction, all after `limit`.
    package func drain(limit: TimeAmount) async { await Self.drain(loops, limit: limit) }

    /// The same for the clients of all listeners of these loops.
    /// - Parameter handOver: takes those whom another process can go on with, as soon as they rest.
    package static func drain(_ loops: LoopGroup, limit: TimeAmount, to handOver: ClientHandOver? = nil) async {
        let deadline = NIODeadline.now() + limit
        // Asked again each time: some were accepted just before and had not begun.
        repeat {
            let left = await askToGo(loops)
            await handOver?.passOn()
            if left == 0 { return }
            try? await Task.sleep(nanoseconds: 20_000_000)
        } while NIODeadline.now() < deadline
        for context in loops.contexts {
            try? await context.eventLoop.submit { context.forEachServerConnection { $0.abort(.serviceClosing) } }.get()
        }
    }

    /// - Returns: how many are still there.
    private static func askToGo(_ loops: LoopGroup) async -> Int {
        var count = 0
        for context in loops.contexts {
            count +=
                (try? await context.eventLoop.submit {
                    var open = 0
                    context.forEachServerConnection {
                        $0.drain()
                        open += 1
                    }
                    return open
                }.get()) ?? 0
        }
        return count
    }
}
