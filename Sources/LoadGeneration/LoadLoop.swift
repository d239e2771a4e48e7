import DequeModule
import MailTypes
import Measures
import NIOCore
import SMTPTransport

/// Something that sends messages one after the other over a connection of its own. Confined to an event loop.
protocol LoadClient: AnyObject {
    /// It waits in ``LoadLoop`` for a message to become due.
    var isResting: Bool { get set }
    /// Connects in a row that failed.
    var failures: Int { get set }
    func connect()
    /// Sends a message; only while it rests.
    func begin(_ work: LoadWork)
    /// Ends the connection as its protocol wants it; only while it rests.
    func leave()
    /// Ends it at once.
    func abandon()
    /// Ends it if it is still being opened: there is nothing left to send.
    func withdraw()
    /// Looked at once a second where a protocol has no clock of its own.
    /// - Parameter now: CLOCK_MONOTONIC nanoseconds.
    func look(at now: UInt64)
}

/// From where to where a connection goes.
struct LoadRoute {
    var target: LoadTransport.Target
    var source: SocketAddress?
}

/// A message that has begun.
struct OpenMessage {
    var id: MessageID
    var size: Int
    var recipients: Int
    /// When it was to begin; `began` in a closed loop.
    var due: MonotonicInstant
    /// When its first command was written.
    var began: MonotonicInstant
    /// See ``LoadWork/earlierOffers``.
    var earlierOffers: Int
}

/// The connections of one event loop, and what they count. Confined to it.
final class LoadLoop: @unchecked Sendable {
    /// Connects under way at once: more would only overflow the target's listen queue.
    static let connectsAtOnce = 256
    /// Connects in a row that may fail before a connection is given up.
    static let connectAttempts = 5
    /// Connections on which a message is offered before 421 at MAIL refuses it.
    static let mostOffers = 5

    let context: LoopContext
    let plan: LoadPlan
    let pace: OpenPace?
    let source: MessageSource
    let configuration: LoadConfiguration
    // Changed ten times a message, and values that call nobody: overlaps need not be looked for at run time (SE-0176).
    @exclusivity(unchecked) var counts = LoadCounts()
    @exclusivity(unchecked) var measures = LoadMeasures()
    /// Latencies of the second in progress, for the live view.
    @exclusivity(unchecked) var recent = LatencyCounter()
    var ledger: [UInt8] = []
    let keepsLedger: Bool
    /// What is to be added to CLOCK_MONOTONIC to get nanoseconds since 1970.
    private(set) var wallOffset: UInt64 = 0
    /// Before it everything is warm-up; 0: there is none.
    var measuredFrom: UInt64 = 0
    /// Some texts of positive replies are known.
    var hasFirstTexts = false
    /// Connections without a message, longest at rest first.
    var resting = Deque<any LoadClient>()
    var restingCount = 0
    var timer: Scheduled<Void>?
    var peers: [LoadLoop] = []
    /// Messages that were told 421 at MAIL and are offered once more, before any that is new; no more than there are
    /// connections.
    private(set) var again = Deque<OpenMessage>()
    private var isAbandoned = false
    private var waiting: [any LoadClient] = []
    private(set) var live: [ObjectIdentifier: any LoadClient] = [:]
    private var underWay = 0
    /// Connections that may be open by now: fewer than all while they are ramped up.
    private var allowed = Int.max
    private var hasConnected = false

    init(
        _ context: LoopContext, plan: LoadPlan, pace: OpenPace?, configuration: LoadConfiguration, source: MessageSource
    ) {
        self.context = context
        self.plan = plan
        self.pace = pace
        self.configuration = configuration
        keepsLedger = configuration.ledgerPath != nil
        self.source = source
        readWallClock()
    }

    var index: Int { context.index }

    /// No message will begin here any more.
    var isDone: Bool { plan.isExhausted && again.isEmpty }

    // MARK: Connections

    func start(_ routes: [LoadRoute]) {
        let usesHTTP = configuration.transport.kind == .http
        waiting = routes.reversed().map { route -> any LoadClient in
            usesHTTP ? LoadHTTPConnection(self, route) : LoadConnection(self, route)
        }
        counts.connecting = routes.count
        if configuration.rampUp > 0, routes.count > 1 { rampUp(routes.count) }
        openMore()
        if usesHTTP { watch() }
    }

    /// Asks each connection once a second whether it has waited for too long.
    private func watch() {
        context.eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { [self] task in
            guard counts.open + counts.connecting > 0 else { return task.cancel() }
            let now = MonotonicInstant.now().nanoseconds
            for client in Array(live.values) { client.look(at: now) }
        }
    }

    /// The first connection at once, the last one at the end of the time.
    private func rampUp(_ connections: Int) {
        allowed = 1
        let begin = MonotonicInstant.now()
        let share = Double(connections - 1) / configuration.rampUp
        let grain = TimeAmount.nanoseconds(Int64(max(1e6, min(1e8, 1e9 / share))))
        context.eventLoop.scheduleRepeatedTask(initialDelay: grain, delay: grain) { [self] task in
            allowed = 1 + Int(MonotonicInstant.now().seconds(since: begin) * share)
            if allowed >= connections || plan.isExhausted {
                allowed = .max
                task.cancel()
            }
            openMore()
        }
    }

    /// Opens waiting connections as far as the limits allow.
    private func openMore() {
        guard !plan.isExhausted else {
            counts.connecting -= waiting.count
            return waiting.removeAll()
        }
        while let next = waiting.last, underWay < Self.connectsAtOnce, live.count < allowed {
            waiting.removeLast()
            underWay += 1
            live[ObjectIdentifier(next)] = next
            next.connect()
        }
    }

    /// A connection can take messages.
    /// - Parameters:
    ///   - connect: nanoseconds that it took to connect.
    ///   - ready: nanoseconds from then on until the session was open.
    func becameReady(_ client: any LoadClient, connect: UInt64, ready: UInt64) {
        client.failures = 0
        hasConnected = true
        counts.open += 1
        counts.connecting -= 1
        counts.connectionsMade += 1
        measures.connect.record(nanoseconds: connect)
        measures.ready.record(nanoseconds: ready)
        connectEnded()
    }

    private func connectEnded() {
        underWay -= 1
        openMore()
    }

    /// A connection has ended, or never came to be.
    /// - Parameter asWanted: we took our leave.
    func ended(_ client: any LoadClient, wasReady: Bool, asWanted: Bool) {
        // A target may close what nobody uses: no message is the worse for it.
        let wasIdle = client.isResting
        stopResting(client)
        if wasReady {
            counts.open -= 1
            counts.connecting += 1
        } else {
            connectEnded()
        }
        if !asWanted {
            if !wasIdle { counts.connectionsFailed += 1 }
            client.failures += 1
        }
        guard !isDone, asWanted || mayRetry(client) else { return retire(client) }
        guard !asWanted else { return connectAgain(client) }
        retry(client, after: .milliseconds(min(1000, Int64(100) << Int64(min(client.failures, 8)))))
    }

    /// A run that goes by the clock outlives an outage of its target, until its time is over; one that counts messages says
    /// that it cannot.
    private func mayRetry(_ client: any LoadClient) -> Bool {
        client.failures < Self.connectAttempts
            || (hasConnected && configuration.duration != nil && !plan.isExhausted)
    }

    private func retire(_ client: any LoadClient) {
        counts.connecting -= 1
        live[ObjectIdentifier(client)] = nil
        if live.isEmpty { refuseAgain() }
    }

    /// The target has ended a session with 421 instead of taking this message's MAIL: another connection offers it.
    /// - Returns: false: it was offered often enough.
    func offerAgain(_ message: OpenMessage) -> Bool {
        guard !isAbandoned, message.earlierOffers + 1 < Self.mostOffers else { return false }
        again.append(message)
        return true
    }

    /// The next of those that are offered once more.
    func takeAgain() -> LoadWork? {
        again.popFirst().map {
            LoadWork(sequence: $0.id.low, due: $0.due, earlierOffers: $0.earlierOffers + 1)
        }
    }

    /// No connection is left for them: the 421 is what they were told.
    private func refuseAgain() {
        let now = MonotonicInstant.now()
        while let message = again.popFirst() { refused(message, at: now, stage: "mail") }
    }

    private func connectAgain(_ client: any LoadClient) {
        underWay += 1
        client.connect()
    }

    /// Tries again a little later: the target may be restarting.
    private func retry(_ client: any LoadClient, after delay: TimeAmount) {
        let bound = NIOLoopBound(client, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: delay) { [self] in
            guard !isDone else { return retire(bound.value) }
            connectAgain(bound.value)
        }
    }

    /// Ends what is still open: content that was sent is in doubt.
    func abandon() {
        timer?.cancel()
        timer = nil
        isAbandoned = true
        refuseAgain()
        counts.connecting -= waiting.count
        waiting.removeAll()
        for client in Array(live.values) { client.abandon() }
    }

    /// Nothing is left to send: connections that are not ready yet are not needed any more.
    func withdrawUnready() {
        guard isDone, counts.connecting > 0 else { return }
        openMore()
        for client in Array(live.values) { client.withdraw() }
    }

    // MARK: What is asked from outside

    /// Every connection is ready, or has failed once.
    var hasTriedAll: Bool { waiting.isEmpty && underWay == 0 }

    func snapshot() -> (counts: LoadCounts, recent: LatencyCounter, ledger: [UInt8]) {
        readWallClock()
        defer {
            recent = LatencyCounter()
            ledger.removeAll(keepingCapacity: true)
        }
        return (counts, recent, ledger)
    }

    /// Once a second, since the clock of the wall is set while the other runs on.
    private func readWallClock() {
        wallOffset = WallInstant.now().nanoseconds &- MonotonicInstant.now().nanoseconds
    }
}
