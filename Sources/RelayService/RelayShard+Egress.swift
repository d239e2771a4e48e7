import DeliveryQueue
import MailTypes
import NIOCore
import SMTPTransport

// By which source a connection goes out, and whether it may: limits over all event loops.
extension RelayShard {
    /// The way of a destination's next connection; nil: not now. The queue knows what follows.
    func admit(_ destination: Destination, _ now: UInt64) -> EgressPath? {
        let (text, limits) = (queue.name(of: destination), queue.policy(of: destination).limits)
        let name = QueueName(text)
        var path = EgressPath(name)
        path.pool = egress.configuration.pool(of: name)
        guard path.pool != nil || limits.isShared || isShaping || name.hasOwner else {
            path.limits = limits
            return path
        }
        guard let ways = ways(path, limits, now) else {
            let pool = "Egress pool '\(path.pool ?? "")' is not configured"
            postpone(destination, SMTPReply(451, .init(4, 3, 5), pool), until: now + Self.farMilliseconds, now)
            return nil
        }
        // Where there is a way that mail may go, it goes that way.
        if isShaping, let reply = ways.first?.bounce, ways.allSatisfy({ $0.bounce != nil }) {
            bounceAll(of: text, reply)
            noteSuspended(text)
            postpone(destination, reply, until: now + Self.bounceMilliseconds, now)
            return nil
        }
        for key in gates(ways, path) {
            guard let until = queue.mustQueue(destination, at: key) else { continue }
            queue.connectionDenied(destination, by: key, until: until)
            return nil
        }
        let wish = EgressBook.Wish(
            pool: path.pool ?? "", destination: name.destination, name: text, loop: context.index,
            candidates: ways.map(\.candidate))
        switch parts.limits.connect(wish, now: now) {
        case .granted(let index):
            queue.connectionGranted(destination)
            path.hasAlternatives = ways.count > 1
            path.source = ways[index].source
            path.provider = ways[index].provider
            (path.tls, path.skippedHosts) = (ways[index].tls, ways[index].skippedHosts)
            path.take(ways[index].candidate.claims, ways[index].limits)
            return path
        case .denied(let gate, let denial):
            queue.connectionDenied(destination, by: gate, until: denial.until)
        case .unavailable(let suspension):
            if isShaping { noteSuspended(text) }
            postpone(destination, suspension.reply, until: min(suspension.until, now + Self.farMilliseconds), now)
        }
        return nil
    }

    /// A destination that has no way is looked at again after so long at the latest.
    private static let farMilliseconds: UInt64 = 5_000
    /// What came for a destination whose mail is being returned is returned after so long at the latest.
    private static let bounceMilliseconds: UInt64 = 1_000

    /// One way that a connection may go, and all that applies to it.
    struct Way {
        var source: EgressSource?
        var provider: String?
        var candidate: EgressBook.Candidate
        var limits: EgressLimits
        var tls: EgressPolicy.TLS?
        var skippedHosts: [HostPattern] = []
        /// Shaping returns what would go this way.
        var bounce: SMTPReply?
    }

    /// Nil: there is no such pool.
    func ways(_ path: EgressPath, _ limits: EgressLimits, _ now: UInt64) -> [Way]? {
        guard let name = path.pool else { return [way(nil, 1, path.queue, limits, now)] }
        return egress.configuration.pools[name]?.members.compactMap { member in
            egress.configuration.sources[member.source].map {
                way($0, member.weight, path.queue, limits, now)
            }
        }
    }

    private func way(
        _ source: EgressSource?, _ weight: Int, _ queue: QueueName, _ limits: EgressLimits, _ now: UInt64
    ) -> Way {
        let destination = queue.destination
        let shaped = isShaping ? shapedWay(to: destination, from: source?.name, now: now) : nil
        // A sender's own come first: who has used them up waits there, and takes no turn at what others share.
        var parts = queue.hasOwner ? senders.limits(of: queue) : []
        parts.append((LimitKey.destination(destination), shaped.map { limits.tightened(by: $0.limits) } ?? limits))
        if let provider = shaped?.provider { parts.append((LimitKey.provider(provider), shaped!.providerLimits)) }
        if let source {
            let own = shaped.map { source.limits.tightened(by: $0.sourceLimits) } ?? source.limits
            parts.append((LimitKey.source(source.name), own))
            let usual = egress.configuration.pathLimits(source, destination)
            let path = shaped.map { usual.tightened(by: $0.pathLimits) } ?? usual
            parts.append((LimitKey.path(source.name, destination), path))
            if let provider = shaped?.provider {
                parts.append((LimitKey.provider(provider, from: source.name), shaped!.providerSourceLimits))
            }
        }
        // What shaping may limit later is counted from the first connection on.
        let claims = parts.filter { isShaping || $0.1.isShared }.map { LimitBook.Claim($0.0, $0.1) }
        return Way(
            source: source, provider: shaped?.provider,
            candidate: .init(
                source: source?.name, weight: weight, claims: claims,
                suspension: operatorsSuspension(source, destination, now) ?? shaped?.suspension),
            limits: parts.map(\.1).reduce(EgressLimits()) { $0.tightened(by: $1) }, tls: shaped?.tls,
            skippedHosts: shaped?.skippedHosts ?? [], bounce: shaped?.bounce)
    }

    /// Where a destination with these ways may have to wait.
    private func gates(_ ways: [Way], _ path: EgressPath) -> [String] {
        guard ways.count > 1, let first = ways.first?.candidate else {
            return ways.first?.candidate.claims.map(\.key) ?? []
        }
        let shared = first.claims.map(\.key).filter { !$0.hasPrefix("s:") && !$0.hasPrefix("x:") }
        return shared + [EgressBook.gate(pool: path.pool ?? "")]
    }

    /// No way is open: the destination is left alone, and what is too old goes back.
    private func postpone(_ destination: Destination, _ reply: SMTPReply, until: UInt64, _ now: UInt64) {
        let name = queue.name(of: destination)
        if queue.failure(of: destination) != reply { logHold(queue: name, reply) }
        for lease in queue.connectionImpossible(destination, reply: reply, until: until, now: now) {
            messages[lease.id]?.leases += 1
            attemptFailed(lease, reply)
        }
    }

    // MARK: What becomes of it

    /// A connection became free at this key, and it is this loop's turn.
    func limitFreed(_ key: String) {
        var isWanted = queue.openGate(key)
        for gate in egress.configuration.gates(behind: key) where queue.openGate(gate) { isWanted = true }
        guard isWanted else { return parts.limits.pass(key, loop: context.index, now: wallMilliseconds()) }
        dispatch()
    }

    /// The connection could not be opened.
    func openingFailed(_ connection: NextHopConnection, _ cause: ClientCloseCause) {
        let (destination, now, path) = (connection.destination, wallMilliseconds(), connection.path)
        if !connection.hasMoved { logHold(queue: queue.name(of: destination), cause.reply) }
        if isShaping, connection.address != nil, connection.sourceFault == nil {
            observe(cause, path, failedAtTLS: connection.tlsFailed)
        }
        let cap = queue.policy(of: destination).retry.first
        connection.counts?.failed(isOfProxy: connection.sourceFault == .proxy)
        if let source = path.source, connection.address != nil, connection.sourceFault != nil || path.hasAlternatives {
            let isSource = connection.sourceFault != nil
            let key = isSource ? LimitKey.source(source.name) : LimitKey.path(source.name, path.destination)
            parts.limits.failed(
                key, isSource ? source.limits : path.limits, cap: cap, reply: cause.reply, now: now)
            return queue.connectionTurned(destination)
        }
        for lease in queue.connectionFailed(
            destination, isShaping ? path.limits : nil, reply: cause.reply, now: now)
        {
            messages[lease.id]?.leases += 1
            attemptFailed(lease, cause.reply)
        }
    }

    /// The rate of its destination, provider, source or way leaves a message now; else the connection rests until then.
    func mayBegin(_ connection: NextHopConnection, _ now: UInt64) -> Bool {
        if isShaping { adjust(connection, now) }
        guard connection.path.hasMessageRate else { return !connection.isLeaving }
        guard !connection.isLeaving, queue.hasReady(for: connection.destination, now: now) else { return false }
        guard let denial = parts.limits.begin(connection.path.claims, now: now) else { return true }
        connection.mayBeginAt = denial.until
        wake(at: denial.until, now)
        return false
    }

    /// What shaping says may have changed since the connection was opened.
    private func adjust(_ connection: NextHopConnection, _ now: UInt64) {
        let path = connection.path
        let way = way(path.source, 1, path.queue, queue.policy(of: connection.destination).limits, now)
        let hasChanged = way.candidate.claims != path.claims
        connection.path.take(way.candidate.claims, way.limits)
        // One too many, now that there may be fewer.
        if hasChanged, parts.limits.isOver(way.candidate.claims) { connection.isLeaving = true }
        if let suspension = way.candidate.suspension, suspension.until > now { connection.isLeaving = true }
    }

    /// A reload may have changed what connections count against.
    func renewClaims(_ now: UInt64) {
        for connection in connections.values {
            let path = connection.path
            if let source = path.source, egress.configuration.sources[source.name] == nil {
                connection.isLeaving = true
                continue
            }
            let source = path.source.flatMap { egress.configuration.sources[$0.name] }
            let way = way(source, 1, path.queue, queue.policy(of: connection.destination).limits, now)
            let fresh = way.candidate.claims.map(\.key).filter { !connection.heldKeys.contains($0) }
            parts.limits.adopt(fresh)
            connection.heldKeys += fresh
            connection.path.take(way.candidate.claims, way.limits)
            connection.mayBeginAt = 0
        }
    }

    /// Goes on then, even if nothing happens until then.
    func wake(at time: UInt64, _ now: UInt64) {
        alarm.set(at: time, now: now) { [self] in dispatch() }
    }
}
