import Glibc
import MailTypes
import Measures
import NIOCore
package import RunRecords
import SMTPProtocol
import SMTPTransport
import SinkBehaviour

/// The remote MX of a benchmark: takes everything, or what its rules let in, throws it away, counts, and with a ledger
/// checks.
package actor SinkServer {
    let configuration: SinkConfiguration
    private let loops: LoopGroup
    private let sinkLoops: [SinkLoop]
    private let gate: SinkGate
    private let behaviour: SharedBehaviour?
    private let ledger: SinkLedger?
    private let live: LiveFile?
    private var started: WallInstant
    private var startedMonotonic: MonotonicInstant
    private var series = SeriesRecorder()
    private let gauge: ConnectionGauge
    private let turnstile = Turnstile()
    private var tally = ReplyTally()
    private var reports: ReportOutbox.Counts?
    private var http: SinkHTTP?
    private var names: SinkNameServer?
    /// Where the listeners and, with `--http`, the counters are, with the ports really bound.
    package nonisolated let addresses: [String]

    /// Binds the listeners and opens the files.
    package static func start(_ configuration: SinkConfiguration) async throws -> SinkServer {
        raiseDescriptorLimit()
        if let path = configuration.recordPath { try named("--record") { try checkOutput(path) } }
        let inbox = configuration.inbox.map { Inbox(most: $0) }
        let store = try store(configuration, inbox)
        let ledger = try configuration.ledgerPath.map { path in try named("--ledger") { try SinkLedger(path: path) } }
        let behaviour = configuration.rules.isEmpty ? nil : SharedBehaviour(configuration.rules)
        let reportsTo = try named("reports_to") { try reportTarget(configuration.rules) }
        let loops = LoopGroup(threads: configuration.threads)
        let gauge = ConnectionGauge()
        let sinkLoops = loops.contexts.map { context in
            SinkLoop(
                gauge: gauge, ledgerState: ledger?.state, store: store, behaviour: behaviour,
                outbox: reportsTo.map { ReportOutbox(context, to: $0, hostname: configuration.hostname) })
        }
        let authority = try configuration.tlsDirectory.map { directory in
            try named("--tls-ca-dir") {
                try TestAuthority(directory: directory, names: certificateNames(configuration))
            }
        }
        if let authority { try prepare(sinkLoops, authority) }
        let session = Self.session(configuration, isAsking: behaviour != nil)
        let gate = try await SinkGate(
            try doors(configuration, session, authority), loops, sinkLoops, behaviour,
            ranges: configuration.ranges.map(\.count))
        let server = SinkServer(
            configuration, loops, sinkLoops, gate, behaviour, ledger, gauge, await gate.addresses)
        try await server.serveBeside(authority, inbox)
        return server
    }

    /// - Returns: nil where nobody wants to see a message again.
    private static func store(_ configuration: SinkConfiguration, _ inbox: Inbox?) throws -> (any MessageStore)? {
        var stores: [any MessageStore] = []
        if let path = configuration.keepDirectory {
            stores.append(try named("--keep") { try MessageKeeper(directory: path) })
        }
        switch configuration.store {
        case .maildir(let path): stores.append(try named("--store") { try MaildirStore(directory: path) })
        case .mbox(let path): stores.append(try named("--store") { try MboxStore(path: path) })
        case nil: break
        }
        // Last: what another could not take is not in it.
        if let inbox { stores.append(inbox) }
        return stores.isEmpty ? nil : StoreList(stores: stores)
    }

    /// What the user named and cannot be had, with the option that named it.
    private static func named<Value>(_ option: String, _ body: () throws -> Value) throws(SinkFault) -> Value {
        do { return try body() } catch { throw SinkFault("\(option): \(error)") }
    }

    // MARK: Listeners

    /// The sink's own name, the exchangers of its zone, and this machine.
    private static func certificateNames(_ configuration: SinkConfiguration) -> [String] {
        let names = [configuration.hostname] + configuration.zone.certificateNames + ["localhost", "127.0.0.1", "::1"]
        return names.enumerated().filter { names.firstIndex(of: $0.element) == $0.offset }.map(\.element)
    }

    private static func prepare(_ sinkLoops: [SinkLoop], _ authority: TestAuthority) throws {
        let wrong = try TLSServerContext(
            .init(certificateFile: authority.path(.wrongCertificate), keyFile: authority.path(.wrongKey)))
        for loop in sinkLoops { loop.wrongCertificate = wrong }
    }

    private static func doors(
        _ configuration: SinkConfiguration, _ session: ServerConfiguration, _ authority: TestAuthority?
    ) throws -> [SMTPListener.Configuration] {
        var security = ListenerSecurity()
        security.tls = try authority.map {
            try TLSServerContext(.init(certificateFile: $0.path(.certificate), keyFile: $0.path(.key)))
        }
        security.isImplicit = configuration.isImplicitTLS
        let endpoints = configuration.listen + configuration.ranges.flatMap(\.endpoints)
        return endpoints.map {
            var door = SMTPListener.Configuration(host: $0.host, port: $0.port, session: session)
            door.security = security
            return door
        }
    }

    /// A benchmark's sink refuses nothing that is SMTP: no size limit, no error limit, lines as long as they come.
    private static func session(_ configuration: SinkConfiguration, isAsking: Bool) -> ServerConfiguration {
        var session = ServerConfiguration(hostname: configuration.hostname)
        session.maximumMessageSize = 0
        session.maximumContentLine = 0
        session.maximumErrors = 0
        session.asksAboutEach = isAsking
        session.countsReplies = true
        session.serverProtocol = configuration.speaksLMTP ? .lmtp : .smtp
        session.offersStartTLS = configuration.tlsDirectory != nil && !configuration.isImplicitTLS
        return session
    }

    private static func reportTarget(_ rules: SinkRules) throws -> SocketAddress? {
        guard rules.makesReports, let text = rules.reportsTo else { return nil }
        let endpoint = try Endpoint(parsing: text, flag: "reports_to")
        return try SocketAddress.makeAddressResolvingHost(endpoint.host, port: endpoint.port)
    }

    private init(
        _ configuration: SinkConfiguration, _ loops: LoopGroup, _ sinkLoops: [SinkLoop], _ gate: SinkGate,
        _ behaviour: SharedBehaviour?, _ ledger: SinkLedger?, _ gauge: ConnectionGauge, _ addresses: [String]
    ) {
        self.configuration = configuration
        self.loops = loops
        self.sinkLoops = sinkLoops
        self.gate = gate
        self.behaviour = behaviour
        self.ledger = ledger
        self.gauge = gauge
        self.addresses = addresses
        live = configuration.recordPath.map { LiveFile(record: $0) }
        started = .now()
        startedMonotonic = .now()
    }

    private func serveBeside(_ authority: TestAuthority?, _ inbox: Inbox?) async throws {
        if let endpoint = configuration.dns {
            var zone = configuration.zone
            zone.publicKeyDigest = authority?.publicKeyDigest
            do { names = try await SinkNameServer.start(endpoint, zone, loops) } catch {
                throw RecordFault("--dns \(endpoint): \(error)")
            }
        }
        if let endpoint = configuration.http {
            do { http = try await SinkHTTP.start(endpoint, self, inbox) } catch {
                throw RecordFault("--http \(endpoint): \(error)")
            }
        }
    }

    /// `127.0.0.1:5353` of `--dns`, with the port really bound.
    package var dnsAddress: String? { names?.address }

    /// `127.0.0.1:8025` of `--http`, with the port really bound.
    package var httpAddress: String? { http?.address }

    /// Opens and closes listeners as the rules say, until cancelled; returns at once where they say nothing of it.
    package func followRules() async throws {
        guard gate.hasRefusals else { return }
        while true {
            await gate.followRules()
            try await Task.sleep(nanoseconds: 10_000_000)
        }
    }

    /// Gathers the loops' counts: call it about five times a second.
    /// - Parameter endsSecond: also closes a second of the series.
    /// - Returns: the sample of that second, or of the time since the last one.
    @discardableResult
    package func tick(endsSecond: Bool) async throws -> IntervalSample? {
        await turnstile.enter()
        defer { turnstile.leave() }
        let totals = try await gather()
        live?.write(messages: totals.messages, at: .now())
        guard endsSecond else { return nil }
        return series.add(progress(totals), at: .now())
    }

    private func progress(_ totals: SinkLoop.Totals) -> ProgressTotals {
        ProgressTotals(
            messages: totals.messages, bytes: totals.bytes, failed: totals.refused, connections: totals.open)
    }

    /// - Parameter resets: each loop counts from zero behind what it says here: no message falls between.
    private func gather(resets: Bool = false) async throws -> SinkLoop.Totals {
        var sum = SinkLoop.Totals()
        var replies = ReplyTally()
        var sent = ReportOutbox.Counts()
        for (context, loop) in zip(loops.contexts, sinkLoops) {
            let snapshot = try await context.eventLoop.submit {
                defer { if resets { loop.reset() } }
                return loop.snapshot()
            }.get()
            ledger?.append(snapshot.entries)
            sum.add(snapshot.totals)
            replies.add(snapshot.tally)
            sent.add(snapshot.reports)
        }
        tally = replies
        reports = sinkLoops[0].outbox == nil ? nil : sent
        return sum
    }

    /// Begins again, as between two runs: counts, and all that rules remember, so that a second run from the same seed is
    /// answered as the first was. The ledger's file goes on, and so do connections that are open.
    /// - Returns: what was counted until now.
    package func reset() async throws -> SinkRecord {
        await turnstile.enter()
        defer { turnstile.leave() }
        let record = makeRecord(try await gather(resets: true))
        behaviour?.reset()
        await gate.reset()
        ledger?.reset()
        series = SeriesRecorder()
        gauge.reset()
        (started, startedMonotonic) = (.now(), .now())
        return record
    }

    /// What was counted until now.
    package func counters() async throws -> SinkRecord {
        await turnstile.enter()
        defer { turnstile.leave() }
        return makeRecord(try await gather())
    }

    /// What is wrong with the sink itself, once it is: it refuses what it should take, and the run is no run.
    package var fault: String? { ledger?.fault }

    /// Stops accepting, lets transactions in progress end, writes the record.
    package func stop() async throws -> SinkRecord {
        await gate.close(limit: .seconds(2))
        await http?.stop()
        await names?.close()
        await turnstile.enter()
        defer { turnstile.leave() }
        let totals = try await gather()
        series.add(progress(totals), at: .now())
        try await loops.shutDown()
        let record = makeRecord(totals)
        if let path = configuration.recordPath { try writeOutput(try RecordFile.text(record), to: path) }
        live?.write(messages: totals.messages, at: .now())
        return record
    }

    private func makeRecord(_ totals: SinkLoop.Totals) -> SinkRecord {
        var record = SinkRecord(
            header: RecordHeader(
                schema: SinkRecord.schema, arguments: configuration.arguments, threads: configuration.threads,
                startedUnixSeconds: started.seconds, endedUnixSeconds: WallInstant.now().seconds, usage: .current()),
            listen: addresses[0])
        record.received = totals.messages
        record.receivedBytes = totals.bytes
        record.refused = totals.refused
        record.connections = totals.connections
        record.connectionsPeak = gauge.peak
        record.begun = totals.begun
        record.faults = fault.map { [$0] }
        record.firstReceivedUnixSeconds = wall(totals.firstNanoseconds)
        record.lastReceivedUnixSeconds = wall(totals.lastNanoseconds)
        record.series = series.samples
        record.replies = tally.counts
        record.rules = behaviour?.hits.map { .init(name: $0.name, count: $0.count) }
        record.reports = reports.map { .init(sent: $0.sent, failed: $0.failed, waiting: $0.waiting) }
        if let ledger {
            record.ledger = ledger.summary
            record.domains = ledger.domains.counts
            if ledger.latency.count > 0 { record.endToEndLatency = ledger.latency }
        }
        return record
    }

    private func wall(_ nanoseconds: UInt64) -> Double {
        guard nanoseconds > 0 else { return 0 }
        return started.seconds + MonotonicInstant(nanoseconds: nanoseconds).seconds(since: startedMonotonic)
    }
}
