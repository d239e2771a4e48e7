import ControlPlane
import DequeModule
import DeliveryQueue
import EventLog
import MailRouting
import MailTypes
import Measures
import NIOCore
import NIOPosix
import ReplyClassification
import SMTPProtocol
import SMTPTransport
import SpoolContract

/// What the shards of one relay share.
struct RelayParts: Sendable {
    let spool: any Spool
    let committer: GroupCommitter
    let readers: NIOThreadPool
    let limits = SharedLimits()
    let listeners: [ListenerState]
    /// Nil where no mail goes by MX records.
    let exchangers: (any ExchangerLookup)?
    let authentication: AuthenticationService
    /// Sign messages (DKIM).
    let signers: NIOThreadPool
    /// Nil where nobody wants to know.
    let events: EventService?
    let shaping: ShapingService
    /// Nil where no mail is verified.
    let verifier: MailVerifier?
    /// Nil where neither DANE, MTA-STS nor TLS reports are used.
    let security: NextHopSecurity?

    /// - Throws: ``EventLogFault``.
    init(
        configuration: RelayConfiguration, spool: any Spool, committer: GroupCommitter, readers: NIOThreadPool
    ) throws(EventLogFault) {
        if let wanted = configuration.events { events = try EventService(wanted) } else { events = nil }
        self.spool = spool
        self.committer = committer
        self.readers = readers
        shaping = ShapingService(configuration.shaping, now: WallInstant.now().milliseconds)
        authentication = AuthenticationService(configuration.users)
        listeners = configuration.listeners.map { ListenerState($0, hostname: configuration.hostname) }
        exchangers = configuration.exchangers
        (security, verifier) = (configuration.security, configuration.verifier)
        signers = NIOThreadPool.started(configuration.signingThreads, for: .signing)
    }
}

/// The relay on one event loop: its clients, its part of the queue, its connections to next hops. Shards share
/// nothing but the group commit and the limits of destinations that have some, so the path of a message takes no lock
/// besides the one of the commit. Confined to its loop.
final class RelayShard: @unchecked Sendable {
    let context: LoopContext
    let parts: RelayParts
    /// A reload changes it; see ``adopt(_:_:)``.
    private(set) var configuration: RelayConfiguration {
        didSet {
            (hostname, policy, routes) = (configuration.hostname, configuration.relayPolicy, configuration.routes)
        }
    }
    // Every message asks for these.
    private(set) var hostname: String
    private(set) var policy: RelayPolicy
    private(set) var routes: RouteTable
    private(set) var egress: Egress { didSet { queue.leavesBy = egress.leavesBy } }

    var counts = RelayCounts()
    var meters = RelayMeters()
    var queue: DeliveryQueue
    /// Those that are being worked with; what only waits is in ``queue`` and in the spool.
    var messages: [MessageID: QueuedMessage] = [:]
    /// Bytes of memory that ``messages`` take with their content.
    var residentBytes = 0
    var faults: [String] = []
    /// Nil where there is no event log.
    var events: EventBuffer?
    /// What operators are at.
    var desk = OperatorsDesk()

    // Outbound; see RelayShard+Connections.
    var connections: [ObjectIdentifier: NextHopConnection] = [:]
    var resting: [Destination: [NextHopConnection]] = [:]
    /// What next hops failed at lately.
    var hostMemory = HostMemory()
    var shaping = ShapingMemory()

    // Inbound
    var reception: ReceptionBudget
    var inflow: InflowControl<(connection: SMTPServerConnection, id: MessageID)>
    /// Connections that are not read from, the longest waiting first.
    var held: [ClientReception] = []

    /// For mail that may go on at a time: a rate, the end of a hold.
    let alarm: LoopAlarm
    /// What each source did on this loop, by its name.
    var sourceCounts: [String: SourceCounts] = [:]

    var isDraining = false
    /// What is refused while something is short.
    var shedding = Shedding()
    /// Who waits for a message to be safe.
    enum Sender {
        /// - Parameter received: octets counted in ``reception``.
        case client(SMTPServerConnection, ListenerState, received: Int)
        case injection(EventLoopPromise<IntakeAnswer>, IntakeCaller)
        /// A notification of our own.
        case ourselves
    }
    private typealias Pending = (message: SpoolMessage, sender: Sender)
    private var pending: [UInt64: Pending] = [:]
    private var nextTicket: UInt64 = 0
    private var nextSequence: UInt64
    private let salt: UInt16
    private var (dateSecond, date) = (UInt64(0), "")

    init(_ context: LoopContext, _ parts: RelayParts, _ configuration: RelayConfiguration, _ egress: Egress) {
        self.context = context
        alarm = LoopAlarm(context.eventLoop)
        self.parts = parts
        (self.configuration, self.egress) = (configuration, egress)
        (hostname, policy, routes) = (configuration.hostname, configuration.relayPolicy, configuration.routes)
        queue = DeliveryQueue(
            policies: configuration.policies,
            connectionLimit: max(1, configuration.outboundConnections / configuration.threads),
            hasManyDestinations: configuration.routes.needsLookups || !configuration.egress.pools.isEmpty)
        reception = ReceptionBudget(limit: configuration.receptionBytes / configuration.threads)
        inflow = InflowControl(
            delayMilliseconds: configuration.inflowDelayMilliseconds,
            limitBytes: configuration.residentBytes / configuration.threads / 2)
        queue.leavesBy = egress.leavesBy
        events = parts.events.map { EventBuffer(log: $0.log) }
        meters.breakdown = configuration.metrics.breakdown
        salt = UInt16.random(in: 0...UInt16.max)
        nextSequence = UInt64(context.index) << 56
        parts.limits.register(context.index) { [weak self] key in
            guard let self else { return }
            self.context.eventLoop.execute { self.limitFreed(key) }
        }
    }

    var committer: GroupCommitter { parts.committer }
    var spool: any Spool { parts.spool }
    /// A domain of each site, to look its exchangers up again.
    var representatives: [String: String] = [:]
    /// Of them, when they were last looked through.
    var representativesInUse = 0
    /// Messages that are safe and whose destinations are being asked for.
    private var routing = 0
    /// Clients' messages that are to be signed, and threads that are at it.
    var unsigned = Deque<UnsignedMessage>()
    var signersBusy = 0
    /// Answers of the classifier, once there is one.
    var verdicts: RememberedVerdicts?
    /// Reports that are being read or written down.
    var readingReports = 0
    /// Injected messages that are being signed, messages that were made several and are being committed, and what is being
    /// verified.
    var signing = 0
    func wallMilliseconds() -> UInt64 { WallInstant.now().milliseconds }

    func newID() -> MessageID {
        nextSequence += 1
        return MessageID(milliseconds: wallMilliseconds(), salt: salt, sequence: nextSequence)
    }

    /// Date of the trace fields, formatted once a second.
    func dateText() -> String {
        let second = wallMilliseconds() / 1000
        if second != dateSecond {
            dateSecond = second
            date = MailDate.text(unixSeconds: Int(second))
        }
        return date
    }

    // MARK: Acceptance

    var residentBudget: Int { configuration.residentBytes / configuration.threads }

    /// Hands the message to the group commit; its sender is answered when that is done.
    func accept(_ message: SpoolMessage, for sender: Sender) {
        nextTicket += 1
        let message = configuration.obeysTLSRequired ? marked(message) : message
        pending[nextTicket] = (message, sender)
        committer.submit(message, ticket: nextTicket, observer: self)
    }

    private func settle(_ tickets: [UInt64], _ fault: SpoolFault?) {
        let (now, wall) = (MonotonicInstant.now(), wallMilliseconds())
        for ticket in tickets {
            guard let done = pending.removeValue(forKey: ticket) else { continue }
            if case .client(_, _, let received) = done.sender { reception.settle(received) }
            if let fault { refuse(done, fault) } else { take(done, now, wall) }
        }
        answer()
        releaseHeld()
        dispatch()
    }

    /// Says 250 to those who need not wait (any longer).
    func answer() {
        guard !inflow.isEmpty else { return }
        let now = wallMilliseconds()
        let isMoving = queue.leasedCount > 0 && !isDraining
        while let (connection, id) = inflow.next(residentBytes: residentBytes, isMoving: isMoving, now: now) {
            connection.decide(SMTPReply(250, .init(2, 0, 0), "Ok: queued as \(id)"))
        }
    }

    /// Reads on from clients that were held, as far as there is room.
    func releaseHeld() {
        while !held.isEmpty, reception.release() { held.removeFirst().goOn() }
    }

    private func take(_ done: Pending, _ now: MonotonicInstant, _ wall: UInt64) {
        switch done.sender {
        case .client(let connection, _, _): inflow.wait((connection, done.message.id), now: wall)
        case .injection(let promise, _): promise.succeed(.accepted)
        case .ourselves: counts.generated += UInt64(done.message.envelope.recipients.count)
        }
        begin(done.message, done.sender, now)
    }

    /// The message is safe.
    func begin(_ message: SpoolMessage, _ sender: Sender, _ now: MonotonicInstant) {
        let recipients = UInt64(message.envelope.recipients.count)
        countAccepted(message, sender)
        counts.queued += recipients
        logReception(message, sender)
        enqueue(message, now)
    }

    private func enqueue(_ message: SpoolMessage, _ now: MonotonicInstant) {
        let queued = QueuedMessage(message, acceptedInstant: now)
        if let only = routes.only, message.envelope.options?.labels == nil {
            let wait = accept(queued, message.id, message.envelope.recipients.count, to: only)
            return keep(queued, message.id, goesSoon: !wait && !queue.isHeldBack(only))
        }
        // Only what is needed: whoever holds the message holds its content.
        let id = message.id
        let isAsking = ask(for: message.envelope.recipients, message.envelope.labels) { [self] in
            routing -= 1
            if isMeasuring { meters.placements.record(nanoseconds: MonotonicInstant.now().nanoseconds(since: now)) }
            if queued.content != nil { residentBytes -= queued.memoryBytes }
            place(queued, id)
            dispatch()
        }
        guard isAsking else { return place(queued, id) }
        routing += 1
        // A name service that is slow must not fill the memory: what is in the spool is read back from there.
        if spool.canLoad, residentBytes + queued.memoryBytes > residentBudget {
            queued.content = nil
        } else {
            residentBytes += queued.memoryBytes
        }
    }

    /// Puts a message of which all is known that can be known into its queues.
    private func place(_ message: QueuedMessage, _ id: MessageID) {
        let places = destinations(of: message, id, among: Array(message.recipients.indices))
        let groups = Self.groups(places)
        message.deliveries = groups.count
        if groups.count > 1 || !message.failures.isEmpty {
            message.assignment = message.recipients.indices.map { places[$0] ?? "" }
        }
        var waits = false
        for (name, recipients) in groups {
            waits = accept(message, id, recipients.count, to: name, label(of: message, recipients))
        }
        keep(message, id, goesSoon: !waits && groups.keys.contains { !queue.isHeldBack($0) })
        guard !message.failures.isEmpty else { return }
        // Some have no way: what is known is written down, and if none is left this is the message's end.
        messages[id] = message
        message.deliveries += 1
        endDelivery(id)
    }

    /// Content is kept for the attempt that follows at once, if one does.
    private func keep(_ message: QueuedMessage, _ id: MessageID, goesSoon: Bool) {
        let isOver = residentBytes + message.memoryBytes > residentBudget
        if message.content == nil || (spool.canLoad && (!goesSoon || isOver)) {
            message.content = nil
            if message.canBeForgotten { return }
        } else {
            residentBytes += message.memoryBytes
        }
        messages[id] = message
    }

    private func refuse(_ done: Pending, _ fault: SpoolFault) {
        note("commit failed: \(fault)")
        if done.sender.isSomeoneElse { counts.refused += UInt64(done.message.envelope.recipients.count) }
        switch done.sender {
        case .client(let connection, _, _): connection.decide(fault.reply)
        case .injection(let promise, _): promise.succeed(IntakeAnswer(refusal: fault.reply))
        case .ourselves:
            // A notification of ours has no client that would send it again.
            guard case .noSpace = fault else { return }
            let message = done.message
            context.eventLoop.scheduleTask(in: .seconds(1)) { self.accept(message, for: .ourselves) }
        }
    }

    /// Messages found in the spool at start. Only what the spool does not know is kept in memory.
    func restore(_ entries: [SpoolEntry], mayHaveBeenSent: Bool) {
        let now = wallMilliseconds()
        for entry in entries {
            let message = QueuedMessage(entry)
            let waiting = UInt64(message.waitingCount)
            counts.recovered += waiting
            counts.queued += waiting
            if mayHaveBeenSent { counts.possibleDuplicates += waiting }
            var found = DeliveryQueue.Found(entry.id)
            found.attempts = message.attempts
            found.dueMilliseconds = entry.state?.nextDueMilliseconds ?? 0
            found.isHeld = entry.state?.isHeld ?? false
            found.isDelayReported = message.isDelayReported
            found.isSilent = message.envelope.isSilent
            found.times = times(of: message)
            let unlogged = desk.rebinds.isEmpty ? nil : rebindAsOrdered(message, found)
            found.isUnwritten = unlogged != nil
            let places = restoredPlaces(message)
            let groups = Self.groups(places)
            for (name, recipients) in groups {
                found.recipients = recipients.count
                found.label = label(of: message, recipients)
                found.isUnlogged = unlogged.map { !$0.isDisjoint(with: recipients) } ?? false
                queue.restore(found, to: name, now: now)
            }
            message.deliveries = groups.count
            if groups.count > 1 { message.assignment = message.recipients.indices.map { places[$0] ?? "" } }
            if groups.isEmpty {
                committer.submit(completion: entry.id)  // its completion was lost, its last state was not
            } else if !message.canBeForgotten {
                messages[entry.id] = message
            }
        }
    }

    /// Other rules from now on: what waits goes by them, too.
    func adopt(_ fresh: RelayConfiguration, _ egress: Egress) {
        let isOtherSenders = fresh.policies.senders != senders
        configuration = fresh
        shaping.entries = [:]
        self.egress = egress
        queue.adopt(fresh.policies)
        renewClaims(wallMilliseconds())
        if isOtherSenders { rerouteSenders() }
        dispatch()
    }

    /// Nothing is being written or delivered.
    var isQuiet: Bool {
        pending.isEmpty && queue.leasedCount == 0 && routing == 0 && signing == 0 && signersBusy == 0
            && readingReports == 0
    }

    /// What an operator should know; bounded.
    func note(_ text: String) {
        if faults.count < 100, !faults.contains(text) { faults.append(text) }
    }
}

extension RelayShard: CommitObserver {
    /// On the committer's thread: one wake-up of the loop for a whole batch.
    func committed(_ tickets: [UInt64], fault: SpoolFault?) {
        context.eventLoop.execute { self.settle(tickets, fault) }
    }
}
