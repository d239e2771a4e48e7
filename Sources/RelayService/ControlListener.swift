import Glibc
package import HTTPService
package import NIOCore
import NIOPosix
package import RunRecords
import Synchronization

/// The control socket of a running relay: a Unix socket that only its user may open. One line of JSON in, one out, or, for a
/// call of the admin API, as many as there are.
package final class ControlListener: Sendable {
    package let path: String
    private let channel: any Channel
    private let group: MultiThreadedEventLoopGroup
    private let questions: OpenQuestions

    package typealias Call = @Sendable (ControlCall, any EventLoop) -> EventLoopFuture<HTTPAnswer>

    /// - Parameters:
    ///   - answer: called for every request.
    ///   - call: called for every call of the admin API.
    /// - Throws: ``RecordFault`` that names the path.
    package static func open(
        _ path: String, call: @escaping Call, answer: @escaping @Sendable (ControlRequest) async -> ControlResponse
    ) async throws -> ControlListener {
        // sun_path of unix(7) holds 108 bytes with the zero at the end.
        guard path.utf8.count < 108 else {
            throw RecordFault("control socket \(path): longer than 107 octets; give a shorter one")
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let questions = OpenQuestions()
        do {
            let mask = umask(0o177)
            defer { umask(mask) }
            let channel = try await ServerBootstrap(group: group)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(ControlHandler(answer, call, questions))
                    }
                }
                .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
            return ControlListener(path, channel, group, questions)
        } catch {
            try? await group.shutdownGracefully()
            throw RecordFault("control socket \(path): \(error)")
        }
    }

    private init(
        _ path: String, _ channel: any Channel, _ group: MultiThreadedEventLoopGroup, _ questions: OpenQuestions
    ) {
        self.questions = questions
        self.path = path
        self.channel = channel
        self.group = group
    }

    /// Requests under way are answered, within a second: one of them may be what led to this.
    package func close() async {
        try? await channel.close()
        for _ in 0..<100 where questions.count.load(ordering: .relaxed) > 0 {
            try? await Task.sleep(nanoseconds: 10_000_000)
        }
        try? await group.shutdownGracefully()
        unlink(path)
    }
}

/// Requests that were read and are not answered.
private final class OpenQuestions: Sendable { let count = Atomic<Int>(0) }

/// Reads one line, answers it, closes.
private final class ControlHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let answer: @Sendable (ControlRequest) async -> ControlResponse
    private let call: ControlListener.Call
    private let questions: OpenQuestions
    private var line: [UInt8] = []
    private var isAnswered = false

    init(
        _ answer: @escaping @Sendable (ControlRequest) async -> ControlResponse, _ call: @escaping ControlListener.Call,
        _ questions: OpenQuestions
    ) {
        self.questions = questions
        self.answer = answer
        self.call = call
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isAnswered else { return }
        line += unwrapInboundIn(data).readableBytesView
        guard line.last == 0x0A else {
            if line.count > ControlLine.requestLimit { context.close(promise: nil) }
            return
        }
        isAnswered = true
        if let asked = try? ControlLine.decode(ControlCall.self, line) {
            return Self.respond(to: asked, on: context.channel, call)
        }
        let questions = questions
        questions.count.add(1, ordering: .relaxed)
        context.channel.closeFuture.whenComplete { _ in questions.count.subtract(1, ordering: .relaxed) }
        Self.respond(to: line, on: context.channel, answer)
    }

    private static func respond(
        to line: [UInt8], on channel: any Channel,
        _ answer: @escaping @Sendable (ControlRequest) async -> ControlResponse
    ) {
        let request: ControlRequest
        do { request = try ControlLine.decode(ControlRequest.self, line) } catch {
            var response = ControlResponse()
            response.error = error.description
            return send(response, channel)
        }
        Task { send(await answer(request), channel) }
    }

    private static func respond(to asked: ControlCall, on channel: any Channel, _ call: ControlListener.Call) {
        call(asked, channel.eventLoop).hop(to: channel.eventLoop).whenComplete { result in
            let answer: HTTPAnswer
            switch result {
            case .success(let given): answer = given
            case .failure(let error): answer = .fault(.internalServerError, "\(error)")
            }
            guard let status = try? ControlLine.encode(ControlStatus(Int(answer.status.code))) else { return }
            channel.write(ByteBuffer(bytes: status), promise: nil)
            guard let stream = answer.stream else {
                return channel.writeAndFlush(answer.body).whenComplete { _ in channel.close(promise: nil) }
            }
            channel.flush()
            stream(SocketStreamWriter(channel: channel))
        }
    }

    private static func send(_ response: ControlResponse, _ channel: any Channel) {
        guard let bytes = try? ControlLine.encode(response) else { return channel.close(promise: nil) }
        channel.writeAndFlush(ByteBuffer(bytes: bytes)).whenComplete { _ in channel.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// A stream's pieces as they are.
private struct SocketStreamWriter: HTTPStreamWriter {
    let channel: any Channel
    var isWritable: Bool { channel.isWritable }
    var eventLoop: any EventLoop { channel.eventLoop }
    func write(_ piece: ByteBuffer) { channel.writeAndFlush(piece, promise: nil) }
    func end() { channel.close(promise: nil) }
    func whenClosed(_ body: @escaping @Sendable () -> Void) { channel.closeFuture.whenComplete { _ in body() } }
}
