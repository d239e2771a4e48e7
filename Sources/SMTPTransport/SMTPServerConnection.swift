package import MailTypes
package import Measures
package import NIOCore
package import SMTPProtocol

/// Drives one ``ServerSession`` on a channel: reads in, replies out, one write a read. Confined to its loop.
package final class SMTPServerConnection: ChannelDuplexHandler, TimedConnection {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundIn = Never
    package typealias OutboundOut = ByteBuffer

    package let loop: LoopContext
    // Looked at many times a message. That no look overlaps another need not be found out each time at run time (SE-0176):
    // these are values whose methods call nobody who could come back here.
    @exclusivity(unchecked) package internal(set) var session: ServerSession
    let delegate: any SMTPServerDelegate
    private var timeouts: ServerTimeouts
    private var refusal: SMTPReply?
    let security: ListenerSecurity
    var context: ChannelHandlerContext?
    /// Follows the session; nil: nobody does.
    @exclusivity(unchecked) package var tap: SessionTap?
    /// Tells it from others of its loop.
    package let number: UInt64
    /// Nil: content is wanted, or comes encrypted.
    var discard: KernelDiscard?
    private var replies = ByteBuffer()
    var output = DirectOutput()
    /// Input that came while a decision was due.
    private var backlog: ByteBuffer?
    var decisionDue = false
    var handshake = Handshake.none
    /// XCLIENT said that the peer speaks for another.
    var isProxied = false
    /// The delegate is being asked about AUTH.
    var isAuthenticating = false
    var isClosing = false
    /// The delegate may be asked just now: what it says is acted upon when the input is worked off.
    private(set) var isWorking = false
    var isAwaitingAdmission = false
    /// We were asked to let the client go.
    var isDraining = false
    /// The client was greeted.
    var hasBegun = false
    /// A PROXY header is being waited for.
    weak var proxyHeader: ProxyHeaderHandler?
    private let resumed: ClientState?
    /// Our last word is said, and what the client sent meanwhile is read and dropped.
    var isParting = false
    /// NIO asked to read while we hold it back: a decision is due or the client does not take its replies.
    private var readWithheld = false
    private var isHeld = false
    package internal(set) var deadline: UInt64 = .max
    /// The handshake is over; nil in the clear.
    package internal(set) var tls: TLSDetails?
    /// When the input being worked on was read, CLOCK_MONOTONIC.
    @exclusivity(unchecked) private(set) package var now = MonotonicInstant(nanoseconds: 0)

    /// - Parameters:
    ///   - refusal: said instead of the greeting, then the connection is closed (421, too many connections).
    ///   - resumed: another process has greeted the client.
    init(
        loop: LoopContext, session: consuming ServerSession, delegate: any SMTPServerDelegate, timeouts: ServerTimeouts,
        security: ListenerSecurity = ListenerSecurity(), refusal: SMTPReply?, resumed: ClientState? = nil
    ) {
        self.resumed = resumed
        self.loop = loop
        self.session = session
        self.delegate = delegate
        self.timeouts = timeouts
        self.security = security
        self.refusal = refusal
        number = loop.takeNumber()
    }

    /// The client's address as a Received field shows it: `127.0.0.1` or `IPv6:::1`; empty if unknown.
    package internal(set) lazy var peerAddress: String = Self.text(client)

    static func text(_ address: SocketAddress?) -> String {
        guard let address, let text = address.ipAddress else { return "" }
        return address.protocol == .inet6 ? "IPv6:" + text : text
    }

    /// The client's address and port, those of the peer unless a proxy said who the client is (PROXY protocol,
    /// XCLIENT); nil if unknown.
    package internal(set) var client: SocketAddress? {
        didSet { rememberedText = nil }
    }
    private var rememberedText: String?

    /// The same as a text, for logs.
    package var clientText: String {
        if let rememberedText { return rememberedText }
        let text = client?.endpointText ?? ""
        rememberedText = text
        return text
    }

    /// The client is on this machine.
    package var isFromLoopback: Bool { client?.networkAddress?.isLoopback ?? false }

    // MARK: Decisions

    /// The answer to `.later`. Nil is the usual 250.
    package func decide(_ reply: SMTPReply?) {
        guard decisionDue else { return }
        decisionDue = false
        guard context != nil, !isClosing else { return }
        session.answer(reply)
        goOn()
    }

    /// A decision came from outside the reading of input: what waited behind it is worked on now.
    func goOn() {
        now = .now()
        if let input = backlog {
            backlog = nil
            work(input)
        } else if session.isBeginningContent {
            // 354 is the session's own next step, and the client waits for it before it sends anything.
            work(ByteBuffer())
        }
        afterWork()
    }

    /// The same with input from elsewhere, which comes before any other.
    func goOn(with input: ByteBuffer) {
        backlog = input
        goOn()
    }

    func end() { isClosing = true }

    /// What was read and not yet worked on is dropped.
    func dropBacklog() { backlog = nil }
    var unreadOctets: [UInt8] { backlog.map { Array($0.readableBytesView) } ?? [] }

    /// How long this client may be silent between commands.
    package func setIdleLimit(seconds: Double) { timeouts.idle = UInt64(seconds * 1e9) }

    /// The service has no room for more content: the client's bytes stay in the kernel until ``releaseReading()``.
    package func holdReading() { isHeld = true }

    package func releaseReading() {
        isHeld = false
        touch(.now())
        if let context { resumeReading(context) }
    }

    // MARK: Channel events

    package func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { start(context) }
    }

    package func channelActive(context: ChannelHandlerContext) { start(context) }

    private func start(_ context: ChannelHandlerContext) {
        guard deadline == .max else { return }
        if client == nil { client = context.channel.remoteAddress }
        touch(.now())
        loop.register(self)
        if let resumed, let memory = resumed.session {
            resume(context, resumed, memory)
        } else if !security.expectsProxyHeader {
            begin(context)
        }
    }

    /// The client's address is known: is it welcome, and does it have to shake hands first?
    func begin(_ context: ChannelHandlerContext) {
        if refusal == nil {
            let admission = delegate.admit(self)
            if isClosing { return finish(context) }
            guard admit(admission) else { return }
        }
        open(context)
    }

    /// - Returns: false if the answer comes later.
    func admit(_ admission: Admission) -> Bool {
        switch admission {
        case .accepted(nil): break
        case .accepted(let rules?): session.configure(rules)
        case .refused(let reply): refusal = reply
        case .later:
            (decisionDue, isAwaitingAdmission) = (true, true)
            return false
        }
        return true
    }

    func open(_ context: ChannelHandlerContext) {
        hasBegun = true
        if security.isImplicit { shakeHands(context) } else { greet(context) }
    }

    func greet(_ context: ChannelHandlerContext) {
        if let refusal { session.close(with: refusal) } else { session.greet() }
        flushReplies(context)
        if refusal != nil { finish(context) }
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isParting else { return }
        let input = Self.unwrapInboundIn(data)
        touch(.now())
        // A handshake is due and this is not part of it: said in the clear, and forgotten.
        if isHandshaking { return outsideOfHandshake() }
        if decisionDue || backlog != nil {
            var more = input
            if backlog == nil { backlog = input } else { backlog?.writeBuffer(&more) }
            return
        }
        work(input)
        afterWork()
    }

    package func channelInactive(context: ChannelHandlerContext) {
        loop.unregister(self)
        deadline = .max
        isClosing = true
        self.context = nil
        if session.hasCountedReplies { delegate.answered(self, session.takeCountedReplies()) }
        tap?.close()
        delegate.closed(self)
        context.fireChannelInactive()
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    package func read(context: ChannelHandlerContext) {
        // Behind a full backlog or unread replies the client's bytes stay in the kernel, and TCP slows it down.
        if !isParting, isClosing || isHeld || hasBacklog || !context.channel.isWritable {
            readWithheld = true
        } else {
            context.read()
        }
    }

    /// Commands of the next message wait with nearly every decision: no reason to tell the kernel to stop and go on.
    private static let backlogLimit = 16_384
    private var hasBacklog: Bool { backlog.map { $0.readableBytes >= Self.backlogLimit } ?? false }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        resumeReading(context)
        context.fireChannelWritabilityChanged()
    }

    private func resumeReading(_ context: ChannelHandlerContext) {
        guard readWithheld, isParting || !isHeld, !hasBacklog, context.channel.isWritable else { return }
        readWithheld = false
        context.read()
    }

    // MARK: Work

    /// Steps the session through `input` until it is used up, a decision is due, or the session ends.
    private func work(_ input: ByteBuffer) {
        isWorking = true
        defer { isWorking = false }
        var input = input
        var offset = 0
        // Content that lies together leaves as one slice, stuffing dots and all, where the wire form is wanted.
        var run = ContentRun(input: input, wireForm: delegate.wantsWireForm)
        while !decisionDue, !isClosing, !stopsHere {
            let (began, wasContent) = (offset, tap != nil && session.isReceivingContent)
            let action = session.step(input.readableBytesSpan, &offset)
            if let tap {
                var content: Range<Int>?
                if case .content(let range) = action { content = range }
                tell(tap, input, began..<offset, wasContent: wasContent, content: content)
            }
            switch action {
            case .needsInput:
                emit(&run)
                loop.receiveBuffers.give(input)
                guard let discard, let context, discard.inputEnded(self, context) else { return }
                // The chunk is over: what is to be said of it does not wait for more input.
                (input, offset) = (ByteBuffer(), 0)
                run = ContentRun(input: input, wireForm: delegate.wantsWireForm)
            case .content(let range): if let slice = run.add(range) { delegate.content(self, slice) }
            case .stuffedDot(let index): stuffedDot(index, &run)
            case .startTLS: return startTLS()
            case .authenticate, .authenticationLine, .authenticationCancelled, .clientAttributes: identify(action)
            case .hello(let aborted):
                if aborted { delegate.contentAborted(self) }
                answer(delegate.hello(self))
            case .sender: answer(delegate.sender(self))
            case .recipient: answer(delegate.recipient(self))
            case .dataAsked: answer(delegate.dataAsked(self))
            case .contentBegins(let form):
                discard?.contentBegins(isChunked: form == .raw)
                delegate.contentBegins(self, form: form)
            case .contentAborted:
                run.clear()
                delegate.contentAborted(self)
            case .contentEnds:
                emit(&run)
                // The last of the content may have been too much for the service.
                if !isClosing { contentEnds() }
            case .close:
                isClosing = true
            }
        }
        guard decisionDue || stopsHere, offset < input.readableBytes else { return }
        backlog = input.getSlice(at: input.readerIndex + offset, length: input.readableBytes - offset)
    }

    /// Content went by that nobody wanted.
    func passed(_ count: Int) {
        touch(.now())
        session.passOver(count)
        delegate.contentPassed(self, count)
    }

    /// A chunk ended with what was dropped before a read that may find nothing more.
    func chunkPassed() {
        let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
        loop.eventLoop.execute { bound.value.finishChunk() }
    }

    private func finishChunk() {
        guard session.isReceivingContent, session.chunkOctetsToCome == 0, !decisionDue, !isClosing else { return }
        work(ByteBuffer())
        afterWork()
    }

    private func emit(_ run: inout ContentRun) {
        if let slice = run.take() { delegate.content(self, slice) }
    }

    private func stuffedDot(_ index: Int?, _ run: inout ContentRun) {
        guard run.wireForm else { return }
        if let index {
            if let slice = run.add(index..<index + 1) { delegate.content(self, slice) }
        } else {
            emit(&run)
            delegate.content(self, ContentRun.dot)
        }
    }

    private func contentEnds() {
        switch delegate.contentEnds(self) {
        case .now(let reply): answer(reply)
        // Who is let go within the call hears nothing more.
        case .later: decisionDue = !isClosing
        }
    }

    /// What the delegate said, unless it took time to think or let the client go.
    private func answer(_ reply: SMTPReply?) {
        if !decisionDue, !isClosing { session.answer(reply) }
    }

    private func afterWork() {
        if session.hasRejections { delegate.rejected(self, session.takeRejections()) }
        if session.hasCountedReplies { delegate.answered(self, session.takeCountedReplies()) }
        guard let context, !isHandshaking else { return }
        if decisionDue { return flushReplies(context) }
        if isLeaving, !isClosing, rests {
            leave(context)
            if isClosing { return }
        }
        flushReplies(context)
        if isClosing { finish(context) } else { resumeReading(context) }
    }

    func flushReplies(_ context: ChannelHandlerContext) {
        guard session.hasOutput else { return }
        replies.clear()
        session.drainOutput { replies.writeBytes($0) }
        tap?.replies(replies.readableBytesView)
        output.add(replies)
        output.flush(context)
    }

    func finish(_ context: ChannelHandlerContext) {
        isClosing = true
        context.close(promise: nil)
    }

    // MARK: Timeouts

    private func touch(_ instant: MonotonicInstant) {
        now = instant
        deadline = instant.nanoseconds + (session.isReceivingContent ? timeouts.content : timeouts.idle)
    }

    func deadlinePassed() {
        // While we owe the client an answer it is not the client that is late.
        if isParting { return leaveParting() }
        if decisionDue || isHeld { return touch(.now()) }
        abort(SMTPReply(421, .init(4, 4, 2), "Timeout, closing connection"))
    }
}
