import MailTypes
import Measures
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOTLS

/// One HTTP connection of the generator: a request with one or more messages, its answer, the next request. The same
/// accounting as over SMTP: each message of a batch is offered, and accepted or refused, by itself.
final class LoadHTTPConnection: ChannelInboundHandler, LoadClient {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let loop: LoadLoop
    private let route: LoadRoute
    private var context: ChannelHandlerContext?
    private var open: [(message: OpenMessage, recipient: MailAddress)] = []
    private var status = 0
    private var answer: [UInt8] = []
    private var closesAfterwards = false
    private var isReady = false
    private var isLeaving = false
    /// It was still being opened when there was nothing left to send.
    private var isWithdrawn = false
    /// When TCP and TLS, or the answer to the request under way, have to be there (CLOCK_MONOTONIC nanoseconds).
    private var deadline = UInt64.max
    /// Why the connection is gone, where we know.
    private var cause = "closed by the peer"
    private var begun = 0
    private var connectBegan = MonotonicInstant(nanoseconds: 0)
    private var connected = MonotonicInstant(nanoseconds: 0)
    var isResting = false
    var failures = 0

    init(_ loop: LoadLoop, _ route: LoadRoute) {
        self.loop = loop
        self.route = route
    }

    func connect() {
        (isReady, isLeaving, isWithdrawn, closesAfterwards, begun) = (false, false, false, false, 0)
        cause = "closed by the peer"
        connectBegan = .now()
        setDeadline(loop.configuration.transport.openingSeconds)
        let bound = NIOLoopBound(self, eventLoop: loop.context.eventLoop)
        var bootstrap = ClientBootstrap(group: loop.context.eventLoop)
            .connectTimeout(.nanoseconds(Int64(loop.configuration.transport.openingSeconds * 1e9)))
        if let source = route.source { bootstrap = bootstrap.bind(to: source) }
        let (tls, host) = (loop.configuration.transport.tls, route.target.host)
        bootstrap
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    if let tls { try tls.add(to: channel, name: host) }
                    try channel.pipeline.syncOperations.addHandler(bound.value)
                }
            }
            .connect(to: route.target.address)
            .whenFailure { error in bound.value.ended("connect to \(bound.value.route.target.text): \(error)") }
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { becameActive() }
    }

    func channelActive(context: ChannelHandlerContext) { becameActive() }

    private func becameActive() {
        guard connected < connectBegan else { return }
        connected = .now()
        if loop.configuration.transport.tls == nil { becameReady() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent, !isReady { becameReady() }
        context.fireUserInboundEventTriggered(event)
    }

    private func becameReady() {
        isReady = true
        deadline = .max
        loop.becameReady(
            self, connect: connected.nanoseconds(since: connectBegan),
            ready: MonotonicInstant.now().nanoseconds(since: connected))
        takeWork()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch Self.unwrapInboundIn(data) {
        case .head(let head):
            status = Int(head.status.code)
            closesAfterwards = !head.isKeepAlive
            answer.removeAll(keepingCapacity: true)
        case .body(let bytes):
            // Longer answers tell nothing more.
            if answer.count < 1 << 20 { answer.append(contentsOf: bytes.readableBytesView) }
        case .end: answered()
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        ended(cause)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        cause = "\(error)"
        context.close(promise: nil)
    }

    private func ended(_ text: String) {
        let now = MonotonicInstant.now()
        // A request is written whole: what became of it is not known.
        for (message, _) in open { loop.lost(message, contentSent: true, at: now, awaited: "http") }
        let asWanted = isWithdrawn || (isLeaving && open.isEmpty)
        open.removeAll()
        deadline = .max
        if !asWanted { loop.measures.note("connection", 0, text) }
        let wasReady = isReady
        isReady = false
        loop.ended(self, wasReady: wasReady, asWanted: asWanted)
    }

    // MARK: Messages

    private func takeWork() {
        guard begun < loop.configuration.messagesPerConnection else { return leave() }
        guard let work = loop.work(isFree: true) else { return loop.rest(self) }
        begin(work)
    }

    func begin(_ work: LoadWork) {
        let limit = loop.configuration.transport.injection.batchSize
        let room = min(limit, loop.configuration.messagesPerConnection - begun)
        var batch = [work]
        while batch.count < room, let next = loop.work(isFree: true) { batch.append(next) }
        begun += batch.count
        send(batch)
    }

    private func send(_ batch: [LoadWork]) {
        guard let context else { return }
        var messages: [MessageSource.Message] = []
        for work in batch {
            let offered = loop.offer(work)
            open.append((offered.open, offered.message.envelope.recipients[0]))
            messages.append(offered.message)
        }
        let body = InjectionBody(
            loop.configuration.transport.injection, messages, shared: loop.source.injectionText)
        var head = HTTPRequestHead(version: .http1_1, method: .POST, uri: route.target.path)
        head.headers.add(name: "Host", value: route.target.authority)
        head.headers.add(name: "Content-Type", value: "application/json")
        head.headers.add(name: "Content-Length", value: String(body.size))
        if let authorization = loop.configuration.transport.injection.authorization {
            head.headers.add(name: "Authorization", value: authorization)
        }
        context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
        for buffer in body.buffers { context.write(Self.wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil) }
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
        setDeadline(loop.configuration.transport.answerSeconds)
    }

    private func answered() {
        guard status / 100 != 1 else { return }
        let now = MonotonicInstant.now()
        let outcome = InjectionAnswer(status: status, body: answer)
        loop.measures.note("http", status, outcome.text)
        for (fate, message) in zip(outcome.fates(of: open.map(\.recipient)), open.map(\.message)) {
            switch fate {
            case .accepted: loop.accepted(message, at: now, taken: message.recipients)
            case .refused: loop.refused(message, at: now, stage: "http")
            case .unknown: loop.lost(message, contentSent: true, at: now, awaited: "http")
            }
        }
        open.removeAll(keepingCapacity: true)
        deadline = .max
        guard !closesAfterwards else {
            isLeaving = true
            context?.close(promise: nil)
            return
        }
        takeWork()
    }

    func leave() {
        isLeaving = true
        context?.close(promise: nil)
    }

    func abandon() {
        cause = "given up at the end of the run"
        context?.close(promise: nil)
    }

    func withdraw() {
        guard !isReady, let context else { return }
        isWithdrawn = true
        context.close(promise: nil)
    }

    // MARK: Time

    private func setDeadline(_ seconds: Double) {
        deadline = MonotonicInstant.now().nanoseconds + UInt64(seconds * 1e9)
    }

    func look(at now: UInt64) {
        guard now >= deadline, let context else { return }
        cause = isReady ? "timeout: no answer" : "timeout: not ready"
        deadline = .max
        context.close(promise: nil)
    }
}
