import MailTypes
import NIOCore
import NIOPosix
import SMTPProtocol
import SMTPTransport
import Synchronization
import Testing
import TestSupport

/// Connections to next hops through proxies, over real sockets.
@Suite(.timeLimit(.minutes(1))) struct OutboundProxyTests {
    /// What became of one connection.
    private struct Outcome: Sendable {
        var isReady = false
        var cause: ClientCloseCause?
        var fault: OwnFault?
        /// Where the proxy says that it connects from.
        var from: String?
    }

    /// Quits as soon as it may send.
    private final class Visitor: SMTPClientDelegate, Sendable {
        private let outcome = Mutex(Outcome())
        private let promise: EventLoopPromise<Outcome>
        init(_ promise: EventLoopPromise<Outcome>) { self.promise = promise }
        func maySend(_ connection: SMTPClientConnection) {
            outcome.withLock {
                $0.isReady = true
                $0.from = connection.proxyAddress?.ipAddress
            }
            connection.quit()
        }
        func finished(_ connection: SMTPClientConnection, _ result: TransactionResult) {}
        func closed(_ connection: SMTPClientConnection, cause: ClientCloseCause, unfinished: [Bool]) {
            let whole = outcome.withLock {
                $0.cause = cause
                $0.fault = connection.ownFault
                return $0
            }
            promise.succeed(whole)
        }
    }

    private func visit(
        _ target: SocketAddress, by proxy: OutboundProxy, patience: TimeAmount = .seconds(20)
    ) async throws -> Outcome {
        let loops = LoopGroup(threads: 1)
        let context = loops.contexts[0]
        let outcome = try await context.eventLoop.flatSubmit {
            let promise = context.eventLoop.makePromise(of: Outcome.self)
            SMTPClientConnection.connect(
                to: target, loop: context, configuration: ClientConfiguration(hostname: "client.test"),
                delegate: Visitor(promise), timeout: patience, security: .init(proxy: proxy))
            return promise.futureResult
        }.get()
        try await loops.shutDown()
        return outcome
    }

    private func visit(_ kind: ProxyServer.Kind, _ client: OutboundProxy.Kind, patience: TimeAmount = .seconds(20))
        async throws -> (Outcome, [ProxyServer.Call], port: Int)
    {
        let hop = try await GreetingServer.start()
        let server = try await ProxyServer.start(kind, from: "127.0.0.9")
        let proxy = OutboundProxy(
            address: try SocketAddress(ipAddress: "127.0.0.1", port: server.port), kind: client)
        let outcome = try await visit(hop.localAddress!, by: proxy, patience: patience)
        try await server.stop()
        try await hop.close()
        return (outcome, server.calls, hop.localAddress?.port ?? 0)
    }

    private let plain = OutboundProxy.Kind.socks5(user: nil, password: "")

    @Test func socksConnects() async throws {
        for user in [nil, "user"] {
            let (outcome, calls, _) = try await visit(
                .socks5(user: user, password: "secret"), .socks5(user: user, password: "secret"))
            #expect(outcome.isReady && outcome.fault == nil && outcome.from == "127.0.0.9", "\(outcome)")
            #expect(calls.count == 1 && calls[0].user == user)
            guard case .quit? = outcome.cause else {
                Issue.record("\(outcome)")
                continue
            }
        }
    }

    @Test func aHeaderSaysWhereFrom() async throws {
        let (outcome, calls, _) = try await visit(.haproxy, .haproxy(sources: [NetworkAddress("127.0.0.6")!]))
        #expect(outcome.isReady && outcome.from == "127.0.0.6", "\(outcome)")
        #expect(calls.map(\.source) == ["127.0.0.6"])
    }

    @Test func theProxysFaultsAreItsOwn() async throws {
        let user = OutboundProxy.Kind.socks5(user: "user", password: "wrong")
        for (server, client, text) in [
            (ProxyServer.Kind.socks5(user: "user", password: "right"), user, "wrong user or password"),
            (.socks5(user: "user", password: "right"), plain, "it wants a user and a password"),
            (.refusing(2), plain, "not allowed by its rules"),
            (.strange, plain, "it speaks no SOCKS5"),
        ] {
            let outcome = try await visit(server, client).0
            #expect(!outcome.isReady && outcome.fault == .proxy, "\(outcome)")
            guard case .unreachable(let said)? = outcome.cause else {
                Issue.record("\(outcome)")
                continue
            }
            #expect(said.hasPrefix("SOCKS5 proxy 127.0.0.1:") && said.hasSuffix(text), "\(said)")
        }
    }

    @Test func aSilentProxyIsGivenUp() async throws {
        let outcome = try await visit(.silent, plain, patience: .milliseconds(50)).0
        guard case .unreachable(let text)? = outcome.cause else {
            Issue.record("\(outcome)")
            return
        }
        #expect(text.hasSuffix("it does not answer") && outcome.fault == .proxy, "\(text)")
    }

    @Test func whatTheNextHopRefusesIsNotTheProxysFault() async throws {
        let (outcome, _, _) = try await visit(.refusing(5), plain)
        guard case .unreachable(let text)? = outcome.cause else {
            Issue.record("\(outcome)")
            return
        }
        #expect(text.contains("connect to 127.0.0.1:") && text.hasSuffix("connection refused"), "\(text)")
        #expect(outcome.fault == nil)
    }

    @Test func aProxyThatIsNotThereIsNamed() async throws {
        let server = try await ProxyServer.start(.silent)
        let port = server.port
        try await server.stop()
        let proxy = OutboundProxy(address: try SocketAddress(ipAddress: "127.0.0.1", port: port), kind: plain)
        let outcome = try await visit(try SocketAddress(ipAddress: "127.0.0.1", port: 9), by: proxy)
        guard case .unreachable(let text)? = outcome.cause else {
            Issue.record("\(outcome)")
            return
        }
        #expect(text == "connect to SOCKS5 proxy 127.0.0.1:\(port): Connection refused")
        #expect(outcome.fault == .proxy)
    }
}

/// Speaks just enough SMTP for a client that quits.
private enum GreetingServer {
    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private var isGreeted = false
        func channelActive(context: ChannelHandlerContext) { say(context, "220 hop.test\r\n") }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let text = String(buffer: Self.unwrapInboundIn(data))
            say(context, text.hasPrefix("QUIT") ? "221 2.0.0 bye\r\n" : "250 hop.test\r\n")
        }
        private func say(_ context: ChannelHandlerContext, _ text: String) {
            context.writeAndFlush(NIOAny(ByteBuffer(string: text)), promise: nil)
        }
    }

    static func start() async throws -> any Channel {
        try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Handler()) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }
}
