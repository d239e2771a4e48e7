import DeliveryQueue
import MailRouting
import MailTypes
import NIOCore
import SMTPTransport
import SpoolContract

// Which queue a recipient's mail belongs to, by configuration or by the DNS.
extension RelayShard {
    /// Where one recipient's mail goes now.
    enum Route: Hashable {
        case destination(String)
        case impossible(SMTPReply)
        /// Ask for this domain first.
        case unknown(String)
    }

    /// Without asking anyone.
    func route(of recipient: MailAddress) -> Route {
        switch routes.place(of: recipient) {
        case .destination(let name): return .destination(name)
        case .exchangers(let domain):
            switch parts.exchangers?.known(domain) {
            case nil: return .unknown(domain)
            case .hosts(let site, _)?:
                representatives[site] = domain
                return .destination(site)
            case .permanent(let reply)?: return .impossible(reply)
            // It waits in a queue of its own until its exchangers are known.
            case .temporary?: return .destination(domain)
            }
        }
    }

    /// Asks for what is not known of these recipients, then goes on.
    /// - Returns: false if nothing had to be asked; `body` was not called then.
    func ask(for recipients: [MailAddress], _ body: @escaping () -> Void) -> Bool {
        guard routes.needsLookups else { return false }
        var unknown: Set<String> = []
        for recipient in recipients {
            if case .unknown(let domain) = route(of: recipient) { unknown.insert(domain) }
        }
        guard !unknown.isEmpty, let exchangers = parts.exchangers else { return false }
        let loop = context.eventLoop
        let bound = NIOLoopBound(body, eventLoop: loop)
        EventLoopFuture.andAllComplete(unknown.map { exchangers.ask($0, on: loop) }, on: loop)
            .whenComplete { _ in bound.value() }
        return true
    }

    /// The queues of a message's recipients, by recipient; nil where there is no way.
    func destinations(of message: QueuedMessage, _ id: MessageID, among recipients: [Int]) -> [Int: String] {
        var found: [Int: String] = [:]
        for index in recipients {
            switch route(of: message.envelope.recipients[index]) {
            case .destination(let name): found[index] = name
            // Known a moment ago and forgotten since: as if it could not be asked now.
            case .unknown(let domain): found[index] = domain
            case .impossible(let reply):
                message.fail([index], reply)
                log(.bounce, id, message, [index], queue: nil, reply)
                counts.bounced += 1
                counts.queued -= 1
            }
        }
        return found
    }

    /// The message's recipients do not all belong to the leased delivery's queue any more: the DNS has changed, or is
    /// known now. They go where they belong.
    /// - Returns: false if all is well.
    func relocate(_ lease: DeliveryQueue.Lease, _ waiting: [Int]) -> Bool {
        let name = queue.name(of: lease.destination)
        guard routes.needsLookups, let message = messages[lease.id] else { return false }
        let places = destinations(of: message, lease.id, among: waiting)
        if places.count == waiting.count, places.values.allSatisfy({ $0 == name }) { return false }
        message.leases -= 1
        queue.finish(lease)
        if message.assignment.isEmpty { message.assignment = message.recipients.map { _ in name } }
        for (index, place) in places { message.assignment[index] = place }
        // Where the message has a delivery already, these recipients go along with it: two deliveries of one message
        // to one destination would both carry all of them.
        let others = Set(message.recipients.indices.filter { message.recipients[$0] == .waiting }).subtracting(waiting)
        let known = Set(others.map { message.assignment[$0] })
        let groups = Dictionary(grouping: places.keys) { places[$0]! }.filter { !known.contains($0.key) }
        message.deliveries += groups.count - 1
        var found = DeliveryQueue.Found(lease.id)
        found.attempts = lease.attempts
        found.isDelayReported = lease.isDelayReported
        for (place, recipients) in groups {
            found.recipients = recipients.count
            queue.restore(found, to: place, now: wallMilliseconds())
        }
        guard !message.failures.isEmpty else { return true }
        // Some have no way any more: what is known is written down, and if none is left this is the message's end.
        message.deliveries += 1
        endDelivery(lease.id)
        return true
    }

    /// The addresses to try for a destination, on this loop, at once or later.
    func addresses(of destination: String, _ body: @escaping (ExchangerOutcome) -> Void) {
        if let hop = routes.hop(of: destination) { return body(.hosts(site: destination, addresses: hop.addresses)) }
        let domain = representatives[destination] ?? destination
        guard let exchangers = parts.exchangers else {
            return body(.temporary(SMTPReply(451, .init(4, 4, 3), "No name service")))
        }
        if let known = exchangers.known(domain) { return body(known) }
        let bound = NIOLoopBound(body, eventLoop: context.eventLoop)
        exchangers.ask(domain, on: context.eventLoop).whenComplete { result in
            bound.value(
                (try? result.get()) ?? .temporary(SMTPReply(451, .init(4, 4, 3), "Name service failed")))
        }
    }

    /// There is no way to this destination: its mail goes back.
    func returnAll(to destination: Destination, _ reply: SMTPReply) {
        let now = wallMilliseconds()
        for _ in 0..<Self.returnedAtOnce {
            guard let lease = queue.next(for: destination, now: now) else { return }
            messages[lease.id]?.leases += 1
            let name = queue.name(of: destination)
            withMessage(lease.id, isLeased: messages[lease.id] == nil) { shard in
                guard let message = shard.messages[lease.id] else { return }
                shard.fail(lease, message.waiting(for: name), reply)
            } unreadable: { [self] in
                putAside(lease, $0)
            }
        }
    }

    /// Messages of one destination that are returned in one go.
    private static let returnedAtOnce = 1_000
    /// Sites whose representative domain is remembered; more are forgotten when they have no mail.
    private static let representativesKept = 65_536

    /// Now and then: sites without mail need no domain that stands for them.
    func forgetSites() {
        guard representatives.count > Self.representativesKept else { return }
        representatives = representatives.filter { queue.has($0.key) }
    }
}
