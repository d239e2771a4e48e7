import NIOCore
import NIOPosix
import Synchronization

/// A small proxy for one test: SOCKS5 (RFC 1928 and 1929), or one that reads HAProxy's header and connects as it says.
/// What it connects for the client comes from an address of its own, so that the next hop sees who was there.
package final class ProxyServer: Sendable {
    package enum Kind: Sendable {
        /// - Parameter user: nil: nobody need say who he is.
        case socks5(user: String?, password: String)
        /// From the address in the header.
        case haproxy
        /// SOCKS5 that answers CONNECT with this code (RFC 1928 §6).
        case refusing(UInt8)
        /// Takes connections and says nothing.
        case silent
        /// Speaks something else.
        case strange
    }

    /// What a client wanted.
    package struct Call: Sendable, Hashable {
        /// `127.0.0.1:2525`.
        package var target: String
        /// Of HAProxy's header.
        package var source: String?
        package var user: String?

        package init(target: String, source: String?, user: String?) {
            self.target = target
            self.source = source
            self.user = user
        }
    }

    package var port: Int { channel.localAddress!.port! }
    package var calls: [Call] { journal.withLock { $0 } }

    private let channel: any Channel
    private let journal: Journal
    private typealias Journal = CallJournal

    private init(_ channel: any Channel, _ journal: CallJournal) {
        self.channel = channel
        self.journal = journal
    }

    /// - Parameter address: that connections to next hops come from.
    package static func start(_ kind: Kind, from address: String = "127.0.0.1") async throws -> ProxyServer {
        let journal = CallJournal()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ProxyClient(kind, address, journal))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return ProxyServer(channel, journal)
    }

    package func stop() async throws { try await channel.close() }
}

/// What all clients of a proxy wanted.
final class CallJournal: Sendable {
    private let calls = Mutex<[ProxyServer.Call]>([])
    func withLock<Value: Sendable>(_ body: (inout [ProxyServer.Call]) -> Value) -> Value {
        calls.withLock { body(&$0) }
    }
}

/// One client of the proxy: what it says until it is connected, then both ways what the other side says.
private final class ProxyClient: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State { case beginning, authentication, request, connecting, connected }
    private let kind: ProxyServer.Kind
    private let address: String
    private let journal: CallJournal
    private var state = State.beginning
    private var bytes: [UInt8] = []
    private var user: String?
    private var other: (any Channel)?

    init(_ kind: ProxyServer.Kind, _ address: String, _ journal: CallJournal) {
        self.kind = kind
        self.address = address
        self.journal = journal
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = Self.unwrapInboundIn(data)
        if state == .connected {
            other?.writeAndFlush(buffer, promise: nil)
            return
        }
        bytes += buffer.readableBytesView
        switch kind {
        case .silent: return
        case .strange: say(context, Array("220 this is no proxy\r\n".utf8))
        case .haproxy: readHeader(context)
        case .socks5, .refusing: readSOCKS(context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) { other?.close(promise: nil) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func say(_ context: ChannelHandlerContext, _ octets: [UInt8]) {
        context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(bytes: octets)), promise: nil)
    }

    // MARK: SOCKS5

    private func readSOCKS(_ context: ChannelHandlerContext) {
        switch state {
        case .beginning:
            guard bytes.count >= 2, bytes.count >= 2 + Int(bytes[1]) else { return }
            let offered = bytes[2..<(2 + Int(bytes[1]))]
            bytes.removeFirst(2 + Int(bytes[1]))
            guard case .socks5(.some, _) = kind else {
                state = .request
                return say(context, [5, 0])
            }
            state = .authentication
            say(context, [5, offered.contains(2) ? 2 : 0xFF])
        case .authentication:
            guard bytes.count >= 2, bytes.count >= 3 + Int(bytes[1]) else { return }
            let (name, length) = (Int(bytes[1]), Int(bytes[2 + Int(bytes[1])]))
            guard bytes.count >= 3 + name + length, case .socks5(let wanted, let secret) = kind else { return }
            user = String(decoding: bytes[2..<(2 + name)], as: UTF8.self)
            let password = String(decoding: bytes[(3 + name)..<(3 + name + length)], as: UTF8.self)
            bytes.removeFirst(3 + name + length)
            state = .request
            say(context, [1, user == wanted && password == secret ? 0 : 1])
        case .request:
            let size = bytes.count > 3 && bytes[3] == 4 ? 16 : 4
            guard bytes.count >= 6 + size else { return }
            let target = Self.address(bytes[4..<(4 + size)], bytes[(4 + size)..<(6 + size)])
            bytes.removeFirst(6 + size)
            if case .refusing(let code) = kind {
                note(target, nil)
                return say(context, [5, code, 0, 1, 0, 0, 0, 0, 0, 0])
            }
            connect(context, to: target, from: address, source: nil)
        case .connecting, .connected: return
        }
    }

    // MARK: HAProxy

    private func readHeader(_ context: ChannelHandlerContext) {
        guard state == .beginning, bytes.count >= 16 else { return }
        let length = Int(bytes[14]) << 8 | Int(bytes[15])
        guard bytes.count >= 16 + length else { return }
        let size = bytes[13] == 0x21 ? 16 : 4
        let block = Array(bytes[16..<(16 + length)])
        bytes.removeFirst(16 + length)
        let target = Self.address(block[size..<(2 * size)], block[(2 * size + 2)..<(2 * size + 4)])
        let source = Self.address(block[..<size], [0, 0])
        connect(context, to: target, from: source.ipAddress!, source: source.ipAddress)
    }

    // MARK: The next hop

    private static func address(_ octets: ArraySlice<UInt8>, _ port: ArraySlice<UInt8>) -> SocketAddress {
        let number = port.reduce(0) { $0 << 8 | Int($1) }
        return try! SocketAddress(packedIPAddress: ByteBuffer(bytes: octets), port: number)
    }

    private func note(_ target: SocketAddress, _ source: String?) {
        let call = ProxyServer.Call(target: "\(target.ipAddress!):\(target.port!)", source: source, user: user)
        journal.withLock { $0.append(call) }
    }

    private func connect(
        _ context: ChannelHandlerContext, to target: SocketAddress, from address: String, source: String?
    ) {
        state = .connecting
        note(target, source)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        var bootstrap = ClientBootstrap(group: context.eventLoop)
        if let local = try? SocketAddress(ipAddress: address, port: 0), address != "0.0.0.0" {
            bootstrap = bootstrap.bind(to: local)
        }
        let client = context.channel
        bootstrap.channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(ProxyTarget(client))
            }
        }.connect(to: target).whenComplete { result in
            let (handler, context) = bound.value
            handler.connected(context, result)
        }
    }

    private func connected(_ context: ChannelHandlerContext, _ result: Result<any Channel, any Error>) {
        let isSOCKS = if case .haproxy = kind { false } else { true }
        guard case .success(let channel) = result else {
            if isSOCKS { say(context, [5, 5, 0, 1, 0, 0, 0, 0, 0, 0]) }
            return context.close(promise: nil)
        }
        other = channel
        state = .connected
        if isSOCKS, let local = channel.localAddress, case .v4(let address) = local {
            let octets = withUnsafeBytes(of: address.address.sin_addr.s_addr) { Array($0) }
            say(context, [5, 0, 0, 1] + octets + [UInt8(local.port! >> 8), UInt8(local.port! & 0xFF)])
        }
        channel.setOption(.autoRead, value: true).whenComplete { _ in channel.read() }
        if !bytes.isEmpty { channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }
    }
}

/// The next hop's side: what it says goes to the client, and nothing before the client knows that it is connected.
private final class ProxyTarget: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    private let client: any Channel

    init(_ client: any Channel) { self.client = client }

    func handlerAdded(context: ChannelHandlerContext) {
        context.channel.setOption(.autoRead, value: false).whenFailure { _ in }
    }
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        client.writeAndFlush(Self.unwrapInboundIn(data), promise: nil)
    }
    func channelInactive(context: ChannelHandlerContext) { client.close(promise: nil) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
