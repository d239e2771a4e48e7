import MailTypes
import Measures
import NIOCore
import RunRecords
import SMTPProtocol
import SMTPTransport
import Synchronization

/// Hands out message numbers to all loops and knows when to stop.
final class LoadPlan: Sendable {
    private let next = Atomic<Int>(0)
    private let limit: Int
    private let stopped = Atomic<Bool>(false)

    init(messageCount: Int?) { limit = messageCount ?? .max }

    /// The next message's number from 1 on, or nil when no more are to be sent.
    func claim() -> UInt64? {
        guard !stopped.load(ordering: .relaxed) else { return nil }
        let claimed = next.add(1, ordering: .relaxed).newValue
        return claimed <= limit ? UInt64(claimed) : nil
    }

    /// No message begins from now on: the duration is over, or somebody pressed Ctrl-C.
    func stop() { stopped.store(true, ordering: .relaxed) }

    var isExhausted: Bool { stopped.load(ordering: .relaxed) || next.load(ordering: .relaxed) >= limit }
}

/// How one offered message ended.
enum Outcome: String, Sendable { case accepted, refused, failed, inDoubt = "in_doubt" }

/// What one event loop of the generator counts. Confined to its loop; read by ``LoadLoop/snapshot()``.
struct LoadCounts: Sendable {
    var offered: UInt64 = 0
    var accepted: UInt64 = 0
    var refused: UInt64 = 0
    var failed: UInt64 = 0
    var inDoubt: UInt64 = 0
    var acceptedBytes: UInt64 = 0
    var connectionsFailed: UInt64 = 0
    /// Connections in use, and those still to be opened.
    var open = 0
    var connecting = 0
    /// CLOCK_MONOTONIC; 0 before.
    var firstOffered: UInt64 = 0
    var lastAccepted: UInt64 = 0
    var messageSize = 0

    mutating func add(_ other: LoadCounts) {
        offered += other.offered
        accepted += other.accepted
        refused += other.refused
        failed += other.failed
        inDoubt += other.inDoubt
        acceptedBytes += other.acceptedBytes
        connectionsFailed += other.connectionsFailed
        open += other.open
        connecting += other.connecting
        if firstOffered == 0 || (other.firstOffered > 0 && other.firstOffered < firstOffered) {
            firstOffered = other.firstOffered
        }
        lastAccepted = max(lastAccepted, other.lastAccepted)
        messageSize = max(messageSize, other.messageSize)
    }
}

/// Latencies and replies, gathered at the end.
struct LoadMeasures: Sendable {
    var connect = LatencyHistogram()
    var ready = LatencyHistogram()
    var transaction = LatencyHistogram()
    var replies: [ReplyKey: (count: UInt64, text: String)] = [:]

    struct ReplyKey: Hashable, Sendable {
        var stage: String
        var code: Int
    }

    mutating func note(_ stage: String, _ code: Int, _ text: @autoclosure () -> String) {
        let key = ReplyKey(stage: stage, code: code)
        if replies[key] == nil { replies[key] = (0, text()) }
        replies[key]!.count += 1
    }

    mutating func merge(_ other: LoadMeasures) {
        connect.merge(other.connect)
        ready.merge(other.ready)
        transaction.merge(other.transaction)
        for (key, value) in other.replies {
            replies[key] = ((replies[key]?.count ?? 0) + value.count, replies[key]?.text ?? value.text)
        }
    }
}

/// The connections of one event loop. Confined to it.
final class LoadLoop: @unchecked Sendable {
    /// Connects under way at once: more would only overflow the target's listen queue.
    static let connectsAtOnce = 256
    /// Connects in a row that may fail before a connection is given up.
    static let connectAttempts = 5

    let context: LoopContext
    let plan: LoadPlan
    let source: MessageSource
    let configuration: LoadConfiguration
    var counts = LoadCounts()
    var measures = LoadMeasures()
    /// Latencies of the second in progress, for the live line.
    var recent = LatencyHistogram()
    var ledger: [UInt8] = []
    private var waiting: [LoadConnection] = []
    private var live: [ObjectIdentifier: LoadConnection] = [:]

    init(_ context: LoopContext, plan: LoadPlan, configuration: LoadConfiguration, body: SharedBody, runHigh: UInt64) {
        self.context = context
        self.plan = plan
        self.configuration = configuration
        source = MessageSource(configuration, body: body, runHigh: runHigh)
    }

    func start(connections: Int) {
        waiting = (0..<connections).map { _ in LoadConnection(self) }
        counts.connecting = connections
        openMore()
    }

    /// Opens waiting connections as far as the limit allows.
    func openMore() {
        while counts.connecting > 0, let next = waiting.last, underWay < Self.connectsAtOnce {
            waiting.removeLast()
            underWay += 1
            live[ObjectIdentifier(next)] = next
            next.connect()
        }
    }

    private var underWay = 0

    func connectEnded() {
        underWay -= 1
        openMore()
    }

    func retire(_ connection: LoadConnection) { live[ObjectIdentifier(connection)] = nil }

    /// Tries again a little later: the target may be restarting.
    func retry(_ connection: LoadConnection, after delay: TimeAmount) {
        let bound = NIOLoopBound(connection, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: delay) { [self] in
            underWay += 1
            bound.value.connect()
        }
    }

    func note(_ id: MessageID, _ outcome: Outcome) {
        guard configuration.ledgerPath != nil else { return }
        id.appendHex(to: &ledger)
        ledger.append(UInt8(ascii: ","))
        ledger.append(contentsOf: outcome.rawValue.utf8)
        ledger.append(0x0A)
    }

    func snapshot() -> (counts: LoadCounts, recent: LatencyHistogram, ledger: [UInt8]) {
        defer {
            recent = LatencyHistogram()
            ledger.removeAll(keepingCapacity: true)
        }
        return (counts, recent, ledger)
    }

    /// Ends what is still open: content that was sent is in doubt.
    func abandon() {
        waiting.removeAll()
        counts.connecting = 0
        for connection in Array(live.values) { connection.abandon() }
    }
}
