import MailTypes
package import NIOCore
import NIOHTTP1
import NIOHTTPCompression
package import NIOPosix
package import SMTPTransport

/// The HTTP listener: reads whole requests within a limit, gives them to a service and writes what it answers.
/// Connections are kept alive; one request at a time on each.
package final class HTTPControlServer: Sendable {
    package struct Configuration: Sendable {
        package var host: String
        /// 0 picks a free port.
        package var port: Int
        package var tls: TLSServerContext?
        /// Octets of a body, after decompression.
        package var bodyLimit = 32 << 20
        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    private let channel: any Channel

    private init(_ channel: any Channel) { self.channel = channel }

    /// `127.0.0.1:8000`, with the port really bound.
    package var address: String { "\(channel.localAddress?.ipAddress ?? "?"):\(channel.localAddress?.port ?? 0)" }

    /// - Parameter service: answers a request; called on the connection's event loop.
    package static func bind(
        _ configuration: Configuration, group: MultiThreadedEventLoopGroup,
        service: @escaping @Sendable (HTTPCall, any EventLoop) -> EventLoopFuture<HTTPAnswer>
    ) async throws -> HTTPControlServer {
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls = configuration.tls { try pipeline.addHandler(tls.handler()) }
                    try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
                    try pipeline.addHandler(
                        NIOHTTPRequestDecompressor(limit: .size(configuration.bodyLimit)))
                    try pipeline.addHandler(HTTPCallHandler(limit: configuration.bodyLimit, service))
                }
            }
            .bind(host: configuration.host, port: configuration.port).get()
        return HTTPControlServer(channel)
    }

    package func close() async { try? await channel.close() }
}

/// Puts a request together and writes the answer.
private final class HTTPCallHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let limit: Int
    private let service: @Sendable (HTTPCall, any EventLoop) -> EventLoopFuture<HTTPAnswer>
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()
    /// An answer was given before the request's end: what still comes is swallowed and the connection closed.
    private var isRefused = false
    /// A client may be silent so long.
    private static let idle = TimeAmount.seconds(60)
    private var timeout: Scheduled<Void>?

    init(
        limit: Int, _ service: @escaping @Sendable (HTTPCall, any EventLoop) -> EventLoopFuture<HTTPAnswer>
    ) {
        self.limit = limit
        self.service = service
    }

    func channelActive(context: ChannelHandlerContext) { rest(context) }
    func channelInactive(context: ChannelHandlerContext) { timeout?.cancel() }

    private func rest(_ context: ChannelHandlerContext) {
        timeout?.cancel()
        let channel = context.channel
        timeout = context.eventLoop.scheduleTask(in: Self.idle) { channel.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        rest(context)
        switch Self.unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = ByteBuffer()
            let stated = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
            if stated > limit { return refuse(context, .payloadTooLarge, "at most \(limit) octets") }
            guard head.headers["expect"].contains(where: { $0.lowercased() == "100-continue" }) else { return }
            context.writeAndFlush(
                Self.wrapOutboundOut(.head(.init(version: head.version, status: .continue))), promise: nil)
        case .body(var part):
            guard !isRefused else { return }
            if body.readableBytes + part.readableBytes > limit {
                return refuse(context, .payloadTooLarge, "at most \(limit) octets")
            }
            body.writeBuffer(&part)
        case .end:
            guard !isRefused, let head else { return }
            answer(context, head)
        }
    }

    private func answer(_ context: ChannelHandlerContext, _ head: HTTPRequestHead) {
        timeout?.cancel()
        let (path, query) = Self.split(head.uri)
        let call = HTTPCall(
            method: head.method, path: path, query: query, headers: head.headers, body: body,
            peer: context.channel.remoteAddress?.networkAddress)
        body = ByteBuffer()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        service(call, context.eventLoop).hop(to: context.eventLoop).whenComplete { result in
            let (handler, context) = bound.value
            let answer: HTTPAnswer
            switch result {
            case .success(let given): answer = given
            case .failure(let error): answer = .fault(.internalServerError, "\(error)")
            }
            handler.write(answer, context, head)
        }
    }

    private func refuse(_ context: ChannelHandlerContext, _ status: HTTPResponseStatus, _ text: String) {
        guard let head, !isRefused else { return }
        isRefused = true
        var closing = head
        closing.headers.replaceOrAdd(name: "connection", value: "close")
        write(.fault(status, text), context, closing)
    }

    private func write(_ answer: HTTPAnswer, _ context: ChannelHandlerContext, _ request: HTTPRequestHead) {
        guard context.channel.isActive else { return }
        var headers = answer.headers
        headers.replaceOrAdd(name: "content-type", value: answer.contentType)
        headers.replaceOrAdd(name: "content-length", value: String(answer.body.readableBytes))
        let staysOpen = request.isKeepAlive && !isRefused
        headers.replaceOrAdd(name: "connection", value: staysOpen ? "keep-alive" : "close")
        context.write(
            Self.wrapOutboundOut(.head(.init(version: request.version, status: answer.status, headers: headers))),
            promise: nil)
        if request.method != .HEAD {
            context.write(Self.wrapOutboundOut(.body(.byteBuffer(answer.body))), promise: nil)
        }
        let channel = context.channel
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil))).whenComplete { _ in
            if !staysOpen { channel.close(promise: nil) }
        }
        rest(context)
    }

    /// What the decompressor or the parser does not take.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard head != nil, !isRefused else { return context.close(promise: nil) }
        let isLimit = "\(error)".contains("limit")
        refuse(context, isLimit ? .payloadTooLarge : .badRequest, "the body cannot be read: \(error)")
    }

    private static func split(_ uri: String) -> (String, [String: String]) {
        let parts = uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var query: [String: String] = [:]
        for pair in parts.count == 2 ? parts[1].split(separator: "&") : [] {
            let words = pair.split(separator: "=", maxSplits: 1)
            query[String(words[0])] = words.count == 2 ? String(words[1]) : ""
        }
        return (String(parts[0]), query)
    }
}
