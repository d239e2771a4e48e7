import DeliveryQueue
import MailTypes
import Measures
import NIOCore
import SMTPProtocol
import SMTPTransport
import SpoolContract

// Which delivery goes out on which connection.
extension RelayShard {
    /// Milliseconds that a connection without work is kept.
    static let restMilliseconds: UInt64 = 10_000
    /// A connection that is not ready after so long is given up if another destination has none and wants one.
    static let patienceMilliseconds: UInt64 = 5_000

    /// Gives work to resting connections and opens more if there is more.
    func dispatch() {
        guard !isDraining else { return }
        let now = wallMilliseconds()
        for destination in resting.keys { wake(destination, now) }
        openMore(now)
    }

    private func wake(_ destination: Destination, _ now: UInt64) {
        // A rate may let none of them go on: each is asked once.
        for _ in 0..<(resting[destination]?.count ?? 0) where queue.hasReady(for: destination, now: now) {
            guard let index = resting[destination]?.lastIndex(where: { $0.mayBeginAt <= now }) else {
                if let time = resting[destination]?.map(\.mayBeginAt).min() { wake(at: time, now) }
                break
            }
            serve(resting[destination]!.remove(at: index))
        }
        if resting[destination]?.isEmpty ?? false { resting[destination] = nil }
    }

    /// Four times a second: due messages, the end of a hold, connections that rest too long.
    func tick() {
        tickShaping()
        events?.flush()
        answer()
        dispatch()
        let now = wallMilliseconds()
        if queue.hasDeadlines { endOverdue() }
        if queue.someoneWaits(now: now) { giveUpOnSilence(now) }
        giveUpShared()
        if !desk.returning.isEmpty { goOnReturning() }
        forgetSites()
        for (destination, connections) in resting {
            let tired = connections.filter { $0.restingSince + Self.restMilliseconds <= now }
            guard !tired.isEmpty else { continue }
            let rest = connections.filter { $0.restingSince + Self.restMilliseconds > now }
            resting[destination] = rest.isEmpty ? nil : rest
            for connection in tired { connection.quit() }
        }
    }

    /// A next hop that does not even greet must not keep others from being served.
    private func giveUpOnSilence(_ now: UInt64) {
        for connection in Array(connections.values)
        where !connection.isReady && connection.openedAt + Self.patienceMilliseconds <= now {
            connection.giveUp()
        }
    }

    private func openMore(_ now: UInt64) {
        while let destination = queue.nextConnection(now: now) {
            guard let path = admit(destination, now) else { continue }
            let connection = NextHopConnection(self, to: destination, path)
            connections[ObjectIdentifier(connection)] = connection
            connection.open(now: now)
        }
        if let time = queue.nextGateTime { wake(at: time, now) }
        // What rests is not worth more than what waits.
        if !resting.isEmpty, queue.someoneWaits(now: now) { endRest { _ in true } }
    }

    /// Ends the longest rest of a connection that may be ended.
    private func endRest(_ isChosen: (NextHopConnection) -> Bool) {
        let chosen = resting.values.joined().filter(isChosen).min { $0.restingSince < $1.restingSince }
        guard let chosen else { return }
        resting[chosen.destination]?.removeAll { $0 === chosen }
        if resting[chosen.destination]?.isEmpty ?? false { resting[chosen.destination] = nil }
        chosen.quit()
    }

    /// Connections that rest here while another loop waits for one, the limit being used up.
    private func giveUpShared() {
        let now = wallMilliseconds()
        for connection in Array(resting.values.joined()) where connection.path.hasConnectionLimit {
            // One that waits only for its rate has its turn first: else each would be opened for nothing, in turn.
            if !connection.hasServedItsTurn, queue.hasReady(for: connection.destination, now: now) { continue }
            if isWantedElsewhere(connection) { endRest { $0 === connection } }
        }
    }

    /// Others wait for what this connection has of a limit.
    private func isWantedElsewhere(_ connection: NextHopConnection) -> Bool {
        connection.path.hasConnectionLimit
            && parts.limits.takeWanted(
                connection.heldKeys, besides: context.index, name: queue.name(of: connection.destination))
    }

    /// The next delivery to its destination goes out on this connection; without one the connection rests.
    func serve(_ connection: NextHopConnection) {
        while connection.canTake {
            let now = wallMilliseconds()
            guard !isDraining, !yields(connection, now),
                !connection.path.hasMessageRate && !isShaping || mayBegin(connection, now),
                let lease = queue.next(for: connection.destination, now: now)
            else { return rest(connection) }
            let message = messages[lease.id]
            message?.leases += 1
            guard let message, let content = message.content else { return load(lease, for: connection) }
            start(lease, message, content, on: connection)
        }
    }

    /// Other destinations wait, and this one has more than its share; or other loops, and its limit is used up here.
    private func yields(_ connection: NextHopConnection, _ now: UInt64) -> Bool {
        if connection.hasServedAll { connection.isLeaving = true }
        if connection.isLeaving { return true }
        guard connection.hasServedItsTurn else { return false }
        if isWantedElsewhere(connection) || queue.mustYield(connection.destination, now: now) {
            connection.isLeaving = true
        }
        return connection.isLeaving
    }

    private func rest(_ connection: NextHopConnection) {
        guard connection.loads.isEmpty else { return }
        if isDraining || connection.isLeaving { return connection.quit() }
        guard !(resting[connection.destination]?.contains { $0 === connection } ?? false) else { return }
        connection.restingSince = wallMilliseconds()
        resting[connection.destination, default: []].append(connection)
    }

    private func load(_ lease: DeliveryQueue.Lease, for connection: NextHopConnection) {
        connection.isLoading = true
        let wasCold = messages[lease.id] == nil
        readBack(lease.id) { [self] outcome in
            connection.isLoading = false
            switch outcome {
            case .found(let stored):
                keep(stored)
                if wasCold { messages[lease.id]!.leases += 1 }
                guard connection.canTake else {
                    release(lease)
                    return dispatch()
                }
                if let message = messages[lease.id] { start(lease, message, stored.message.content, on: connection) }
                serve(connection)
            case .unreadable(let fault):
                if case .corrupt = fault { putAside(lease, fault) } else { attemptFailed(lease, fault.reply) }
                serve(connection)
            }
        }
    }

    /// Nothing was tried.
    func release(_ lease: DeliveryQueue.Lease) {
        messages[lease.id]?.leases -= 1
        queue.release(lease)
        cool(lease.id)
    }

    private func start(
        _ lease: DeliveryQueue.Lease, _ message: QueuedMessage, _ content: MessageContent,
        on connection: NextHopConnection
    ) {
        guard let client = connection.connection else { return }
        catchUp(with: lease)
        let waiting = message.waiting(for: queue.name(of: lease.destination))
        guard !waiting.isEmpty else {
            // Another delivery of this message took them along.
            message.leases -= 1
            queue.finish(lease)
            return endDelivery(lease.id)
        }
        if lease.hasTimes, waitsForItsTime(lease, message) { return }
        if askFirst(lease, waiting, connection) || (routes.needsLookups && relocate(lease, waiting)) { return }
        let recipients = transaction(message, waiting, connection.recipientsPerTransaction)
        var envelope = withEnvelopeID(message.envelope.narrowed(to: recipients), lease.id)
        if lease.hasTimes {
            let offersBy = client.session.capabilities.deliverBy != nil
            envelope = envelope.forNextHop(offersDeliverBy: offersBy, now: wallMilliseconds())
        }
        if let impossible = impossibility(message, client.session) ?? connection.impossibility(message) {
            fail(lease, waiting, impossible)
            return
        }
        var whole = content
        if let header = envelope.options?.recipients.first?.header, !header.isEmpty {
            whole = MessageContent(slices: [ByteBuffer(bytes: header)] + content.slices, form: content.form)
        }
        let outgoing = WireConversion.content(whole, chunked: client.session.sendsChunk(content.form))
        connection.send(.init(lease: lease, recipients: recipients), envelope, outgoing)
    }

    /// What the DNS said has run out: nothing is sent on old knowledge.
    private func askFirst(
        _ lease: DeliveryQueue.Lease, _ waiting: [Int], _ connection: NextHopConnection
    ) -> Bool {
        guard routes.needsLookups, let envelope = messages[lease.id]?.envelope else { return false }
        let isAsking = ask(for: waiting.map { envelope.recipients[$0] }, envelope.labels) { [self] in
            connection.isLoading = false
            guard connection.canTake, let message = messages[lease.id], let content = message.content else {
                release(lease)
                return dispatch()
            }
            start(lease, message, content, on: connection)
            serve(connection)
        }
        if isAsking { connection.isLoading = true }
        return isAsking
    }

    /// Recipients that go in one transaction: a hundred, or one that has header fields of its own.
    private func transaction(_ message: QueuedMessage, _ waiting: [Int], _ most: Int) -> [Int] {
        guard let options = message.envelope.options?.recipients, !options.isEmpty else {
            return Array(waiting.prefix(most))
        }
        if !options[waiting[0]].header.isEmpty { return [waiting[0]] }
        return Array(waiting.filter { options[$0].header.isEmpty }.prefix(most))
    }

    /// Why this next hop can never take the message (RFC 1870 §6.1, RFC 6152 §3, RFC 6531 §3.5, RFC 3030 §3,
    /// RFC 8689 §4.2.1).
    private func impossibility(_ message: QueuedMessage, _ session: borrowing ClientSession) -> SMTPReply? {
        let hop = session.capabilities
        if let limit = hop.size, limit > 0, message.size > limit {
            return SMTPReply(552, .init(5, 3, 4), "Message of \(message.size) octets, next hop takes \(limit)")
        }
        if message.envelope.smtpUTF8, !hop.smtpUTF8 {
            return SMTPReply(550, .init(5, 6, 7), "Next hop does not offer SMTPUTF8")
        }
        if message.envelope.bodyType == .eightBitMIME, !hop.eightBitMIME {
            return SMTPReply(550, .init(5, 6, 3), "Next hop does not offer 8BITMIME")
        }
        if message.envelope.bodyType == .binaryMIME, !hop.binaryMIME || !hop.chunking {
            return SMTPReply(550, .init(5, 6, 3), "Next hop does not offer BINARYMIME")
        }
        if message.envelope.requiresTLS, !session.isSecure || !hop.requireTLS {
            return SMTPReply(550, .init(5, 7, 30), "REQUIRETLS needed")
        }
        return impossibleInTime(message, session)
    }

    /// What has to be there in time is not given to who does not take the time over (RFC 2852 §4.1.4.1).
    private func impossibleInTime(_ message: QueuedMessage, _ session: borrowing ClientSession) -> SMTPReply? {
        guard let by = message.envelope.terms?.deliverBy, by.mode == .return,
            session.configuration.serverProtocol == .smtp
        else { return nil }
        guard let least = session.capabilities.deliverBy else {
            return SMTPReply(554, .init(5, 4, 7), "Next hop does not offer DELIVERBY")
        }
        let rest = by.passedOn(at: wallMilliseconds()).seconds
        guard rest < max(1, least) else { return nil }
        return SMTPReply(554, .init(5, 4, 7), "\(max(0, rest)) seconds are left, the next hop wants \(max(1, least))")
    }

    // MARK: What connections tell

    func opened(_ connection: NextHopConnection) {
        queue.connectionOpened(connection.destination)
        if let source = connection.path.source {
            parts.limits.succeeded(source.name, to: connection.path.destination)
            connection.counts?.opened += 1
        }
        // It takes what waits before more of them are opened for the same.
        serve(connection)
        dispatch()
    }

    func closed(
        _ connection: NextHopConnection, wasReady: Bool, cause: ClientCloseCause,
        open: [(NextHopConnection.Load, Bool)]
    ) {
        connections[ObjectIdentifier(connection)] = nil
        let destination = connection.destination
        if let reply = connection.impossible { returnAll(to: destination, reply) }
        if connection.hasMoved { rerouteAll(of: destination) }
        resting[destination]?.removeAll { $0 === connection }
        parts.limits.disconnect(connection.heldKeys, now: wallMilliseconds())
        if isShaping, wasReady, !open.isEmpty { observe(cause, connection.path) }
        for (load, contentSent) in open {
            // Content sent and no answer: it must be sent again, perhaps for the second time (RFC 5321 §6.1).
            if contentSent { counts.possibleDuplicates += UInt64(load.recipients.count) }
            // What it failed at is known now: without that, or at another host, it is tried once more at once.
            if connection.hasNewFault || connection.goesOnElsewhere {
                if connection.goesOnElsewhere { logRetry(load, cause.reply, connection) }
                release(load.lease)
            } else {
                attemptFailed(load.lease, cause.reply)
            }
        }
        if wasReady {
            queue.connectionClosed(destination)
        } else {
            openingFailed(connection, cause)
        }
        dispatch()
    }
}

extension ClientCloseCause {
    /// As a reply, for the state record and the notification.
    var reply: SMTPReply {
        switch self {
        case .quit: SMTPReply(451, .init(4, 4, 2), "Connection closed")
        case .refused(let reply): reply.isPermanent ? SMTPReply(451, .init(4, 3, 0), "Next hop: \(reply)") : reply
        case .unreachable(let text): SMTPReply(451, .init(4, 4, 1), text)
        case .lost(let text): SMTPReply(451, .init(4, 4, 1), "Connection lost: \(text)")
        case .timeout: SMTPReply(451, .init(4, 4, 2), "Next hop timed out")
        }
    }
}
