import MailTypes
import NIOCore
import SMTPProtocol
import SMTPTransport
import Synchronization

/// What a server and its clients saw, from all loops.
final class Journal: Sendable {
    struct State {
        var messages: [(envelope: Envelope, content: [UInt8])] = []
        var aborted = 0
        var closed = 0
        var results: [TransactionResult] = []
        var causes: [String] = []
        var unfinished: [[Bool]] = []
        /// Clients that another server had greeted.
        var resumed: [String] = []
    }
    let state = Mutex(State())
    func note(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }
    func read<Value>(_ get: (State) -> Value) -> Value { state.withLock { get($0) } }
}

/// Accepts everything, at once or when a test has it so, and knows what another server has to know.
final class JournalDelegate: SMTPServerDelegate {
    /// Calls what it is given on the loop, later.
    typealias Later = @Sendable (any EventLoop, @escaping @Sendable () -> Void) -> Void

    private let journal: Journal
    private let later: Later?
    private var content: [UInt8] = []

    /// - Parameter later: when it decides on a message; nil: at once.
    init(_ journal: Journal, later: Later? = nil) {
        self.journal = journal
        self.later = later
    }

    var wantsWireForm: Bool { false }
    func sender(_ connection: SMTPServerConnection) -> SMTPReply? { nil }
    func recipient(_ connection: SMTPServerConnection) -> SMTPReply? { nil }
    func contentBegins(_ connection: SMTPServerConnection, form: WireForm) { content = [] }
    func content(_ connection: SMTPServerConnection, _ slice: ByteBuffer) { content += slice.readableBytesView }
    func contentEnds(_ connection: SMTPServerConnection) -> ContentDecision {
        let (envelope, content) = (connection.session.envelope, content)
        journal.note { $0.messages.append((envelope, content)) }
        guard let later else { return .now(nil) }
        let bound = NIOLoopBound(connection, eventLoop: connection.loop.eventLoop)
        later(connection.loop.eventLoop) { bound.value.decide(nil) }
        return .later
    }
    func contentAborted(_ connection: SMTPServerConnection) { journal.note { $0.aborted += 1 } }
    func closed(_ connection: SMTPServerConnection) { journal.note { $0.closed += 1 } }

    func memory(of connection: SMTPServerConnection) -> ClientState.Service? {
        ClientState.Service(listener: "mx", kind: "smtp", since: 7, mayUseXclient: false)
    }
    func resumed(_ connection: SMTPServerConnection, _ memory: ClientState.Service) -> ServerConfiguration {
        journal.note { $0.resumed.append("\(memory.listener) \(memory.since) \(connection.clientText)") }
        return ServerConfiguration(hostname: "second.test")
    }
}
