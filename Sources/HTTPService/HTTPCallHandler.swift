import MailTypes
import NIOCore
import NIOHTTP1
import NIOHTTPCompression
import Synchronization

/// Puts the requests of one connection together and writes the answers.
final class HTTPCallHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart
    typealias Service = @Sendable (HTTPCall, any EventLoop) -> EventLoopFuture<HTTPAnswer>

    private enum State {
        case waiting
        case reading(HTTPRequestHead, since: NIODeadline)
        case answering
        /// The last answer is on its way, and nobody is listened to.
        case closing
        /// A request was refused before its end: this side says no more, and what still comes of it is swallowed. Closing
        /// with octets unread would reset the connection, and with it the answer (RFC 9112 §9.6).
        case ending
    }

    private let limit: Int
    private let patience: TimeAmount
    private let seconds: (@Sendable () -> Int)?
    private let gate: HTTPGate
    private let budget: HTTPBodyBudget
    private let connections: HTTPConnections
    private let compression: AnswerCompression
    private let service: Service
    private var state = State.waiting
    private var body = ByteBuffer()
    /// What of the budget the body holds, until it is answered.
    private var share: HTTPBodyBudget.Share?
    private var received = 0
    /// The service is being called. An answer given within the call is written after it, or else requests that came
    /// in one piece would be answered each within the writing of the one before, on one stack.
    private var isCalling = false
    /// The client has said that nothing more comes.
    private var isInputClosed = false
    private var timer: Scheduled<Void>?
    private static let lingering = TimeAmount.seconds(2)
    /// Bodies up to this are read in any case, so that the connection can be kept.
    private static let smallBody = 64 << 10

    init(
        _ configuration: HTTPServer.Configuration, _ gate: HTTPGate, _ budget: HTTPBodyBudget,
        _ connections: HTTPConnections, _ compression: AnswerCompression, _ service: @escaping Service
    ) {
        limit = configuration.bodyLimit
        patience = configuration.requestTimeout
        seconds = configuration.seconds
        self.gate = gate
        self.budget = budget
        self.connections = connections
        self.compression = compression
        self.service = service
    }

    func channelActive(context: ChannelHandlerContext) { wait(context) }
    func channelInactive(context: ChannelHandlerContext) { timer?.cancel() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case ChannelEvent.inputClosed? = event as? ChannelEvent else {
            return context.fireUserInboundEventTriggered(event)
        }
        isInputClosed = true
        switch state {
        case .waiting, .reading, .ending: context.close(promise: nil)
        // Who closes one direction may still wait for an answer in the other.
        case .answering, .closing: break
        }
    }

    // MARK: The request

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (Self.unwrapInboundIn(data), state) {
        case (.head(let head), .waiting): begin(context, head)
        case (.body(let part), .reading(let head, _)): take(context, head, part)
        case (.end, .reading(let head, _)): answer(context, head)
        case (.end, .ending): context.close(promise: nil)
        default: break
        }
    }

    private func begin(_ context: ChannelHandlerContext, _ head: HTTPRequestHead) {
        (body, received) = (ByteBuffer(), 0)
        state = .reading(head, since: .now())
        if let (status, text) = Self.fault(of: head, limit) { return refuse(context, head, status, text) }
        if !Self.isSmall(head), let answer = gate.refusal { return refuse(context, head, answer) }
        watch(context)
        // RFC 9110 §10.1.1: nothing of the kind to a client of HTTP/1.0.
        guard head.version == .http1_1, head.headers["expect"].contains(where: { $0.lowercased() == "100-continue" })
        else { return }
        compression.way(around: context).writeAndFlush(
            Self.wrapOutboundOut(.head(.init(version: head.version, status: .continue))), promise: nil)
    }

    private func take(_ context: ChannelHandlerContext, _ head: HTTPRequestHead, _ part: ByteBuffer) {
        var part = part
        received += part.readableBytes
        guard received <= limit else { return refuse(context, head, .payloadTooLarge, Self.tooLarge(limit)) }
        // A body that nobody will look at is not kept.
        guard head.method == .POST || head.method == .DELETE, gate.refusal == nil else { return }
        if share == nil { share = HTTPBodyBudget.Share(budget) }
        guard share!.take(part.readableBytes) else {
            let headers: HTTPHeaders = ["retry-after": "1"]
            let text = "too much is being received, try again\n"
            return refuse(context, head, HTTPAnswer(.serviceUnavailable, text, headers: headers))
        }
        // The first piece is often the whole body.
        if body.readableBytes == 0 { body = part } else { body.writeBuffer(&part) }
    }

    /// What is wrong with a request before its body was read.
    private static func fault(of head: HTTPRequestHead, _ limit: Int) -> (HTTPResponseStatus, String)? {
        // RFC 9112 §3.2.
        if head.version == .http1_1, head.headers["host"].count != 1 { return (.badRequest, "expected one Host field") }
        let codings = head.headers["content-encoding"]
        guard
            codings.isEmpty || codings.count == 1 && ["gzip", "deflate", "identity"].contains(codings[0].lowercased())
        else { return (.unsupportedMediaType, "Content-Encoding: expected gzip or deflate") }
        return stated(head) ?? 0 > limit ? (.payloadTooLarge, tooLarge(limit)) : nil
    }

    private static func tooLarge(_ limit: Int) -> String { "at most \(limit) octets" }

    private static func stated(_ head: HTTPRequestHead) -> Int? {
        head.headers.first(name: "content-length").flatMap { Int($0) }
    }

    private static func isSmall(_ head: HTTPRequestHead) -> Bool {
        stated(head) ?? (head.headers.contains(name: "transfer-encoding") ? .max : 0) <= smallBody
            && !head.headers.contains(name: "content-encoding")
    }

    private func answer(_ context: ChannelHandlerContext, _ head: HTTPRequestHead) {
        timer?.cancel()
        state = .answering
        let call = HTTPCall(head, body, context.channel)
        body = ByteBuffer()
        // Held until the answer is there, whatever becomes of the connection.
        let share = share
        self.share = nil
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        isCalling = true
        defer { isCalling = false }
        let result = gate.refusal.map(context.eventLoop.makeSucceededFuture) ?? service(call, context.eventLoop)
        result.hop(to: context.eventLoop).whenComplete { result in
            share?.end()
            let answer: HTTPAnswer
            switch result {
            case .success(let given): answer = given
            case .failure(let error): answer = .fault(.internalServerError, "\(error)")
            }
            let (handler, context) = bound.value
            guard handler.isCalling else { return handler.write(answer, context, head, isLast: !head.isKeepAlive) }
            context.eventLoop.execute {
                let (handler, context) = bound.value
                handler.write(answer, context, head, isLast: !head.isKeepAlive)
            }
        }
    }

    // MARK: The answer

    /// - Parameter head: nil: it could not be read.
    private func refuse(
        _ context: ChannelHandlerContext, _ head: HTTPRequestHead?, _ status: HTTPResponseStatus, _ text: String
    ) {
        var answer = HTTPAnswer.fault(status, text)
        // RFC 9110 §15.5.16.
        if status == .unsupportedMediaType { answer.headers.add(name: "accept-encoding", value: "gzip, deflate") }
        refuse(context, head, answer)
    }

    private func refuse(_ context: ChannelHandlerContext, _ head: HTTPRequestHead?, _ answer: HTTPAnswer) {
        (body, share) = (ByteBuffer(), nil)
        state = .ending
        let way = head == nil ? compression.way(around: context) : context
        write(answer, way, head ?? HTTPRequestHead(version: .http1_1, method: .GET, uri: "/"), isLast: true)
        schedule(context, in: Self.lingering) { handler, context in context.close(promise: nil) }
    }

    private func write(
        _ answer: HTTPAnswer, _ context: ChannelHandlerContext, _ request: HTTPRequestHead, isLast: Bool
    ) {
        guard context.channel.isActive else { return }
        if let stream = answer.stream, request.method != .HEAD { return begin(stream, answer, context, request) }
        let isLast = isLast || isInputClosed || connections.isStopping.load(ordering: .relaxed)
        var headers = answer.headers
        headers.replaceOrAdd(name: "content-type", value: answer.contentType)
        headers.replaceOrAdd(name: "content-length", value: String(answer.body.readableBytes))
        if let seconds { headers.replaceOrAdd(name: "date", value: httpDate(unixSeconds: seconds())) }
        headers.replaceOrAdd(name: "connection", value: isLast ? "close" : "keep-alive")
        compression.prepare(&headers, answer, hasBody: request.method != .HEAD)
        context.write(
            Self.wrapOutboundOut(.head(.init(version: request.version, status: answer.status, headers: headers))),
            promise: nil)
        if request.method != .HEAD {
            context.write(Self.wrapOutboundOut(.body(.byteBuffer(answer.body))), promise: nil)
        }
        let channel = context.channel
        guard case .answering = state else {
            return context.writeAndFlush(Self.wrapOutboundOut(.end(nil))).whenComplete { _ in
                channel.close(mode: .output, promise: nil)
            }
        }
        state = isLast ? .closing : .waiting
        wait(context)
        // The next request may already wait in front of this handler: it comes within this write.
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil))).whenComplete { _ in
            if isLast { channel.close(promise: nil) }
        }
    }

    /// An answer without an end that is known: in chunks, and the last of its connection.
    private func begin(
        _ stream: @escaping HTTPStream, _ answer: HTTPAnswer, _ context: ChannelHandlerContext,
        _ request: HTTPRequestHead
    ) {
        state = .closing
        timer?.cancel()
        var headers = answer.headers
        headers.replaceOrAdd(name: "content-type", value: answer.contentType)
        headers.replaceOrAdd(name: "connection", value: "close")
        if request.version == .http1_1 { headers.replaceOrAdd(name: "transfer-encoding", value: "chunked") }
        if let seconds { headers.replaceOrAdd(name: "date", value: httpDate(unixSeconds: seconds())) }
        context.writeAndFlush(
            Self.wrapOutboundOut(.head(.init(version: request.version, status: answer.status, headers: headers))),
            promise: nil)
        let (channel, bound) = (context.channel, NIOLoopBound(context, eventLoop: context.eventLoop))
        stream(
            ChannelStreamWriter(
                channel: channel,
                piece: { piece in
                    guard channel.isActive else { return }
                    bound.value.writeAndFlush(Self.wrapOutboundOut(.body(.byteBuffer(piece))), promise: nil)
                },
                last: {
                    guard channel.isActive else { return }
                    bound.value.writeAndFlush(Self.wrapOutboundOut(.end(nil))).whenComplete { _ in
                        channel.close(promise: nil)
                    }
                }))
    }

    // MARK: Time, and what cannot be read

    private func schedule(
        _ context: ChannelHandlerContext, in time: TimeAmount,
        _ action: @escaping @Sendable (HTTPCallHandler, ChannelHandlerContext) -> Void
    ) {
        timer?.cancel()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: time) { action(bound.value.0, bound.value.1) }
    }

    /// For the next header; also for a client that does not read its answer.
    private func wait(_ context: ChannelHandlerContext) {
        schedule(context, in: patience) { handler, context in context.close(promise: nil) }
    }

    /// For the rest of a body. Octets buy time, so that large bodies over slow lines come through and drops do not.
    private func watch(_ context: ChannelHandlerContext) {
        guard case .reading(let head, let since) = state else { return }
        let left = since + patience + .milliseconds(Int64(received)) - .now()
        guard left > .nanoseconds(0) else { return refuse(context, head, .requestTimeout, "the body came too slowly") }
        schedule(context, in: left) { handler, context in handler.watch(context) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch (error, state) {
        case (HTTPParserError.invalidEOFState, _), (_, .answering): context.close(promise: nil)
        case (HTTPParserError.headerOverflow, .waiting):
            refuse(context, nil, .requestHeaderFieldsTooLarge, "the header is too large")
        case (is HTTPParserError, .waiting): refuse(context, nil, .badRequest, "this is not HTTP: \(error)")
        case (is HTTPParserError, .reading(let head, _)):
            refuse(context, head, .badRequest, "the body cannot be read: \(error)")
        case (NIOHTTPDecompression.DecompressionError.limit, .reading(let head, _)):
            refuse(context, head, .payloadTooLarge, "at most \(limit) octets after decompression")
        case (is NIOHTTPDecompression.DecompressionError, .reading(let head, _)),
            (is NIOHTTPDecompression.ExtraDecompressionError, .reading(let head, _)):
            refuse(context, head, .badRequest, "the body cannot be decompressed: \(error)")
        // What comes behind the last request; the answer to that may not be written yet.
        case (is HTTPParserError, .closing), (is HTTPParserError, .ending),
            (is NIOHTTPDecompression.DecompressionError, .ending),
            (is NIOHTTPDecompression.ExtraDecompressionError, .ending):
            break
        default: context.close(promise: nil)
        }
    }
}
