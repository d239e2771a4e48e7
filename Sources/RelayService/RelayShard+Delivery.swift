import DeliveryQueue
import MailTypes
import Measures
import NIOCore
import SMTPProtocol
import SMTPTransport
import SpoolContract

// Which message goes out on which connection, and what follows from the answer.
extension RelayShard {
    /// Milliseconds that a connection without work is kept.
    static let restMilliseconds: UInt64 = 10_000
    /// The next hop is left alone so long after it could not be reached: at first, and at most.
    static let holdFirst: UInt64 = 1_000
    static let holdMost: UInt64 = 60_000

    private var connectionLimit: Int { max(1, configuration.outboundConnections / configuration.threads) }

    /// Gives work to resting connections and opens more if there is more.
    func dispatch() {
        guard !isDraining else { return }
        let now = wallMilliseconds()
        while queue.hasReady(now: now), let connection = resting.popLast() { serve(connection) }
        openMore(now)
    }

    /// Four times a second: due messages, the end of a hold, connections that rest too long.
    func tick() {
        dispatch()
        let now = wallMilliseconds()
        let tired = resting.filter { $0.restingSince + Self.restMilliseconds <= now }
        guard !tired.isEmpty else { return }
        resting.removeAll { connection in tired.contains { $0 === connection } }
        for connection in tired { connection.quit() }
    }

    private func openMore(_ now: UInt64) {
        guard now >= holdUntil else { return }
        // After a failure one connection tries first; the others follow when it succeeded.
        let limit = holdDelay > 0 ? min(1, connectionLimit) : connectionLimit
        while queue.hasReady(now: now), opening < queue.readyCount, connections.count < limit {
            let connection = NextHopConnection(self)
            connections[ObjectIdentifier(connection)] = connection
            opening += 1
            connection.open()
        }
    }

    /// The next ready message goes out on this connection; without one the connection rests.
    func serve(_ connection: NextHopConnection) {
        while connection.canTake {
            guard !isDraining, let id = queue.next(now: wallMilliseconds()) else { return rest(connection) }
            guard let message = messages[id] else { preconditionFailure("\(id) is queued but not known") }
            guard let content = message.content else { return load(id, for: connection) }
            start(id, content, on: connection)
        }
    }

    private func rest(_ connection: NextHopConnection) {
        guard connection.loads.isEmpty else { return }
        if isDraining { return connection.quit() }
        guard !resting.contains(where: { $0 === connection }) else { return }
        connection.restingSince = wallMilliseconds()
        resting.append(connection)
    }

    /// Reads content back from the spool, off the event loop.
    private func load(_ id: MessageID, for connection: NextHopConnection) {
        connection.isLoading = true
        readBack(id) { [self] outcome in
            connection.isLoading = false
            switch outcome {
            case .success(let content):
                guard connection.canTake else {
                    queue.release(id)
                    return dispatch()
                }
                keep(content, of: id)
                start(id, content, on: connection)
                serve(connection)
            case .failure(let fault):
                note("\(id) cannot be read: \(fault)")
                attemptFailed(id, SMTPReply(451, .init(4, 3, 0), "Spool: \(fault)"))
                serve(connection)
            }
        }
    }

    func readBack(_ id: MessageID, _ body: @escaping (Result<MessageContent, SpoolFault>) -> Void) {
        let spool = spool
        let bound = NIOLoopBound(body, eventLoop: context.eventLoop)
        readers.runIfActive(eventLoop: context.eventLoop) { () -> Result<MessageContent, SpoolFault> in
            do throws(SpoolFault) {
                guard let stored = try spool.load(id) else { return .failure(.corrupt("\(id): not in the spool")) }
                return .success(stored.message.content)
            } catch {
                return .failure(error)
            }
        }.whenComplete { bound.value((try? $0.get()) ?? .failure(.closed)) }
    }

    private func keep(_ content: MessageContent, of id: MessageID) {
        messages[id]?.content = content
        residentBytes += content.size
    }

    private func start(_ id: MessageID, _ content: MessageContent, on connection: NextHopConnection) {
        guard let message = messages[id], let session = connection.connection?.session else { return }
        if let impossible = impossibility(message, session.capabilities) {
            fail(id, impossible)
            return
        }
        let recipients = message.nextRecipients
        var envelope = message.envelope
        envelope.recipients = recipients.map { message.envelope.recipients[$0] }
        let outgoing = WireConversion.content(content, chunked: session.sendsChunk(content.form))
        connection.send(.init(id: id, recipients: recipients), envelope, outgoing)
    }

    /// Why this next hop can never take the message (RFC 1870 §6.1, RFC 6152 §3, RFC 6531 §3.5).
    private func impossibility(_ message: QueuedMessage, _ hop: ServerCapabilities) -> SMTPReply? {
        if let limit = hop.size, limit > 0, message.size > limit {
            return SMTPReply(552, .init(5, 3, 4), "Message of \(message.size) octets, next hop takes \(limit)")
        }
        if message.envelope.smtpUTF8, !hop.smtpUTF8 {
            return SMTPReply(550, .init(5, 6, 7), "Next hop does not offer SMTPUTF8")
        }
        if message.envelope.bodyType == .eightBitMIME, !hop.eightBitMIME {
            return SMTPReply(550, .init(5, 6, 3), "Next hop does not offer 8BITMIME")
        }
        return nil
    }

    // MARK: What connections tell

    func opened(_ connection: NextHopConnection) {
        opening -= 1
        (holdDelay, holdUntil) = (0, 0)
        dispatch()
    }

    func finished(_ load: NextHopConnection.Load, _ result: TransactionResult, _ now: MonotonicInstant) {
        guard let applied = messages[load.id]?.apply(result, sent: load.recipients) else { return }
        counts.delivered += UInt64(applied.delivered)
        counts.bounced += UInt64(applied.failed)
        counts.queued -= UInt64(applied.delivered + applied.failed)
        if applied.delivered > 0, let accepted = messages[load.id]?.acceptedInstant {
            deliveryLatency.record(nanoseconds: now.nanoseconds(since: accepted))
        }
        settle(load)
    }

    private func settle(_ load: NextHopConnection.Load) {
        guard let message = messages[load.id] else { return }
        if message.waitingCount == 0 {
            queue.finish(load.id)
            conclude(load.id)
        } else if load.recipients.allSatisfy({ message.recipients[$0] != .waiting }) {
            queue.release(load.id)  // there were more recipients than one transaction carries
        } else {
            attemptFailed(load.id, nil)
        }
    }

    func closed(
        _ connection: NextHopConnection, wasReady: Bool, cause: ClientCloseCause,
        open: [(NextHopConnection.Load, Bool)]
    ) {
        connections[ObjectIdentifier(connection)] = nil
        resting.removeAll { $0 === connection }
        for (load, contentSent) in open {
            // Content sent and no answer: it must be sent again, perhaps for the second time (RFC 5321 §6.1).
            if contentSent { counts.possibleDuplicates += UInt64(load.recipients.count) }
            attemptFailed(load.id, cause.reply)
        }
        if !wasReady {
            opening -= 1
            nextHopFailed(cause.reply)
        }
        dispatch()
    }

    /// The next hop cannot be reached: leave it alone for a while, and defer what waits if nothing else is open.
    private func nextHopFailed(_ reply: SMTPReply) {
        let now = wallMilliseconds()
        let most = min(Self.holdMost, max(configuration.retry.first, Self.holdFirst))
        holdDelay = holdDelay == 0 ? min(Self.holdFirst, configuration.retry.first) : min(holdDelay * 2, most)
        holdUntil = now + holdDelay
        guard connections.isEmpty else { return }
        for _ in 0..<queue.readyCount {
            guard let id = queue.next(now: now) else { return }
            attemptFailed(id, reply)
        }
    }

    // MARK: What follows

    /// The leased message's attempt failed for now: it waits for the next one, or was tried for long enough.
    func attemptFailed(_ id: MessageID, _ reply: SMTPReply?) {
        if let reply { messages[id]?.lastReply = reply }
        guard let message = messages[id] else { return }
        counts.deferrals += UInt64(message.waitingCount)
        switch queue.deferred(id, acceptedMilliseconds: message.acceptedMilliseconds, now: wallMilliseconds()) {
        case .retry(let due, let attempts):
            report(id)
            committer.submit(
                DeliveryState(
                    attempts: attempts, nextDueMilliseconds: due, recipients: message.recipients,
                    lastReply: message.lastReply?.description ?? ""),
                for: id)
            forgetContent(id)
        case .expired:
            let last = message.lastReply?.description ?? "never attempted"
            failWaiting(id, SMTPReply(554, .init(5, 4, 7), "Delivery time expired; last: \(last)"))
            conclude(id)
        }
    }

    /// The leased message can never go: every waiting recipient fails.
    private func fail(_ id: MessageID, _ reply: SMTPReply) {
        failWaiting(id, reply)
        queue.finish(id)
        conclude(id)
    }

    private func failWaiting(_ id: MessageID, _ reply: SMTPReply) {
        let count = UInt64(messages[id]?.failAll(reply) ?? 0)
        counts.bounced += count
        counts.queued -= count
    }

    /// Every recipient is done with: tell the sender what failed, then let the message go. The notification is
    /// submitted before the completion, so no crash can lose both.
    private func conclude(_ id: MessageID) {
        guard let message = messages[id] else { return }
        if !message.failures.isEmpty, message.content == nil, !message.envelope.reversePath.isNull {
            return readBack(id) { [self] outcome in
                if case .success(let content) = outcome { keep(content, of: id) }
                finishOff(id)
            }
        }
        finishOff(id)
    }

    private func finishOff(_ id: MessageID) {
        report(id)
        committer.submit(completion: id)
        forgetContent(id)
        messages[id] = nil
    }

    /// One notification for the failures of this attempt (RFC 3464).
    private func report(_ id: MessageID) {
        guard let message = messages[id], !message.failures.isEmpty else { return }
        messages[id]?.failures = []
        let now = wallMilliseconds()
        let notification = DeliveryNotification(
            hostname: hostname, id: newID(), originalID: id, originalSender: message.envelope.reversePath,
            arrivalSeconds: Int(message.acceptedMilliseconds / 1000), nowSeconds: Int(now / 1000),
            failures: message.failures.map { .init(recipient: message.envelope.recipients[$0.index], reply: $0.reply) },
            originalHeader: message.content.map(WireConversion.header) ?? [])
        guard let bytes = notification.content() else { return }
        let content = MessageContent(slices: [ByteBuffer(bytes: bytes)], form: .raw)
        let eightBit = bytes.contains { $0 >= 0x80 }
        accept(
            SpoolMessage(
                id: notification.id,
                envelope: Envelope(
                    reversePath: .null, recipients: [message.envelope.reversePath],
                    bodyType: eightBit ? .eightBitMIME : .sevenBit,
                    smtpUTF8: message.envelope.reversePath.needsSMTPUTF8),
                acceptedMilliseconds: now, content: content),
            from: nil)
    }
}

extension ClientCloseCause {
    /// As a reply, for the state record and the notification.
    var reply: SMTPReply {
        switch self {
        case .quit: SMTPReply(451, .init(4, 4, 2), "Connection closed")
        case .refused(let reply): reply.isPermanent ? SMTPReply(451, .init(4, 3, 0), "Next hop: \(reply)") : reply
        case .lost(let text): SMTPReply(451, .init(4, 4, 1), "Connection lost: \(text)")
        case .timeout: SMTPReply(451, .init(4, 4, 2), "Next hop timed out")
        }
    }
}
