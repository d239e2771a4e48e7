import ControlPlane
import DeliveryQueue
import Glibc
import HTTPService
import MailRouting
import MailTypes
import Measures
import NIOCore
import NIOHTTP1
import NIOPosix
import ProcessLife
package import RunRecords
import SMTPProtocol
package import SMTPTransport
package import SpoolContract
import Synchronization

/// The relay: a listener, a shard on each event loop, one group commit.
package actor RelayServer {
    private(set) var configuration: RelayConfiguration
    let spool: any Spool
    let committer: GroupCommitter
    let commits: CommitLatencies
    private let readers: NIOThreadPool
    let loops: LoopGroup
    let shards: [RelayShard]
    private let ticks: [RepeatedTask]
    let listeners: [SMTPListener]
    private let live: LiveFile?
    let administrator: Administrator
    let started = WallInstant.now()
    private var control: ControlListener?
    private(set) var http: RelayHTTP?
    private var series = SeriesRecorder()
    var publication = PublicationWatch()
    var load: LoadWatch
    var memory = MetricsMemory()
    nonisolated let gate: ConnectionGate
    /// Nil while the relay goes on.
    private(set) var ending: Ending?
    /// Starts a process that takes over and returns its id; nil: nobody can.
    private(set) var upgrade: (@Sendable () async throws -> Int32)?

    /// Enqueues what the spool holds, then opens the listener.
    package static func start(_ configuration: RelayConfiguration, spool: any Spool) async throws -> RelayServer {
        let load = LoadWatch(configuration, descriptors: raiseDescriptorLimit())
        let loops = LoopGroup(threads: configuration.threads)
        let commits = CommitLatencies()
        let committer = GroupCommitter(spool: spool) { commits.record($0) }
        let readers = NIOThreadPool.started(2, for: .spool)
        let parts = try RelayParts(configuration: configuration, spool: spool, committer: committer, readers: readers)
        let egress = try Egress(configuration.egress)
        try parts.adopt(configuration.egress)
        try parts.security?.start()
        let shards = loops.contexts.map { RelayShard($0, parts, configuration, egress) }
        let administrator = Administrator(shards, path: configuration.ordersPath)
        try await administrator.begin()
        try await watchSources(configuration.egress, shards[0])
        try await restore(spool, shards)
        try await administrator.recovered()
        parts.sendReports(by: shards[0])
        var listeners: [SMTPListener] = []
        for state in parts.listeners { listeners.append(try await bind(state, loops, shards, load.gate)) }
        let server = RelayServer(
            configuration, spool, committer, commits, readers, loops, shards, listeners, load, administrator)
        await administrator.judge { [weak server] in await server?.readiness.reasons ?? ["stopping"] }
        await server.lookForKeys(configuration.dkim)
        if let path = configuration.controlPath { try await server.openControl(path) }
        if let http = configuration.http { try await server.openHTTP(http) }
        load.limitClients(configuration)
        await server.warnOfMemory()
        return server
    }

    private static func bind(
        _ state: ListenerState, _ loops: LoopGroup, _ shards: [RelayShard], _ gate: ConnectionGate
    ) async throws -> SMTPListener {
        let listener = state.configuration
        let rules = state.currentRules
        // The session's rules come from the client's admission; the listener itself limits nothing.
        var configuration = SMTPListener.Configuration(
            host: listener.host, port: listener.port, session: ServerConfiguration(hostname: state.hostname),
            maximumConnections: .max)
        configuration.security.tls = rules.tls
        configuration.security.isImplicit = listener.kind == .submissions
        configuration.security.proxies = rules.proxyNetworks
        configuration.gate = gate
        configuration.boundSocket = shards[0].configuration.sockets[listener.name]
        do {
            return try await SMTPListener.bind(configuration, loops: loops) {
                ClientReception(shards[$0.index], state)
            }
        } catch {
            throw RecordFault("listener '\(listener.name)' on \(listener.host):\(listener.port): \(error)")
        }
    }

    private func openHTTP(_ configuration: HTTPConfiguration) async throws {
        http = try await RelayHTTP.open(
            configuration, hostname: self.configuration.hostname, threads: self.configuration.threads, shards: shards,
            gate: gate, socket: self.configuration.sockets[BoundSockets.http], administrator: administrator
        ) { [weak self] prefix, form in try await self?.metrics(prefix: prefix, form) ?? "" }
    }

    /// `127.0.0.1:8000`, with the port really bound; nil: there is no HTTP listener.
    package var httpAddress: String? { http?.server.address }

    private func openControl(_ path: String) async throws {
        let admin = AdminService(administrator)
        control = try await ControlListener.open(
            path,
            call: { call, loop in
                admin.respond(
                    HTTPCall(HTTPMethod(rawValue: call.method), call.path, body: ByteBuffer(string: call.body)),
                    on: loop)
            }
        ) { [weak self] request in
            await self?.control(request) ?? ControlResponse()
        }
    }

    private init(
        _ configuration: RelayConfiguration, _ spool: any Spool, _ committer: GroupCommitter,
        _ commits: CommitLatencies, _ readers: NIOThreadPool, _ loops: LoopGroup, _ shards: [RelayShard],
        _ listeners: [SMTPListener], _ load: LoadWatch, _ administrator: Administrator
    ) {
        self.administrator = administrator
        self.configuration = configuration
        (self.load, gate) = (load, load.gate)
        self.spool = spool
        self.committer = committer
        self.commits = commits
        self.readers = readers
        self.loops = loops
        self.shards = shards
        self.listeners = listeners
        live = configuration.recordPath.map { LiveFile(record: $0) }
        ticks = shards.map { shard in
            shard.context.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(250)) { _ in
                shard.tick()
            }
        }
    }

    /// Messages handed to a shard at a time while the spool is read.
    private static let restoredAtOnce = 256

    /// Spreads the spool's messages over the shards, in turn.
    private static func restore(_ spool: any Spool, _ shards: [RelayShard]) async throws {
        let mayHaveBeenSent = !spool.wasCleanlyClosed
        var part: [SpoolEntry] = []
        var next = 0
        func handOver() throws {
            let (shard, entries) = (shards[next % shards.count], part)
            // Waits for the loop, so that no more than one part is in memory.
            try shard.context.eventLoop.submit { shard.restore(entries, mayHaveBeenSent: mayHaveBeenSent) }.wait()
            next += 1
            part.removeAll(keepingCapacity: true)
        }
        var fault: (any Error)?
        let unreadable = try spool.enumerate { entry in
            part.append(entry)
            guard part.count == restoredAtOnce, fault == nil else { return }
            do { try handOver() } catch { fault = error }
        }
        if let fault { throw fault }
        try handOver()
        guard unreadable.count > 0 else { return }
        let text = "\(unreadable.count) unreadable records kept in the spool, first: \(unreadable.first ?? "")"
        try await shards[0].context.eventLoop.submit { shards[0].note(text) }.get()
    }

    /// `127.0.0.1:2525`, with the port really bound.
    package nonisolated var address: String { listeners[0].addressText }

    /// The other listeners, in their order: name and address.
    package nonisolated var otherAddresses: [(name: String, address: String)] {
        zip(shards[0].parts.listeners, listeners).dropFirst().map { ($0.configuration.name, $1.addressText) }
    }

    /// Takes in what can change while the relay runs: rules of listeners, certificates, users, relaying, routes,
    /// limits, schedules. Nobody is disconnected.
    /// - Throws: ``TLSFault`` or ``RecordFault``; then everything stays as it was.
    package func reload(_ fresh: RelayConfiguration) async throws {
        let egress = try Egress(fresh.egress)
        let parts = shards[0].parts
        guard !fresh.routes.needsLookups || parts.exchangers != nil else {
            throw RecordFault("mail by MX records needs a restart: no name service was set up")
        }
        let verifies = fresh.listeners.contains { $0.rules.verification != nil } || !fresh.dkim.publications.isEmpty
        guard parts.verifier != nil || !verifies else {
            throw RecordFault("verification needs a restart: no name service was set up for it")
        }
        try parts.adopt(fresh.egress)
        for listener in fresh.listeners {
            parts.listeners.first { $0.configuration.name == listener.name }?.replace(listener.rules)
        }
        parts.authentication.replace(fresh.users)
        await lookForKeys(fresh.dkim)
        configuration = fresh
        let ended = parts.shaping.adopt(fresh.shaping, now: WallInstant.now().milliseconds)
        try await shards[0].context.eventLoop.submit { [shard = shards[0]] in shard.tell(ended) }.get()
        load.adopt(fresh)
        try await watchSources()
        for shard in shards { try await shard.context.eventLoop.submit { shard.adopt(fresh, egress) }.get() }
    }

    /// Messages found in the spool at start, in recipients, and how many of them may have been sent already.
    package func recovery() async throws -> (recovered: UInt64, possibleDuplicates: UInt64) {
        let counts = try await gatherCounts()
        return (counts.recovered, counts.possibleDuplicates)
    }

    /// Call about five times a second.
    /// - Parameter endsSecond: also closes a second of the series.
    @discardableResult
    package func tick(endsSecond: Bool) async throws -> (sample: IntervalSample, queued: UInt64)? {
        let counts = try await gatherCounts()
        live?.write(messages: counts.delivered + counts.bounced, at: .now())
        try await watchLoad()
        try await administrator.tick()
        guard endsSecond else { return nil }
        watchKeys()
        try await watchSources()
        return (series.add(totals(counts), at: .now()), counts.queued)
    }

    private func totals(_ counts: RelayCounts) -> ProgressTotals {
        ProgressTotals(
            messages: counts.delivered, bytes: counts.acceptedBytes, failed: counts.bounced, connections: counts.clients
        )
    }

    func gatherCounts() async throws -> RelayCounts {
        var counts = RelayCounts()
        for shard in shards { counts.add(try await shard.context.eventLoop.submit { shard.counts }.get()) }
        return counts
    }

    /// Nil where no mail goes by MX records.
    var lookupCounts: MailRouter.Counts? { (shards[0].parts.exchangers as? MailRouter)?.counts }

    /// For the record, once: a histogram handed out is copied whole at the shard's next message.
    func gatherDetails() async throws -> (latency: LatencyHistogram, faults: [String]) {
        var latency = LatencyHistogram()
        var faults: [String] = []
        for shard in shards {
            let part = try await shard.context.eventLoop.submit { (shard.meters.delivery, shard.faults) }.get()
            latency.merge(part.0)
            faults += part.1
        }
        let parts = shards[0].parts
        faults += [parts.shaping.fault, await administrator.fault].compactMap(\.self)
        return (latency, faults + (parts.events?.faults ?? []) + (parts.security?.faults ?? []))
    }

    /// - Parameter body: starts a process that takes over and returns its id.
    package func setUpgrade(_ body: @escaping @Sendable () async throws -> Int32) { upgrade = body }

    /// Everything is brought to rest and the spool is closed, so that another process can take over; clients that come
    /// meanwhile wait for it, as long as it holds copies of the listening sockets. The record gets a name of its own.
    /// - Parameter clients: takes clients that rest, in the clear, to that process; nil: they are told 421.
    package func handOver(to clients: ClientHandOver?) async throws -> MTARecord {
        ending = .upgrading
        return try await stop(clients)
    }

    /// SIGTERM: no new mail, deliveries in progress finish or stay spooled, everything known is written.
    package func stop() async throws -> MTARecord { try await stop(nil) }

    private func stop(_ handOver: ClientHandOver?) async throws -> MTARecord {
        if ending == nil { ending = .stopping }
        await control?.close()
        await http?.close(within: configuration.drainSeconds / 4)
        for listener in listeners { await listener.stopAccepting() }
        for shard in shards {
            try await shard.context.eventLoop.submit {
                shard.beginDrain(handOver)
                shard.stopWork()
            }.get()
        }
        // All listeners' connections are on the same loops: one asks for all.
        await SMTPListener.drain(
            loops, limit: .milliseconds(Int64(configuration.drainSeconds * 500)), to: handOver)
        let quiet = try await waitForQuiet()
        for task in ticks { task.cancel() }
        // The committer's last wake-ups need the loops, so it ends before they do.
        let isCommitted = committer.stop()
        let counts = try await gatherCounts()
        shards[0].parts.shaping.writeLast()
        for shard in shards { try await shard.context.eventLoop.submit { shard.events?.flush() }.get() }
        await shards[0].parts.events?.close()
        await shards[0].parts.security?.close()
        let (latency, faults) = try await gatherDetails()
        series.add(totals(counts), at: .now())
        try await http?.shutDown()
        try await loops.shutDown()
        try await readers.shutdownGracefully()
        try await shards[0].parts.authentication.shutDown()
        try await shards[0].parts.signers.shutdownGracefully()
        spool.close(clean: quiet && isCommitted)
        let record = makeRecord(counts, latency, faults)
        if let path = recordPath { try writeOutput(try RecordFile.text(record), to: path) }
        live?.write(messages: counts.delivered + counts.bounced, at: .now())
        return record
    }

    /// The successor writes one of its own at its end.
    private var recordPath: String? {
        configuration.recordPath.map { ending == .upgrading ? "\($0).\(getpid())" : $0 }
    }

    private func waitForQuiet() async throws -> Bool {
        let deadline = MonotonicInstant.now().nanoseconds + UInt64(configuration.drainSeconds * 0.5e9)
        while MonotonicInstant.now().nanoseconds < deadline {
            var quiet = true
            for shard in shards where !(try await shard.context.eventLoop.submit { shard.isQuiet }.get()) {
                quiet = false
            }
            if quiet { return true }
            try await Task.sleep(nanoseconds: 10_000_000)
        }
        return false
    }

    private func makeRecord(_ counts: RelayCounts, _ latency: LatencyHistogram, _ faults: [String]) -> MTARecord {
        var record = MTARecord(
            header: RecordHeader(
                schema: MTARecord.schema, arguments: configuration.arguments, threads: configuration.threads,
                startedUnixSeconds: started.seconds, endedUnixSeconds: WallInstant.now().seconds, usage: .current()),
            listen: address, smartHost: configuration.routes.text, spool: configuration.spoolName,
            durability: configuration.durabilityName)
        (record.recovered, record.possibleDuplicates) = (counts.recovered, counts.possibleDuplicates)
        (record.accepted, record.acceptedMessages) = (counts.accepted, counts.acceptedMessages)
        (record.acceptedBytes, record.generated) = (counts.acceptedBytes, counts.generated)
        (record.refused, record.delivered) = (counts.refused, counts.delivered)
        (record.bounced, record.queued, record.deferrals) = (counts.bounced, counts.queued, counts.deferrals)
        (record.quarantined, record.removed) = (counts.quarantined, counts.removed)
        let committed = committer.counts
        (record.commits, record.commitMessages) = (committed.commits, committed.messages)
        record.commitLatency = commits.histogram
        record.deliveryLatency = latency
        record.series = series.samples
        record.faults = faults
        return record
    }
}

/// Durations of the group commits, recorded on the committer's thread.
final class CommitLatencies: Sendable {
    private let recorded = Mutex(LatencyHistogram())
    func record(_ nanoseconds: UInt64) { recorded.withLock { $0.record(nanoseconds: nanoseconds) } }
    var histogram: LatencyHistogram { recorded.withLock { $0 } }
}
