import Glibc
import MailTypes
import Measures
import NIOCore
package import RunRecords
import SMTPProtocol
import SMTPTransport

/// The remote MX of a benchmark: takes everything, throws it away, counts, and with a ledger checks.
package actor SinkServer {
    private let configuration: SinkConfiguration
    private let loops: LoopGroup
    private let sinkLoops: [SinkLoop]
    private let listener: SMTPListener
    private let ledger: SinkLedger?
    private let live: LiveFile?
    private let started: WallInstant
    private let startedMonotonic: MonotonicInstant
    private var series = SeriesRecorder()
    private var peak = 0

    /// Binds the listener and opens the files.
    package static func start(_ configuration: SinkConfiguration) async throws -> SinkServer {
        raiseDescriptorLimit()
        let keeper = try configuration.keepDirectory.map { try MessageKeeper(directory: $0) }
        let ledger = try configuration.ledgerPath.map { try SinkLedger(path: $0) }
        let loops = LoopGroup(threads: configuration.threads)
        let sinkLoops = loops.contexts.map { _ in SinkLoop(notesEntries: ledger != nil, keeper: keeper) }
        var session = ServerConfiguration(hostname: configuration.hostname)
        // A benchmark's sink refuses nothing that is SMTP: no size limit, no error limit, lines as long as they come.
        session.maximumMessageSize = 0
        session.maximumContentLine = 0
        session.maximumErrors = 0
        let listener = try await SMTPListener.bind(
            .init(host: configuration.host, port: configuration.port, session: session), loops: loops
        ) { SinkConnection(sinkLoops[$0.index]) }
        return SinkServer(configuration, loops, sinkLoops, listener, ledger)
    }

    private init(
        _ configuration: SinkConfiguration, _ loops: LoopGroup, _ sinkLoops: [SinkLoop], _ listener: SMTPListener,
        _ ledger: SinkLedger?
    ) {
        self.configuration = configuration
        self.loops = loops
        self.sinkLoops = sinkLoops
        self.listener = listener
        self.ledger = ledger
        live = configuration.recordPath.map { LiveFile(record: $0) }
        started = .now()
        startedMonotonic = .now()
    }

    /// `127.0.0.1:2526`, with the port really bound.
    package nonisolated var address: String { listener.addressText }

    /// Gathers the loops' counts: call it about five times a second.
    /// - Parameter endsSecond: also closes a second of the series.
    /// - Returns: the sample of that second, or of the time since the last one.
    @discardableResult
    package func tick(endsSecond: Bool) async throws -> IntervalSample? {
        let totals = try await gather()
        live?.write(messages: totals.messages, at: .now())
        guard endsSecond else { return nil }
        return series.add(
            ProgressTotals(
                messages: totals.messages, bytes: totals.bytes, failed: totals.refused, connections: totals.open),
            at: .now())
    }

    private func gather() async throws -> SinkLoop.Totals {
        var sum = SinkLoop.Totals()
        for (context, loop) in zip(loops.contexts, sinkLoops) {
            let (totals, entries) = try await context.eventLoop.submit { loop.snapshot() }.get()
            try ledger?.append(entries)
            sum.add(totals)
        }
        peak = max(peak, sum.open)
        return sum
    }

    /// Stops accepting, lets transactions in progress end, writes the record.
    package func stop() async throws -> SinkRecord {
        await listener.stopAccepting()
        await listener.drain(limit: .seconds(2))
        let totals = try await gather()
        series.add(
            ProgressTotals(
                messages: totals.messages, bytes: totals.bytes, failed: totals.refused, connections: totals.open),
            at: .now())
        try await loops.shutDown()
        ledger?.close()
        let record = makeRecord(totals)
        if let path = configuration.recordPath { try RecordFile.write(record, to: path) }
        live?.write(messages: totals.messages, at: .now())
        return record
    }

    private func makeRecord(_ totals: SinkLoop.Totals) -> SinkRecord {
        var record = SinkRecord(
            header: RecordHeader(
                schema: SinkRecord.schema, arguments: configuration.arguments, threads: configuration.threads,
                startedUnixSeconds: started.seconds, endedUnixSeconds: WallInstant.now().seconds, usage: .current()),
            listen: address)
        record.received = totals.messages
        record.receivedBytes = totals.bytes
        record.refused = totals.refused
        record.connections = totals.connections
        record.connectionsPeak = peak
        record.firstReceivedUnixSeconds = wall(totals.firstNanoseconds)
        record.lastReceivedUnixSeconds = wall(totals.lastNanoseconds)
        record.series = series.samples
        record.ledger = ledger?.summary
        return record
    }

    private func wall(_ nanoseconds: UInt64) -> Double {
        guard nanoseconds > 0 else { return 0 }
        return started.seconds + MonotonicInstant(nanoseconds: nanoseconds).seconds(since: startedMonotonic)
    }
}

extension SinkLoop.Totals {
    mutating func add(_ other: Self) {
        messages += other.messages
        bytes += other.bytes
        refused += other.refused
        connections += other.connections
        open += other.open
        if firstNanoseconds == 0 || (other.firstNanoseconds > 0 && other.firstNanoseconds < firstNanoseconds) {
            firstNanoseconds = other.firstNanoseconds
        }
        lastNanoseconds = max(lastNanoseconds, other.lastNanoseconds)
    }
}
