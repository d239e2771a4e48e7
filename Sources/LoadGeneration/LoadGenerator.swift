import Glibc
import MailTypes
import Measures
import NIOCore
package import RunRecords
import SMTPTransport

/// What the live line shows.
package struct LoadStatus: Sendable {
    package var sample: IntervalSample
    package var accepted: UInt64
    package var notAccepted: UInt64
    package var connections: Int
    /// Of the messages acknowledged since the status before.
    package var latencyP50: UInt64
    package var latencyP99: UInt64
    package var isFinished: Bool
}

/// Why a run cannot begin; the text says what to change.
package struct LoadFault: Error, CustomStringConvertible {
    package let description: String
}

/// Bursts messages at one target: closed loop, as fast as the connections allow.
package actor LoadGenerator {
    private let configuration: LoadConfiguration
    private let loops: LoopGroup
    private let loadLoops: [LoadLoop]
    private let plan: LoadPlan
    private let runHigh: UInt64
    private let ledger: LedgerFile?
    private let started: WallInstant
    private let startedMonotonic: MonotonicInstant
    private var series = SeriesRecorder()
    private var drainBegan: MonotonicInstant?

    /// Checks the machine's limits, opens files and threads; nothing is sent yet.
    /// - Throws: ``LoadFault`` that names the limit and how to raise it.
    package init(_ configuration: LoadConfiguration) throws {
        try Self.checkLimits(configuration)
        self.configuration = configuration
        ledger = try configuration.ledgerPath.map { try LedgerFile(path: $0) }
        let plan = LoadPlan(messageCount: configuration.messageCount)
        let body = SharedBody(configuration)
        let high = WallInstant.now().milliseconds << 16 | UInt64(UInt16.random(in: 0...UInt16.max))
        loops = LoopGroup(threads: configuration.threads)
        loadLoops = loops.contexts.map {
            LoadLoop($0, plan: plan, configuration: configuration, body: body, runHigh: high)
        }
        self.plan = plan
        runHigh = high
        started = .now()
        startedMonotonic = .now()
    }

    private static func checkLimits(_ configuration: LoadConfiguration) throws {
        let descriptors = raiseDescriptorLimit()
        let wanted = configuration.concurrency + 64
        guard wanted <= descriptors else {
            throw LoadFault(
                description: "--concurrency \(configuration.concurrency) needs \(wanted) file descriptors, "
                    + "the limit is \(descriptors): raise it with 'ulimit -n \(wanted)' or in limits.conf")
        }
        guard let range = readSmallFile("/proc/sys/net/ipv4/ip_local_port_range") else { return }
        let ports = range.split { $0 == "\t" || $0 == " " || $0 == "\n" }.compactMap { Int($0) }
        guard ports.count == 2, configuration.concurrency > ports[1] - ports[0] else { return }
        throw LoadFault(
            description: "--concurrency \(configuration.concurrency) needs as many local ports, "
                + "net.ipv4.ip_local_port_range has \(ports[1] - ports[0] + 1): widen it with sysctl")
    }

    /// Opens the connections, spread over the loops; each begins as soon as it is ready.
    package func start() async throws {
        let count = loadLoops.count
        for (index, loop) in loadLoops.enumerated() {
            let share = configuration.concurrency / count + (index < configuration.concurrency % count ? 1 : 0)
            try await loop.context.eventLoop.submit { loop.start(connections: share) }.get()
        }
    }

    /// No message begins from now on; open ones may end.
    package nonisolated func stop() { plan.stop() }

    /// Call once a second: closes a second of the series and sees whether the run is over.
    package func tick() async throws -> LoadStatus {
        let now = MonotonicInstant.now()
        if let duration = configuration.duration, now.seconds(since: startedMonotonic) >= duration { plan.stop() }
        let (counts, recent) = try await gather()
        if plan.isExhausted, drainBegan == nil { drainBegan = now }
        if let drainBegan, now.seconds(since: drainBegan) > configuration.grace { try await abandon() }
        return LoadStatus(
            sample: series.add(totals(counts), at: .now()), accepted: counts.accepted,
            notAccepted: counts.refused + counts.failed + counts.inDoubt, connections: counts.open,
            latencyP50: recent.percentile(50), latencyP99: recent.percentile(99),
            isFinished: counts.open == 0 && counts.connecting == 0)
    }

    /// True once every connection has ended; cheap enough to poll between ticks.
    package func isFinished() async throws -> Bool {
        var open = 0
        for loop in loadLoops {
            open += try await loop.context.eventLoop.submit { loop.counts.open + loop.counts.connecting }.get()
        }
        return open == 0
    }

    private func abandon() async throws {
        for loop in loadLoops { try await loop.context.eventLoop.submit { loop.abandon() }.get() }
    }

    private func gather() async throws -> (LoadCounts, LatencyHistogram) {
        var counts = LoadCounts()
        var recent = LatencyHistogram()
        for loop in loadLoops {
            let part = try await loop.context.eventLoop.submit { loop.snapshot() }.get()
            counts.add(part.counts)
            recent.merge(part.recent)
            try ledger?.append(part.ledger)
        }
        return (counts, recent)
    }

    private func totals(_ counts: LoadCounts) -> ProgressTotals {
        ProgressTotals(
            messages: counts.accepted, bytes: counts.acceptedBytes,
            failed: counts.refused + counts.failed + counts.inDoubt, connections: counts.open)
    }

    /// Ends the threads and writes the record.
    package func finish() async throws -> GeneratorRecord {
        try await abandon()
        for _ in 0..<100 {
            if try await isFinished() { break }
            try await Task.sleep(nanoseconds: 10_000_000)
        }
        let (counts, _) = try await gather()
        var measures = LoadMeasures()
        for loop in loadLoops {
            measures.merge(try await loop.context.eventLoop.submit { loop.measures }.get())
        }
        series.add(totals(counts), at: .now())
        try await loops.shutDown()
        ledger?.close()
        let record = makeRecord(counts, measures)
        if let path = configuration.recordPath { try RecordFile.write(record, to: path) }
        return record
    }

    private func makeRecord(_ counts: LoadCounts, _ measures: LoadMeasures) -> GeneratorRecord {
        var record = GeneratorRecord(
            header: RecordHeader(
                schema: GeneratorRecord.schema, arguments: configuration.arguments, threads: configuration.threads,
                startedUnixSeconds: started.seconds, endedUnixSeconds: WallInstant.now().seconds, usage: .current()),
            target: configuration.targetText, concurrency: configuration.concurrency,
            pipelining: configuration.pipelining, chunking: configuration.chunking,
            bodySizeBytes: configuration.bodySize, messageSizeBytes: counts.messageSize,
            runID: String(MessageID(high: runHigh, low: 0).description.prefix(16)))
        (record.offered, record.accepted) = (counts.offered, counts.accepted)
        (record.refused, record.failed) = (counts.refused, counts.failed)
        record.inDoubt = counts.inDoubt
        record.connectionsFailed = counts.connectionsFailed
        record.acceptedBytes = counts.acceptedBytes
        record.elapsedSeconds = counts.lastAccepted == 0 ? 0 : seconds(counts.lastAccepted)
        record.firstOfferedUnixSeconds = wall(counts.firstOffered)
        record.lastAcceptedUnixSeconds = wall(counts.lastAccepted)
        (record.connectLatency, record.readyLatency) = (measures.connect, measures.ready)
        record.transactionLatency = measures.transaction
        record.replies = measures.replies
            .map { ReplyCount(stage: $0.key.stage, code: $0.key.code, count: $0.value.count, firstText: $0.value.text) }
            .sorted { ($0.stage, $0.code) < ($1.stage, $1.code) }
        record.series = series.samples
        record.warnings = warnings(record)
        return record
    }

    private func warnings(_ record: GeneratorRecord) -> [String] {
        var found: [String] = []
        if record.header.build == "debug" { found.append("debug build: not a measurement") }
        let available = record.elapsedSeconds * Double(configuration.threads)
        let share = available > 0 ? record.header.usage.cpuSeconds / available : 0
        if share > 0.9 {
            found.append(
                "generator saturated: it used \(fixed(share * 100, 0)) % of its \(configuration.threads) threads")
        }
        if record.elapsedSeconds < 1 { found.append("run too short: \(fixed(record.elapsedSeconds, 3)) s") }
        return found
    }

    private func seconds(_ nanoseconds: UInt64) -> Double {
        MonotonicInstant(nanoseconds: nanoseconds).seconds(since: startedMonotonic)
    }

    private func wall(_ nanoseconds: UInt64) -> Double {
        nanoseconds == 0 ? 0 : started.seconds + seconds(nanoseconds)
    }
}
