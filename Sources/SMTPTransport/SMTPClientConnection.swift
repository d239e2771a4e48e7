import Glibc
package import MailTypes
package import Measures
package import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import SASLAuthentication
package import SMTPProtocol
package import TransportSecurity

/// Drives one ``ClientSession`` on a channel. Confined to its loop.
package final class SMTPClientConnection: ChannelInboundHandler, TimedConnection {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    package let loop: LoopContext
    // Looked at twenty times a message. That no look overlaps another need not be found out each time at run time (SE-0176):
    // these are values whose methods call nobody who could come back here.
    @exclusivity(unchecked) package private(set) var session: ClientSession
    private let delegate: any SMTPClientDelegate
    private var context: ChannelHandlerContext?
    /// Of transactions whose content was not wanted yet.
    @exclusivity(unchecked) private var contents = PairQueue<OutgoingContent>()
    private var isReading = false
    // Who is told of a write that failed closes the connection, and writes nothing more.
    @exclusivity(unchecked) private var output = DirectOutput()
    @exclusivity(unchecked) private var cause: ClientCloseCause?
    /// It was made, and is not gone yet.
    private var isTimed = false
    /// When the input being worked on was read, or the connection was made.
    @exclusivity(unchecked) package private(set) var now: MonotonicInstant
    package let connectStarted: MonotonicInstant
    /// When greeting, TLS, EHLO and AUTH have to be over.
    private let openingEnds: UInt64
    package private(set) var connected = MonotonicInstant(nanoseconds: 0)
    private let security: Security
    /// Follows the session; nil: nobody does.
    @exclusivity(unchecked) package var tap: SessionTap?
    private var isHandshaking = false
    /// The handshake is over; nil in the clear.
    package private(set) var tls: TLSDetails?
    /// Where the connection comes from; nil while it is none.
    package var localAddress: SocketAddress? { context?.channel.localAddress }
    /// A handshake was begun and failed, or something in the clear stood behind the 220 that it should follow: the next
    /// hop's TLS does not work.
    package private(set) var handshakeFailed = false
    /// It failed at something that is not the next hop's; nil: it did not, or nobody can tell.
    package private(set) var ownFault: OwnFault?
    /// Where a proxy says that it connects from.
    package internal(set) var proxyAddress: SocketAddress?
    /// What was wrong with the server's certificates, where ``Security/check`` looked at them.
    package private(set) var certificateFault: CertificateFault?

    /// How this connection encrypts, and where it comes from.
    package struct Security: Sendable {
        package var context: TLSClientContext?
        /// Host name of the next hop, for SNI and verification.
        package var name: String?
        /// What the server's certificates have to be, with a context that leaves it to this; nil: as the context says.
        package var check: ChainCheck?
        /// What the check finds is noted, and the connection goes on.
        package var checkIsAdvisory = false
        /// Local address to connect from; nil: the system's choice.
        package var source: SocketAddress?
        /// Nil: straight to the next hop.
        package var proxy: OutboundProxy?
        package init(
            context: TLSClientContext? = nil, name: String? = nil, source: SocketAddress? = nil,
            proxy: OutboundProxy? = nil
        ) {
            self.context = context
            self.name = name
            self.source = source
            self.proxy = proxy
        }
    }

    init(
        loop: LoopContext, session: consuming ClientSession, delegate: any SMTPClientDelegate,
        connectStarted: MonotonicInstant,
        security: Security = Security()
    ) {
        self.loop = loop
        self.session = session
        self.delegate = delegate
        self.connectStarted = connectStarted
        openingEnds = Self.end(of: self.session.configuration.timeouts.opening, from: connectStarted)
        self.security = security
        now = connectStarted
    }

    /// Connects from the loop's own thread. Failure is told through `closed` of the delegate, with the connection
    /// that never came to be.
    /// - Returns: the connection to be, which can be aborted while it is being made.
    @discardableResult
    package static func connect(
        to target: SocketAddress, loop: LoopContext, configuration: ClientConfiguration,
        delegate: any SMTPClientDelegate, timeout: TimeAmount? = nil, security: Security = Security()
    ) -> SMTPClientConnection {
        loop.eventLoop.assertInEventLoop()
        let connection = SMTPClientConnection(
            loop: loop, session: ClientSession(configuration), delegate: delegate, connectStarted: .now(),
            security: security)
        let bound = NIOLoopBound(connection, eventLoop: loop.eventLoop)
        var bootstrap = ClientBootstrap(group: loop.eventLoop)
        if let source = security.source { bootstrap = bootstrap.bind(to: source) }
        bootstrap
            .connectTimeout(timeout ?? configuration.timeouts.connectAmount)
            .channelOption(ChannelOptions.maxMessagesPerRead, value: 1)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 2048))
            .channelOption(ChannelOptions.writeBufferWaterMark, value: .init(low: 1 << 16, high: 1 << 20))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let connection = bound.value
                    if let proxy = security.proxy {
                        try channel.pipeline.syncOperations.addHandler(
                            OutboundProxyHandler(
                                proxy, target, connection, timeout ?? configuration.timeouts.connectAmount))
                    }
                    try channel.pipeline.syncOperations.addHandler(connection)
                }
            }
            .connect(to: security.proxy?.address ?? target)
            .whenFailure { error in
                let connection = bound.value
                connection.ownFault = OwnFault(error, security)
                let hop = security.proxy.map { "\($0)" } ?? target.endpointText
                connection.delegate.closed(
                    connection, cause: connection.cause ?? .unreachable("connect to \(hop): \(plain(error))"),
                    unfinished: [])
            }
        return connection
    }

    /// What the system says of it, without where in the program it was said.
    private static func plain(_ error: any Error) -> String {
        switch error {
        case let error as IOError: String(cString: strerror(error.errnoCode))
        case ChannelError.connectTimeout: "timed out"
        default: "\(error)"
        }
    }

    // MARK: For the owner

    // What the session says, without a copy of all of it.
    package var usesChunking: Bool { session.usesChunking }
    package var usesPipelining: Bool { session.usesPipelining }
    package func takeFirstReplies() -> [TransactionStage: SMTPReply] { session.takeFirstReplies() }

    /// A transaction may begin now.
    package var canSend: Bool { context != nil && session.canBegin }

    /// Starts a transaction; ``canSend`` must be true. Content is in the form that
    /// `session.sendsChunk(form)` says: dot-stuffed for DATA, raw for BDAT.
    package func send(_ envelope: Envelope, _ content: consuming OutgoingContent) {
        let atOnce = session.begin(envelope, size: content.size, form: content.form)
        began(content, atOnce)
    }

    /// The same with an envelope that the caller uses again.
    package func send(_ envelope: borrowing FlatEnvelope, _ content: consuming OutgoingContent) {
        let atOnce = session.begin(envelope, size: content.size, form: content.form)
        began(content, atOnce)
    }

    private func began(_ content: consuming OutgoingContent, _ atOnce: Bool) {
        contents.append(content)
        if atOnce { writeContent() }
        if !isReading {
            now = .now()
            flush()
        }
    }

    /// QUIT, after what is open.
    package func quit() {
        session.quit()
        guard !isReading else { return }
        now = .now()
        flush()
    }

    /// Closes without QUIT.
    package func abort(_ cause: ClientCloseCause) {
        guard let context else { return }
        if self.cause == nil { self.cause = cause }
        context.close(promise: nil)
    }

    // MARK: Channel events

    package func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { start() }
    }

    package func channelActive(context: ChannelHandlerContext) { start() }

    private func start() {
        guard !isTimed else { return }
        isTimed = true
        connected = .now()
        now = connected
        loop.register(self)
        if session.configuration.isImplicitTLS { shakeHands() }
    }

    // MARK: TLS

    private func shakeHands() {
        guard let context else { return }
        isHandshaking = true
        handshakeFailed = true
        output.useChannel()
        do {
            guard let tls = security.context else { throw TLSFault("TLS is not set up") }
            let handlers: [any ChannelHandler] = [ServerHelloReader(server: .there), try handler(tls)]
            try context.pipeline.syncOperations.addHandlers(handlers, position: .before(self))
        } catch {
            abort(.lost("TLS: \(error)"))
        }
    }

    private func handler(_ tls: TLSClientContext) throws -> NIOSSLClientHandler {
        guard let check = security.check else { return try tls.handler(name: security.name) }
        return try tls.handler(name: security.name, check: check) { [weak self] fault in
            self?.certificateFault = fault
            return fault == nil || self?.security.checkIsAdvisory ?? false
        }
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .handshakeCompleted? = event as? TLSUserEvent, isHandshaking else {
            return context.fireUserInboundEventTriggered(event)
        }
        isHandshaking = false
        handshakeFailed = false
        tls = TLSDetails(context, peerIsVerified: security.context?.isVerifying ?? false)
        now = .now()
        guard !session.configuration.isImplicitTLS else { return }
        session.secured()
        flush()
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let input = Self.unwrapInboundIn(data)
        now = .now()
        guard !isHandshaking else { return abort(.lost("in the clear behind STARTTLS")) }
        isReading = true
        tap?.replies(input.readableBytesView)
        session.now = now.nanoseconds
        var offset = 0
        reading: while cause == nil {
            switch session.step(input.readableBytesSpan, &offset) {
            case .needsInput: break reading
            case .ready: offer()
            case .startTLS:
                isReading = false
                guard offset == input.readableBytes else {
                    handshakeFailed = true
                    return abort(.lost("in the clear behind STARTTLS"))
                }
                return shakeHands()
            case .sendContent:
                writeContent()
                offer()
            case .finished(let result):
                dropUnsentContent()
                delegate.finished(self, result)
                offer()
            case .deriveKeys: deriveKeys()
            case .sessionRefused(let reply): cause = .refused(reply)
            case .close(let text): cause = text.map { .lost($0) } ?? .quit
            }
        }
        isReading = false
        flush()
        if cause != nil { context.close(promise: nil) }
    }

    private func offer() { if session.canBegin { delegate.maySend(self) } }

    package func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        tap?.close()
        loop.unregister(self)
        isTimed = false
        let unfinished = session.unfinished
        contents.removeAll()
        delegate.closed(self, cause: cause ?? .lost("closed by the peer"), unfinished: unfinished)
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let fault = error as? ProxyFault {
            cause = cause ?? .unreachable(fault.description)
            ownFault = fault.isOfTarget ? nil : .proxy
        }
        let text = isHandshaking ? "TLS: \(certificateFault?.description ?? Self.plain(error))" : Self.plain(error)
        if cause == nil { cause = .lost(text) }
        context.close(promise: nil)
    }

    // MARK: Writing

    /// Output so far, then the oldest content not yet written, then its end (RFC 5321 §4.1.1.4).
    private func writeContent() {
        guard let content = contents.popFirst() else { return }
        writeCommands()
        tap?.content(content.size)
        if let header = content.header { output.add(header) }
        for buffer in content.buffers { output.add(buffer) }
        session.endContent(content.form)
    }

    /// A transaction that ended before its content was wanted leaves its content behind.
    private func dropUnsentContent() {
        guard !contents.isEmpty else { return }
        let wanted = session.unsentContents
        while contents.count > wanted { _ = contents.popFirst() }
    }

    private func writeCommands() {
        session.drainOutput {
            tap?.commands($0)
            output.add($0)
        }
    }

    private func flush() {
        writeCommands()
        if let context { output.flush(context) }
    }

    // MARK: Timeouts

    /// Of what is awaited since ``now``. Worked out where it is asked for: once a second, not with every message.
    var deadline: UInt64 {
        guard isTimed else { return .max }
        let seconds = isHandshaking ? session.configuration.timeouts.handshake : session.timeoutSeconds
        let end = seconds == 0 ? .max - 1 : Self.end(of: seconds, from: now)
        return session.isOpening ? min(end, openingEnds) : end
    }

    func deadlinePassed() { abort(.timeout) }

    // MARK: AUTH

    /// What ``deriveKeys()`` found: the server is told, if it is still there.
    func derived(_ keys: ScramKeys) {
        guard context != nil, cause == nil else { return }
        if case .sessionRefused(let reply)? = session.derived(keys) { return abort(.refused(reply)) }
        now = .now()
        flush()
    }
}
