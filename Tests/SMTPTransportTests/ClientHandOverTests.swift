import NIOCore
import SMTPProtocol
import SMTPTransport
import Synchronization
import Testing

/// One server hands its clients to another; both are in this process, and the clients see one.
@Suite(.serialized) struct ClientHandOverTests {
    /// What waits for it runs once it is open.
    private final class Gate: Sendable {
        private let waiting = Mutex<[@Sendable () -> Void]?>([])
        var later: JournalDelegate.Later { { [self] in whenOpen($0, $1) } }
        private func whenOpen(_ loop: any EventLoop, _ body: @escaping @Sendable () -> Void) {
            let isOpen = waiting.withLock { waiting in
                waiting?.append { loop.execute(body) }
                return waiting == nil
            }
            if isOpen { loop.execute(body) }
        }
        var count: Int { waiting.withLock { $0?.count ?? 0 } }
        func open() {
            let bodies = waiting.withLock { waiting in
                defer { waiting = nil }
                return waiting ?? []
            }
            for body in bodies { body() }
        }
    }

    private struct Server {
        let loops = LoopGroup(threads: 2)
        let journal = Journal()
        let listener: SMTPListener

        init(_ gate: Gate? = nil) async throws {
            let journal = journal
            listener = try await SMTPListener.bind(
                .init(host: "127.0.0.1", port: 0, session: ServerConfiguration(hostname: "first.test")), loops: loops
            ) { _ in JournalDelegate(journal, later: gate?.later) }
        }

        func stop() async throws {
            await listener.stopAccepting()
            await listener.drain(limit: .seconds(5))
            try await loops.shutDown()
        }
    }

    /// From the first to the second, as long as it takes.
    /// - Parameter meanwhile: is done once the first one hands its clients over.
    /// - Returns: how many clients.
    private func handOver(
        _ first: Server, _ second: Server, meanwhile: () async throws -> Void = {}
    ) async throws -> Int {
        let desk = ClientHandOver { clients in
            for (index, client) in clients.enumerated() {
                let loop = second.loops.contexts[index % 2]
                do {
                    try await second.listener.adopt(
                        client.descriptor, ClientState(decoding: client.state), on: loop
                    ).get()
                } catch { Issue.record("\(error)") }
            }
        }
        await first.listener.stopAccepting()
        for context in first.loops.contexts { try await context.eventLoop.submit { context.handOver = desk }.get() }
        try await meanwhile()
        await SMTPListener.drain(first.loops, limit: .seconds(30), to: desk)
        try await first.loops.shutDown()
        return desk.count
    }

    private func until(_ what: String, _ condition: () -> Bool) async throws {
        for _ in 0..<3_000 {
            if condition() { return }
            try await Task.sleep(nanoseconds: 10_000_000)
        }
        Issue.record("\(what): did not happen within 30 seconds")
    }

    private static func transaction(_ text: String) -> String {
        "MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\n\(text)\r\n.\r\n"
    }

    private static func codes(_ text: String) -> [String] {
        text.split(separator: "\r\n").filter { $0.dropFirst(3).first != "-" }.map { String($0.prefix(3)) }
    }

    /// Clients at rest, one in the middle of a command, and one that has said nothing yet go on.
    @Test func whoRestsGoesOn() async throws {
        let (first, second) = (try await Server(), try await Server())
        let greeted = try await RawClient(first.listener.localAddress)
        let resting = try await RawClient(first.listener.localAddress)
        let begun = try await RawClient(first.listener.localAddress)
        try await resting.write("EHLO c.test\r\n" + Self.transaction("one"))
        try await begun.write("EHLO c.test\r\nNOOP\r\nMAIL FR")
        try await until("the greeting") { greeted.text.hasSuffix("\r\n") }
        try await until("the first message") { resting.text.contains("Message accepted") }
        try await until("NOOP") { begun.text.hasSuffix("250 2.0.0 Ok\r\n") }
        #expect(try await handOver(first, second) == 3)
        try await greeted.write("EHLO c.test\r\nQUIT\r\n")
        try await resting.write(Self.transaction("two") + "QUIT\r\n")
        try await begun.write("OM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\nthree\r\n.\r\nQUIT\r\n")
        for client in [greeted, resting, begun] { try await until("the end") { client.isClosed } }
        #expect(Self.codes(greeted.text) == ["220", "250", "221"])
        #expect(greeted.text.contains("250-second.test greets c.test"))
        #expect(
            Self.codes(resting.text) == ["220", "250", "250", "250", "354", "250", "250", "250", "354", "250", "221"])
        #expect(Self.codes(begun.text) == ["220", "250", "250", "250", "250", "354", "250", "221"])
        #expect(first.journal.read { $0.messages.map { String(decoding: $0.content, as: UTF8.self) } } == ["one\r\n"])
        #expect(
            second.journal.read { $0.messages.map { String(decoding: $0.content, as: UTF8.self) } }.sorted()
                == ["three\r\n", "two\r\n"])
        #expect(second.journal.read { $0.resumed.allSatisfy { $0.hasPrefix("mx 7 127.0.0.1:") } })
        try await second.stop()
    }

    /// A message that has begun ends where it began; what its client sent behind it is the other's.
    @Test func whatIsSentAheadIsReadOnce() async throws {
        let gate = Gate()
        let (first, second) = (try await Server(gate), try await Server())
        let client = try await RawClient(first.listener.localAddress)
        let texts = (0..<50).map { "message \($0)" }
        try await client.write("EHLO c.test\r\n" + texts.map(Self.transaction).joined() + "QUIT\r\n")
        try await until("the first message") { gate.count == 1 }
        #expect(try await handOver(first, second) { gate.open() } == 1)
        try await until("the end") { client.isClosed }
        #expect(Self.codes(client.text).count == 3 + 4 * 50 && !Self.codes(client.text).contains("421"))
        let taken = [first, second].map { $0.journal.read { $0.messages.map { $0.content } } }
        #expect(taken[0].count == 1)
        #expect(taken[0] + taken[1] == texts.map { Array("\($0)\r\n".utf8) })
        try await second.stop()
    }

    /// Many of them, each at another place of its mail when the servers change.
    @Test func manyChangeUnderLoad() async throws {
        let (first, second) = (try await Server(), try await Server())
        var clients: [RawClient] = []
        for _ in 0..<40 { clients.append(try await RawClient(first.listener.localAddress)) }
        let texts = clients.indices.map {
            "EHLO c.test\r\n" + Self.transaction("a \($0)") + Self.transaction("b \($0)") + "QUIT\r\n"
        }
        for (client, (index, text)) in zip(clients, texts.enumerated()) {
            try await until("the greeting") { !client.text.isEmpty }
            try await client.write(String(text.prefix(5 + index * 2)))
        }
        let passed = try await handOver(first, second) {
            for (client, (index, text)) in zip(clients, texts.enumerated()) {
                try await client.write(String(text.dropFirst(5 + index * 2)))
            }
        }
        for client in clients { try await until("the end") { client.isClosed } }
        #expect(passed == 40)
        for client in clients { #expect(Self.codes(client.text) == Self.wholeCodes, "\(client.text)") }
        let contents = [first, second].flatMap { $0.journal.read { $0.messages.map(\.content) } }
        #expect(contents.count == 80 && Set(contents).count == 80)
        try await second.stop()
    }

    private static let wholeCodes =
        ["220", "250"] + ["250", "250", "354", "250", "250", "250", "354", "250"] + ["221"]

    /// Where nobody can go on with a client, it is told so as ever.
    @Test func withoutAnotherServerClientsAreTold() async throws {
        let first = try await Server()
        let client = try await RawClient(first.listener.localAddress)
        try await client.write("EHLO c.test\r\n")
        try await until("EHLO") { Self.codes(client.text) == ["220", "250"] }
        try await first.stop()
        try await until("the end") { client.isClosed }
        #expect(Self.codes(client.text) == ["220", "250", "421"])
    }
}
