import LoadPacing
import MailTypes
import Measures
import NIOCore
package import RunRecords
import SMTPTransport

/// Why a run cannot begin; the text says what to change.
package struct LoadFault: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// Sends messages at one target: as fast as the connections allow (closed loop), or when each is due (open loop).
package actor LoadGenerator {
    let configuration: LoadConfiguration
    private let loops: LoopGroup
    private let loadLoops: [LoadLoop]
    private let plan: LoadPlan
    private let pace: OpenPace?
    let runHigh: UInt64
    private let ledger: LedgerFile?
    let started: WallInstant
    let startedMonotonic: MonotonicInstant
    /// When the first message might begin.
    private(set) var began: MonotonicInstant
    private(set) var series = SeriesRecorder()
    private var drainBegan: MonotonicInstant?
    /// The ledger could not be written any more, as on a full disk: no message begins from then on.
    package private(set) var ledgerFault: RecordFault?
    /// What the loops' threads and the whole process had used when the first connection was opened.
    private var threadsAtBegin: [Double] = []
    private var usedAtBegin = 0.0
    private var startedLoad: MonotonicInstant

    /// Checks the machine's limits, opens files and threads; nothing is sent yet.
    /// - Throws: ``LoadFault`` that names the limit and how to raise it.
    package init(_ configuration: LoadConfiguration) throws {
        var configuration = configuration
        // A loop without a connection would have a share of the load and nobody to send it.
        configuration.threads = min(configuration.threads, configuration.concurrency)
        if let open = configuration.open, open.schedule.seconds < configuration.duration ?? .infinity,
            !open.stages.isEmpty
        {
            configuration.duration = open.schedule.seconds
        }
        try LoadLimits.check(configuration)
        self.configuration = configuration
        ledger = try configuration.ledgerPath.map { try LedgerFile(path: $0, appends: configuration.trial > 0) }
        let plan = LoadPlan(messageCount: configuration.messageCount)
        let pace = configuration.open.map {
            OpenPace($0, lanes: configuration.threads, until: configuration.duration, seed: configuration.seed)
        }
        let bodies = BodyMaker(configuration.content, seed: configuration.seed)
        let high = Self.runHigh(configuration)
        loops = LoopGroup(threads: configuration.threads)
        loadLoops = loops.contexts.map { context in
            LoadLoop(
                context, plan: plan, pace: pace, configuration: configuration,
                source: MessageSource(configuration, bodies: bodies, runHigh: high))
        }
        (self.plan, self.pace) = (plan, pace)
        runHigh = high
        started = .now()
        startedMonotonic = .now()
        (began, startedLoad) = (startedMonotonic, startedMonotonic)
    }

    /// The high half of all message ids: of the time, or of the seed where two runs are to send the same bytes.
    private static func runHigh(_ configuration: LoadConfiguration) -> UInt64 {
        guard configuration.hasFixedIDs else {
            return WallInstant.now().milliseconds << 16 | UInt64(UInt16.random(in: 0...UInt16.max))
        }
        var random = SplitMix64(seed: configuration.seed &+ configuration.trial &* 0x9E37_79B9_7F4A_7C15)
        return random.next()
    }

    /// Opens the connections, spread over the loops. Each begins as soon as it is ready; with an open load time begins to
    /// run when all are.
    package func start() async throws {
        let count = loadLoops.count
        for loop in loadLoops { try await onLoop(loop) { [loadLoops] in $0.peers = loadLoops } }
        threadsAtBegin = try await threadSeconds()
        (usedAtBegin, startedLoad) = (ProcessUsage.current().cpuSeconds, .now())
        if pace == nil { try await begin(at: .now()) }
        let routes = routes()
        for (index, loop) in loadLoops.enumerated() {
            let share = stride(from: index, to: routes.count, by: count).map { routes[$0] }
            try await onLoop(loop) { $0.start(share) }
        }
        guard pace != nil else { return }
        try await waitForConnections()
        try await begin(at: MonotonicInstant(nanoseconds: MonotonicInstant.now().nanoseconds + 5_000_000))
    }

    /// Of all connections.
    private func routes() -> [LoadRoute] {
        let transport = configuration.transport
        return transport.shares(configuration.concurrency).enumerated().map { number, target in
            LoadRoute(
                target: transport.targets[target],
                source: transport.sources.isEmpty ? nil : transport.sources[number % transport.sources.count])
        }
    }

    private func begin(at instant: MonotonicInstant) async throws {
        began = instant
        pace?.begin(at: instant)
        for loop in loadLoops { try await onLoop(loop) { $0.begin(at: instant) } }
    }

    /// Until all connections are ready or have failed once, for ten seconds longer than their ramp at most.
    private func waitForConnections() async throws {
        let deadline = configuration.rampUp + 10
        while !plan.isExhausted, MonotonicInstant.now().seconds(since: startedMonotonic) < deadline {
            var missing = false
            for loop in loadLoops where try await !onLoop(loop, { $0.hasTriedAll }) { missing = true }
            guard missing else { return }
            try await Task.sleep(nanoseconds: 2_000_000)
        }
    }

    private func onLoop<Result: Sendable>(
        _ loop: LoadLoop, _ body: @escaping @Sendable (LoadLoop) -> Result
    ) async throws -> Result {
        try await loop.context.eventLoop.submit { body(loop) }.get()
    }

    /// No message begins from now on; open ones may end.
    package nonisolated func stop() { plan.stop() }

    /// Open ones may not end, either: ``isFinished()`` is true at once, and ``finish(isInterrupted:)`` counts what was
    /// under way as in doubt or failed.
    package nonisolated func cutOff() { plan.cutOff() }

    /// Call once a second: closes a second of the series and sees whether the run is over.
    package func tick() async throws -> LoadStatus {
        let now = MonotonicInstant.now()
        let (counts, recent) = try await gather()
        if plan.isExhausted, drainBegan == nil { drainBegan = now }
        if let drainBegan, now.seconds(since: drainBegan) > configuration.grace { try await abandon() }
        return LoadStatus(
            sample: series.add(totals(counts), at: .now()), offered: counts.offered, accepted: counts.accepted,
            notAccepted: counts.notAccepted, connections: counts.open, lateStarts: counts.lateStarts,
            latencyP50: recent.percentile(50), latencyP99: recent.percentile(99),
            elapsedSeconds: now.seconds(since: began), replies: try await replies(),
            isFinished: plan.isCutOff || (counts.open == 0 && counts.connecting == 0))
    }

    /// True once every connection has ended; cheap enough to poll between ticks.
    package func isFinished() async throws -> Bool {
        guard !plan.isCutOff else { return true }
        return try await hasEnded()
    }

    private func hasEnded() async throws -> Bool {
        var open = 0
        for loop in loadLoops {
            open += try await onLoop(loop) { loop in
                loop.withdrawUnready()
                return loop.counts.open + loop.counts.connecting
            }
        }
        return open == 0
    }

    /// See ``LoadPlan/stoppedAt``.
    var stoppedAt: MonotonicInstant? { plan.stoppedAt }

    private func abandon() async throws { for loop in loadLoops { try await onLoop(loop) { $0.abandon() } } }

    private func gather() async throws -> (LoadCounts, LatencyHistogram) {
        var counts = LoadCounts()
        var recent = LatencyCounter()
        for loop in loadLoops {
            let part = try await onLoop(loop) { $0.snapshot() }
            counts.add(part.counts)
            recent.merge(part.recent)
            keep(part.ledger)
        }
        return (counts, recent.histogram)
    }

    private func keep(_ lines: [UInt8]) {
        guard ledgerFault == nil else { return }
        do throws(RecordFault) { try ledger?.append(lines) } catch {
            ledgerFault = error
            plan.stop()
        }
    }

    private func replies() async throws -> [ReplyCount] {
        var all = LoadMeasures()
        for loop in loadLoops {
            for reply in try await onLoop(loop, { $0.measures.replyCounts }) {
                all.note(reply.stage, reply.code, count: reply.count, reply.firstText)
            }
        }
        return all.replyCounts
    }

    private func measures() async throws -> LoadMeasures {
        var measures = LoadMeasures()
        for loop in loadLoops { measures.merge(try await onLoop(loop) { $0.measures }) }
        return measures
    }

    private func threadSeconds() async throws -> [Double] {
        var found: [Double] = []
        for loop in loadLoops { found.append(try await onLoop(loop) { _ in Double(ThreadClock.nanoseconds) / 1e9 }) }
        return found
    }

    private func totals(_ counts: LoadCounts) -> ProgressTotals {
        ProgressTotals(
            messages: counts.accepted, bytes: counts.acceptedBytes, failed: counts.notAccepted,
            connections: counts.open)
    }

    /// Ends the threads and writes the record.
    /// - Parameter isInterrupted: somebody ended the run before its time.
    package func finish(isInterrupted: Bool = false) async throws -> GeneratorRecord {
        try await abandon()
        for _ in 0..<150 {
            if try await hasEnded() { break }
            try await Task.sleep(nanoseconds: 10_000_000)
        }
        var (counts, _) = try await gather()
        // Also when every connection has given up before the end.
        if let pace, let end = plan.stoppedAt ?? (plan.isExhausted ? nil : .now()) {
            counts.dropped += min(pace.untaken(until: end), plan.remaining)
        }
        let measures = try await measures()
        let threads = zip(try await threadSeconds(), threadsAtBegin).map { $0 - $1 }
        let effort = LoadEffort(
            seconds: MonotonicInstant.now().seconds(since: startedLoad),
            cpuSeconds: ProcessUsage.current().cpuSeconds - usedAtBegin, busiestThread: threads.max() ?? 0)
        series.add(totals(counts), at: .now())
        try await loops.shutDown()
        ledger?.close()
        var record = makeRecord(counts, measures, effort)
        if isInterrupted { record.warnings.append("interrupted after \(fixed(record.elapsedSeconds, 1)) s") }
        if let ledgerFault { record.warnings.append("\(ledgerFault): the run ended there") }
        if let path = configuration.recordPath { try writeOutput(try RecordFile.text(record), to: path) }
        return record
    }
}
