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
    func route(of recipient: MailAddress, _ labels: MessageLabels?) -> Route {
        switch routes.place(of: recipient, labels?.routingDomain) {
        case .destination(let name): return .destination(queueName(name, labels))
        case .exchangers(let domain):
            switch parts.exchangers?.known(domain) {
            case nil: return .unknown(domain)
            case .hosts(let site, _)?:
                let name = queueName(of: site, domain)
                representatives[name] = domain
                return .destination(queueName(name, labels))
            case .permanent(let reply)?: return .impossible(reply)
            // It waits in a queue of its own until its exchangers are known.
            case .temporary?: return .destination(queueName(domain, labels))
            }
        }
    }

    /// The destination's queue for mail with these labels: one of its own where its sender has settings of his, or where
    /// it leaves by another pool than what goes there usually does.
    func queueName(_ destination: String, _ labels: MessageLabels?) -> String {
        guard let labels else { return destination }
        var name = QueueName(pool: nil, destination: destination)
        var pool = labels.pool
        if !senders.isEmpty {
            (name.tenant, name.campaign) = senders.owner(tenant: labels.tenant, campaign: labels.campaign)
            pool = pool ?? senders.pool(tenant: name.tenant, campaign: name.campaign, to: destination)
        }
        if let pool, pool != egress.configuration[destination].pool, QueueName.isNameOfPool(pool) { name.pool = pool }
        name.isTLSOptional = labels.isTLSOptional && relaxes(destination)
        return name.text
    }

    /// Where the mail of a domain with these exchangers goes.
    private func queueName(of site: String, _ domain: String) -> String {
        hostMemory.separated.contains(site) ? SiteName.own(site, of: domain) : site
    }

    /// Tenants and campaigns that have queues of their own.
    var senders: SenderPolicies { configuration.policies.senders }

    /// Asks for what is not known of these recipients, then goes on.
    /// - Returns: false if nothing had to be asked; `body` was not called then.
    func ask(for recipients: [MailAddress], _ labels: MessageLabels?, _ body: @escaping () -> Void) -> Bool {
        guard routes.needsLookups else { return false }
        var unknown: Set<String> = []
        for recipient in recipients {
            if case .unknown(let domain) = route(of: recipient, labels) { unknown.insert(domain) }
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
            switch route(of: message.envelope.recipients[index], message.envelope.labels) {
            case .destination(let name): found[index] = name
            // Known a moment ago and forgotten since: as if it could not be asked now.
            case .unknown(let domain): found[index] = queueName(domain, message.envelope.labels)
            case .impossible(let reply):
                message.fail([index], reply)
                log(.bounce, id, message, [index], queue: nil, reply)
                counts.bounced += 1
                counts.queued -= 1
                meter(.bounced, 1, message.envelope, queue: nil)
            }
        }
        return found
    }

    /// Recipients by their queue.
    static func groups(_ places: [Int: String]) -> [String: [Int]] { Dictionary(grouping: places.keys) { places[$0]! } }

    /// Nobody is asked for a whole spool's domains: a queue with a domain's name asks when its turn comes.
    func restoredPlaces(_ message: QueuedMessage) -> [Int: String] {
        var places: [Int: String] = [:]
        for index in message.recipients.indices where message.recipients[index] == .waiting {
            let labels = message.envelope.labels
            switch routes.place(of: message.envelope.recipients[index], labels?.routingDomain) {
            case .destination(let name): places[index] = queueName(name, labels)
            case .exchangers(let domain): places[index] = queueName(domain, labels)
            }
        }
        return places
    }

    /// The message's recipients do not all belong to the leased delivery's queue any more: the DNS has changed, or is
    /// known now. They go where they belong.
    /// - Returns: false if all is well.
    func relocate(_ lease: DeliveryQueue.Lease, _ waiting: [Int]) -> Bool {
        let name = queue.name(of: lease.destination)
        guard let message = messages[lease.id] else { return false }
        catchUp(with: lease)
        let places = destinations(of: message, lease.id, among: waiting)
        if places.count == waiting.count, places.values.allSatisfy({ $0 == name }) { return false }
        message.leases -= 1
        let (times, isUnwritten) = (queue.times(of: lease), queue.isUnwritten(lease))
        queue.finish(lease)
        if message.assignment.isEmpty { message.assignment = message.recipients.map { _ in name } }
        for (index, place) in places { message.assignment[index] = place }
        // Where the message has a delivery already, these recipients go along with it: two deliveries of one message
        // to one destination would both carry all of them.
        let others = Set(message.recipients.indices.filter { message.recipients[$0] == .waiting }).subtracting(waiting)
        let known = Set(others.map { message.assignment[$0] })
        let groups = Self.groups(places).filter { !known.contains($0.key) }
        message.deliveries += groups.count - 1
        var found = DeliveryQueue.Found(lease.id)
        found.attempts = lease.attempts
        found.isDelayReported = lease.isDelayReported
        found.isSilent = message.envelope.isSilent
        found.times = times
        for (place, recipients) in groups {
            found.recipients = recipients.count
            found.label = label(of: message, recipients)
            queue.restore(found, to: place, now: wallMilliseconds())
        }
        if isUnwritten {
            persist(lease.id, attempts: lease.attempts, due: 0, isDelayReported: lease.isDelayReported, nil)
        }
        guard !message.failures.isEmpty else { return true }
        // Some have no way any more: what is known is written down, and if none is left this is the message's end.
        message.deliveries += 1
        endDelivery(lease.id)
        return true
    }

    /// Where a destination is now.
    enum Whereabouts {
        case hosts([HostAddress])
        case temporary(SMTPReply)
        /// All mail of this queue is of one domain, and there is no way to it.
        case impossible(SMTPReply)
        /// Its mail belongs elsewhere, or each domain's for itself: the rules or the DNS have changed.
        case moved
    }

    /// The addresses to try for a destination (without its pool), on this loop, at once or later.
    func find(_ destination: String, _ body: @escaping (Whereabouts) -> Void) {
        if let hop = routes.hop(of: destination) { return body(.hosts(hop.addresses)) }
        let isSite = destination.hasPrefix(SiteName.prefix)
        let isOneDomain = routes.goesByExchangers(destination)
        // Any domain that has these exchangers will do.
        guard let domain = isSite ? representatives[destination] : destination, let exchangers = parts.exchangers else {
            return body(.moved)
        }
        func judge(_ outcome: ExchangerOutcome) -> Whereabouts {
            switch outcome {
            case .hosts(let site, let addresses):
                isOneDomain || queueName(of: site, domain) == destination ? .hosts(addresses) : .moved
            case .temporary(let reply): isSite ? .moved : .temporary(reply)
            case .permanent(let reply): isOneDomain ? .impossible(reply) : .moved
            }
        }
        if let known = exchangers.known(domain) { return body(judge(known)) }
        let bound = NIOLoopBound({ body(judge($0)) }, eventLoop: context.eventLoop)
        exchangers.ask(domain, on: context.eventLoop).whenComplete { result in
            bound.value((try? result.get()) ?? .temporary(SMTPReply(451, .init(4, 4, 3), "Name service failed")))
        }
    }

    // MARK: Mail that cannot stay in its queue

    /// There is no way to this destination: its mail goes back.
    func returnAll(to destination: Destination, _ reply: SMTPReply) {
        let name = queue.name(of: destination)
        empty(destination) { shard, lease, done in
            guard let message = shard.messages[lease.id] else { return done(false) }
            guard shard.isStillImpossible(name) else {
                shard.release(lease)
                return done(true)
            }
            shard.fail(lease, message.waiting(for: name), reply)
            done(false)
        }
    }

    /// The rules and the DNS may change while a large queue is being returned.
    private func isStillImpossible(_ name: String) -> Bool {
        let destination = QueueName.destination(of: name)
        guard routes.goesByExchangers(destination) else { return false }
        switch parts.exchangers?.known(destination) {
        case .permanent?, nil: return true
        case .hosts?, .temporary?: return false
        }
    }

    /// Each message goes where its recipients belong now; those that belong here stay.
    func rerouteAll(of destination: Destination) {
        let name = queue.name(of: destination)
        empty(destination) { shard, lease, done in
            guard let message = shard.messages[lease.id] else { return done(false) }
            let waiting = message.waiting(for: name)
            guard !waiting.isEmpty else {
                // Another delivery of this message took them along.
                message.leases -= 1
                shard.queue.finish(lease)
                shard.endDelivery(lease.id)
                return done(false)
            }
            let goOn = {
                let stays = !shard.relocate(lease, waiting)
                if stays { shard.release(lease) } else { shard.cool(lease.id) }
                done(stays)
            }
            let recipients = waiting.map { message.envelope.recipients[$0] }
            if !shard.ask(for: recipients, message.envelope.labels, goOn) { goOn() }
        }
    }

    /// What is under way of emptying one queue.
    private final class Emptying {
        var open = 0
        var isLooping = false
        /// A message belongs here after all: the queue is not to be emptied.
        var isOver = false
    }

    /// Messages of one destination that are in memory at once for this.
    private static let emptiedAtOnce = 64

    /// Leases the queue's ready mail, some at a time, until there is none.
    /// - Parameter body: ends the lease and calls `done` with whether the message stayed.
    func empty(
        _ destination: Destination,
        _ body: @escaping (RelayShard, DeliveryQueue.Lease, _ done: @escaping (Bool) -> Void) -> Void
    ) {
        let name = queue.name(of: destination)
        let progress = Emptying()
        func more() {
            guard !progress.isLooping else { return }
            progress.isLooping = true
            defer { progress.isLooping = false }
            var steps = 0
            while progress.open < Self.emptiedAtOnce, !progress.isOver, !isDraining,
                let destination = queue.destination(named: name),
                let lease = queue.next(for: destination, now: wallMilliseconds())
            {
                steps += 1
                progress.open += 1
                func done(_ stays: Bool) {
                    progress.open -= 1
                    if stays { progress.isOver = true }
                    more()
                }
                messages[lease.id]?.leases += 1
                withMessage(lease.id, isLeased: messages[lease.id] == nil) { shard in
                    body(shard, lease, done)
                } unreadable: { [self] fault in
                    if case .corrupt = fault { putAside(lease, fault) } else { attemptFailed(lease, fault.reply) }
                    done(false)
                }
                guard steps < Self.emptiedAtOnce else {
                    // Others want the loop, too.
                    return context.eventLoop.assumeIsolated().execute { more() }
                }
            }
        }
        more()
    }

    /// Sites whose representative domain is remembered; more are forgotten when they have no mail.
    private static let representativesKept = 65_536

    /// Now and then: sites without mail need no domain that stands for them.
    func forgetSites() {
        guard representatives.count > max(Self.representativesKept, 2 * representativesInUse) else { return }
        let used = queue.destinationsInUse
        representatives = representatives.filter { site, _ in used.contains(site) }
        // All queues were looked at: not again four times a second where most of these sites have mail.
        representativesInUse = representatives.count
    }
}
