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
    private(set) package var session: ServerSession
    private let delegate: any SMTPServerDelegate
    private let timeouts: ServerTimeouts
    private let refusal: SMTPReply?
    private var context: ChannelHandlerContext?
    private var replies = ByteBuffer()
    /// Input that came while a decision was due.
    private var backlog: ByteBuffer?
    private var decisionDue = false
    private var isClosing = false
    private var isDraining = false
    /// NIO asked to read while we hold it back: a decision is due or the client does not take its replies.
    private var readWithheld = false
    private var isHeld = false
    private(set) package var deadline: UInt64 = .max
    /// When the input being worked on was read, CLOCK_MONOTONIC.
    private(set) package var now = MonotonicInstant(nanoseconds: 0)

    /// - Parameter refusal: said instead of the greeting, then the connection is closed (421, too many connections).
    init(
        loop: LoopContext, session: ServerSession, delegate: any SMTPServerDelegate, timeouts: ServerTimeouts,
        refusal: SMTPReply?
    ) {
        self.loop = loop
        self.session = session
        self.delegate = delegate
        self.timeouts = timeouts
        self.refusal = refusal
    }

    /// The client's address as a Received field shows it: `127.0.0.1` or `IPv6:::1`; empty if unknown.
    package private(set) lazy var peerAddress: String = {
        guard let address = context?.channel.remoteAddress, let text = address.ipAddress else { return "" }
        return address.protocol == .inet6 ? "IPv6:" + text : text
    }()

    /// The client is on this machine (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3).
    package private(set) lazy var isFromLoopback: Bool =
        peerAddress.hasPrefix("127.") || peerAddress == "IPv6:::1" || peerAddress.hasPrefix("IPv6:::ffff:127.")

    // MARK: Decisions

    /// The answer to `.later`. Nil is the usual 250.
    package func decide(_ reply: SMTPReply?) {
        guard decisionDue else { return }
        decisionDue = false
        guard context != nil, !isClosing else { return }
        session.answer(reply)
        now = .now()
        if let input = backlog {
            backlog = nil
            work(input)
        }
        afterWork()
    }

    /// Lets the client go at the next rest: at once if it rests now.
    func drain() {
        isDraining = true
        if session.isIdle, !decisionDue { closeForDrain() }
    }

    /// The service has no room for more content: the client's bytes stay in the kernel until ``releaseReading()``.
    package func holdReading() { isHeld = true }

    package func releaseReading() {
        isHeld = false
        touch(.now())
        if let context { resumeReading(context) }
    }

    /// 421 from our side, whatever the client was doing.
    func abort(_ reply: SMTPReply) {
        guard !isClosing, let context else { return }
        if !decisionDue { session.close(with: reply) }
        flushReplies(context)
        finish(context)
    }

    // MARK: Channel events

    package func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { start(context) }
    }

    package func channelActive(context: ChannelHandlerContext) { start(context) }

    private func start(_ context: ChannelHandlerContext) {
        guard deadline == .max else { return }
        touch(.now())
        loop.register(self)
        if let refusal { session.close(with: refusal) } else { session.greet() }
        flushReplies(context)
        if refusal != nil { finish(context) }
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let input = Self.unwrapInboundIn(data)
        touch(.now())
        if decisionDue {
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
        delegate.closed(self)
        context.fireChannelInactive()
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    package func read(context: ChannelHandlerContext) {
        // Behind a full backlog or unread replies the client's bytes stay in the kernel, and TCP slows it down.
        if isClosing || isHeld || backlog != nil || !context.channel.isWritable {
            readWithheld = true
        } else {
            context.read()
        }
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        resumeReading(context)
        context.fireChannelWritabilityChanged()
    }

    private func resumeReading(_ context: ChannelHandlerContext) {
        guard readWithheld, !isHeld, backlog == nil, context.channel.isWritable else { return }
        readWithheld = false
        context.read()
    }

    // MARK: Work

    /// Steps the session through `input` until it is used up, a decision is due, or the session ends.
    private func work(_ input: ByteBuffer) {
        var offset = 0
        // Content that lies together leaves as one slice, stuffing dots and all, where the wire form is wanted.
        var run = ContentRun(input: input, wireForm: delegate.wantsWireForm)
        while !decisionDue, !isClosing {
            switch session.step(input.readableBytesSpan, &offset) {
            case .needsInput:
                emit(&run)
                loop.receiveBuffers.give(input)
                return
            case .content(let range): if let slice = run.add(range) { delegate.content(self, slice) }
            case .stuffedDot(let index): stuffedDot(index, &run)
            case .sender: session.answer(delegate.sender(self))
            case .recipient: session.answer(delegate.recipient(self))
            case .contentBegins(let form): delegate.contentBegins(self, form: form)
            case .contentAborted:
                run.clear()
                delegate.contentAborted(self)
            case .contentEnds:
                emit(&run)
                contentEnds()
            case .close:
                isClosing = true
            }
        }
        guard decisionDue, offset < input.readableBytes else { return }
        backlog = input.getSlice(at: input.readerIndex + offset, length: input.readableBytes - offset)
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
        case .now(let reply): session.answer(reply)
        case .later: decisionDue = true
        }
    }

    private func afterWork() {
        guard let context else { return }
        if decisionDue { return flushReplies(context) }
        if isDraining, session.isIdle, !isClosing { return closeForDrain() }
        flushReplies(context)
        if isClosing { finish(context) } else { resumeReading(context) }
    }

    private func flushReplies(_ context: ChannelHandlerContext) {
        guard session.hasOutput else { return }
        replies.clear()
        session.drainOutput { replies.writeBytes($0) }
        context.writeAndFlush(Self.wrapOutboundOut(replies), promise: nil)
    }

    private func closeForDrain() {
        guard let context, !isClosing else { return }
        session.close(with: .serviceClosing)
        flushReplies(context)
        finish(context)
    }

    private func finish(_ context: ChannelHandlerContext) {
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
        if decisionDue || isHeld { return touch(.now()) }
        abort(SMTPReply(421, .init(4, 4, 2), "Timeout, closing connection"))
    }
}

/// Contiguous content inside one input.
struct ContentRun {
    static let dot = ByteBuffer(string: ".")
    private let input: ByteBuffer
    let wireForm: Bool
    private var range = 0..<0

    init(input: ByteBuffer, wireForm: Bool) {
        self.input = input
        self.wireForm = wireForm
    }

    /// Joins `next` to the run; returns the run so far as a slice if it does not touch.
    mutating func add(_ next: Range<Int>) -> ByteBuffer? {
        if range.upperBound == next.lowerBound, !range.isEmpty {
            range = range.lowerBound..<next.upperBound
            return nil
        }
        let done = take()
        range = next
        return done
    }

    mutating func take() -> ByteBuffer? {
        guard !range.isEmpty else { return nil }
        defer { range = 0..<0 }
        return input.getSlice(at: input.readerIndex + range.lowerBound, length: range.count)
    }

    mutating func clear() { range = 0..<0 }
}

/// How long a server waits, nanoseconds (RFC 5321 §4.5.3.2).
package struct ServerTimeouts: Sendable {
    package var idle: UInt64
    package var content: UInt64

    package init(
        idle: UInt64 = UInt64(SMTPLimits.Timeout.serverIdle) * 1_000_000_000,
        content: UInt64 = UInt64(SMTPLimits.Timeout.dataBlock) * 1_000_000_000
    ) {
        self.idle = idle
        self.content = content
    }
}
