import Foundation
import MailTypes
import NIOCore
import NIOPosix
import SMTPProtocol
import SMTPTransport
import Testing

/// Sends what it was given, then quits.
final class ListClient: SMTPClientDelegate {
    private let journal: Journal
    private var outgoing: [(Envelope, OutgoingContent)]
    init(_ journal: Journal, _ outgoing: [(Envelope, OutgoingContent)]) {
        self.journal = journal
        self.outgoing = outgoing
    }
    func maySend(_ connection: SMTPClientConnection) {
        guard !outgoing.isEmpty else { return connection.quit() }
        let (envelope, content) = outgoing.removeFirst()
        connection.send(envelope, content)
    }
    func finished(_ connection: SMTPClientConnection, _ result: TransactionResult) {
        journal.note { $0.results.append(result) }
    }
    func closed(_ connection: SMTPClientConnection, cause: ClientCloseCause, unfinished: [Bool]) {
        journal.note {
            $0.causes.append("\(cause)")
            $0.unfinished.append(unfinished)
        }
    }
}

@Suite(.serialized) struct TransportTests {
    private static func message(_ text: String, to: String = "b@y.test") -> (Envelope, OutgoingContent) {
        let buffer = ByteBuffer(string: text)
        return (
            Envelope(reversePath: MailAddress("a@x.test"), recipients: [MailAddress(to)]),
            OutgoingContent(buffers: [buffer], size: buffer.readableBytes, form: .dotStuffed)
        )
    }

    private static func after(_ delay: TimeAmount) -> JournalDelegate.Later {
        { loop, decide in loop.scheduleTask(in: delay, decide) }
    }

    private func withServer(
        delay: TimeAmount? = nil, timeouts: ServerTimeouts = .init(), maximumConnections: Int = 100,
        _ body: (LoopGroup, SMTPListener, Journal) async throws -> Void
    ) async throws {
        let loops = LoopGroup(threads: 2)
        let journal = Journal()
        let listener = try await SMTPListener.bind(
            .init(
                host: "127.0.0.1", port: 0, session: ServerConfiguration(hostname: "mx.test"), timeouts: timeouts,
                maximumConnections: maximumConnections),
            loops: loops
        ) { _ in JournalDelegate(journal, later: delay.map(Self.after)) }
        try await body(loops, listener, journal)
        await listener.stopAccepting()
        await listener.drain(limit: .seconds(5))
        try await loops.shutDown()
    }

    private func send(
        _ messages: [(Envelope, OutgoingContent)], _ loops: LoopGroup, to address: SocketAddress, _ journal: Journal,
        chunking: Bool = false, timeout: TimeAmount = .seconds(30)
    ) async throws {
        let loop = loops.contexts[0]
        let box = UnsafeTransfer(messages)
        try await loop.eventLoop.submit {
            _ = SMTPClientConnection.connect(
                to: address, loop: loop, configuration: ClientConfiguration(hostname: "c.test", chunking: chunking),
                delegate: ListClient(journal, box.value), timeout: timeout)
        }.get()
        try await until { journal.read { !$0.causes.isEmpty } }
    }

    private struct UnsafeTransfer<Value>: @unchecked Sendable {
        let value: Value
        init(_ value: Value) { self.value = value }
    }

    /// Polls for at most ten seconds.
    private func until(_ condition: () -> Bool) async throws {
        for _ in 0..<1000 {
            if condition() { return }
            try await Task.sleep(nanoseconds: 10_000_000)
        }
        Issue.record("did not happen within ten seconds")
    }

    @Test(arguments: [nil, TimeAmount.milliseconds(5)]) func messagesArriveInOrder(delay: TimeAmount?) async throws {
        try await withServer(delay: delay) { loops, listener, journal in
            let texts = (0..<20).map { "Subject: \($0)\r\n\r\n..dot\r\n" }
            try await send(texts.map { Self.message($0) }, loops, to: listener.localAddress, journal)
            #expect(
                journal.read { $0.messages.map { String(decoding: $0.content, as: UTF8.self) } }
                    == texts.map { $0.replacing("\r\n..", with: "\r\n.") })
            #expect(journal.read { $0.results.count == 20 && $0.results.allSatisfy(\.isAccepted) })
            #expect(journal.read { $0.causes } == ["quit"])
        }
    }

    @Test func chunksArrive() async throws {
        try await withServer { loops, listener, journal in
            var message = Self.message(".raw\r\n")
            message.1.form = .raw
            try await send([message, message], loops, to: listener.localAddress, journal, chunking: true)
            #expect(journal.read { $0.messages.map(\.content) } == [Array(".raw\r\n".utf8), Array(".raw\r\n".utf8)])
        }
    }

    @Test(arguments: [nil, TimeAmount.milliseconds(5)]) func largeContentIsWhole(delay: TimeAmount?) async throws {
        try await withServer(delay: delay) { loops, listener, journal in
            let text = (0..<100_000).map { "line \($0) of a long message, longer than a buffer\r\n" }.joined()
            try await send([Self.message(text), Self.message("x\r\n")], loops, to: listener.localAddress, journal)
            #expect(journal.read { $0.messages.map(\.content.count) } == [text.utf8.count, 3])
            #expect(journal.read { $0.messages.first?.content } == Array(text.utf8))
        }
    }

    /// More buffers than one write takes, and more octets than the socket does: what is left over keeps its order.
    @Test func manyBuffersArriveInOrder() async throws {
        try await withServer { loops, listener, journal in
            let text = (0..<200_000).map { "line \($0) of a message in many parts\r\n" }.joined()
            var (rest, buffers) = (ByteBuffer(string: text), [ByteBuffer]())
            while rest.readableBytes > 0 {
                let size = min(rest.readableBytes, 1 + buffers.count * 7_919 % 60_000)
                buffers.append(rest.readSlice(length: size)!)
            }
            #expect(buffers.count > 200)
            var message = Self.message(text)
            message.1.buffers = buffers
            try await send([message, Self.message("x\r\n"), message], loops, to: listener.localAddress, journal)
            let contents = journal.read { $0.messages.map(\.content) }
            #expect(contents.map(\.count) == [text.utf8.count, 3, text.utf8.count])
            #expect(contents.first == Array(text.utf8) && contents.last == contents.first)
        }
    }

    /// Two transactions in one write while the first decision is late: replies keep their order.
    @Test func pipelinedBehindALateDecision() async throws {
        try await withServer(delay: .milliseconds(50)) { _, listener, journal in
            let client = try await RawClient(listener.localAddress)
            let one = "MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\n1\r\n.\r\n"
            let two = "MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\n2\r\n.\r\n"
            let read = try await client.exchange("EHLO c.test\r\n" + one + two + "QUIT\r\n")
            let codes = read.components(separatedBy: "\r\n").filter { $0.dropFirst(3).first == " " }.map {
                $0.prefix(3)
            }
            #expect(codes == ["220", "250", "250", "250", "354", "250", "250", "250", "354", "250", "221"])
            #expect(journal.read { $0.messages.map(\.content) } == [Array("1\r\n".utf8), Array("2\r\n".utf8)])
        }
    }

    @Test func clientThatLeavesInTheMiddleIsForgotten() async throws {
        try await withServer { _, listener, journal in
            let client = try await RawClient(listener.localAddress)
            try await client.write("EHLO c\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\nhalf")
            try await Task.sleep(nanoseconds: 50_000_000)
            try await client.close()
            try await until { journal.read { $0.closed == 1 } }
            #expect(journal.read { $0.messages.isEmpty })
        }
    }

    @Test func tooManyConnectionsAreTold() async throws {
        try await withServer(maximumConnections: 1) { loops, listener, journal in
            let first = try await RawClient(listener.localAddress)
            try await until { first.text.hasPrefix("220") }
            try await send([], loops, to: listener.localAddress, journal)
            #expect(journal.read { $0.causes.first?.contains("421") == true })
            try await first.close()
        }
    }

    @Test func silentClientsAreClosed() async throws {
        try await withServer(timeouts: ServerTimeouts(idle: 100_000_000, content: 100_000_000)) { _, listener, _ in
            let client = try await RawClient(listener.localAddress)
            try await until { client.isClosed }
            #expect(client.text.contains("421 4.4.2"))
        }
    }

    @Test func unreadRepliesHoldTheClientBack() async throws {
        try await withServer { _, listener, _ in
            let client = try await RawClient(listener.localAddress, reads: false)
            // Far more replies than socket buffers hold: the server must stop reading instead of hoarding them.
            let count = 400_000
            let writing = Task { try await client.write(String(repeating: "NOOP\r\n", count: count) + "QUIT\r\n") }
            try await Task.sleep(nanoseconds: 100_000_000)
            try await client.startReading()
            try await until { client.isClosed }
            try await writing.value
            #expect(client.text.components(separatedBy: "250 2.0.0 Ok\r\n").count == count + 1)
        }
    }

    @Test func refusedConnectIsTold() async throws {
        try await withServer { loops, _, journal in
            // A port that was free a moment ago.
            let probe = try await ServerBootstrap(group: loops.group).bind(host: "127.0.0.1", port: 0).get()
            let address = probe.localAddress!
            try await probe.close()
            try await send([Self.message("x\r\n")], loops, to: address, journal)
            let port = try #require(address.port)
            #expect(
                journal.read { $0.causes } == ["unreachable(\"connect to 127.0.0.1:\(port): Connection refused\")"])
            #expect(journal.read { $0.unfinished } == [[]])
        }
    }

    /// A host that does not answer: here one whose queue of connections is full.
    @Test func silenceToAConnectIsTold() async throws {
        try await withServer { loops, _, journal in
            let full = try FullListener()
            defer { full.close() }
            let address = try SocketAddress(ipAddress: "127.0.0.1", port: full.port)
            try await send([], loops, to: address, journal, timeout: .milliseconds(100))
            #expect(journal.read { $0.causes } == ["unreachable(\"connect to 127.0.0.1:\(full.port): timed out\")"])
        }
    }

    @Test func drainLetsIdleClientsGo() async throws {
        try await withServer { _, listener, _ in
            let client = try await RawClient(listener.localAddress)
            try await until { client.text.hasPrefix("220") }
            await listener.stopAccepting()
            await listener.drain(limit: .seconds(5))
            try await until { client.isClosed }
            #expect(client.text.contains("421 4.3.2"))
        }
    }
}
