package import MailTypes
import Slabs

// By what operators group deliveries, and how they change it.
extension DeliveryQueue {
    /// What deliveries are counted by.
    package enum Grouping: String, Sendable, CaseIterable {
        case destination, pool, domain, tenant, campaign
        case routingDomain = "routing_domain"
    }

    /// Deliveries that have something in common.
    package struct Tally: Hashable, Sendable {
        package var ready = 0
        package var deferred = 0
        /// Deferred by their senders' wish; not among ``deferred``.
        package var scheduled = 0
        package var leased = 0
        package var held = 0
        package var suspended = 0
        package var leaving = 0
        package var recipients = 0
        /// When the oldest was accepted, milliseconds since 1970.
        package var oldest = UInt64.max
        /// What an attempt was told last at one of their destinations, and when, milliseconds since 1970.
        package var failure: String?
        package var failedAt: UInt64 = 0

        package init() {}
        package var count: Int { ready + deferred + scheduled + leased + held + suspended + leaving }

        package mutating func merge(_ other: Tally) {
            ready += other.ready
            deferred += other.deferred
            scheduled += other.scheduled
            leased += other.leased
            held += other.held
            suspended += other.suspended
            leaving += other.leaving
            recipients += other.recipients
            oldest = min(oldest, other.oldest)
            if other.failedAt > failedAt { (failure, failedAt) = (other.failure, other.failedAt) }
        }

        mutating func add(_ record: Waiting, isScheduled: Bool) {
            switch record.place {
            case .deferred where isScheduled: scheduled += 1
            case .ready: ready += 1
            case .deferred: deferred += 1
            case .leased: leased += 1
            case .held: held += 1
            case .suspended: suspended += 1
            case .leaving: leaving += 1
            case .free: break
            }
            recipients += record.recipients
            oldest = min(oldest, record.id.milliseconds)
        }
    }

    /// Labels in use.
    package var labelCount: Int { labels.count }

    /// Counts one slice of deliveries into their groups; what has no such label counts as an empty text.
    package func tally(
        _ sweep: inout QueueSweep, _ limit: SliceLimit, by grouping: Grouping, into tallies: inout [String: Tally]
    ) {
        // By pairs of numbers first: texts are looked up once for each pair of a slice.
        var pairs: [UInt64: Tally] = [:]
        for handle in slice(&sweep, SliceLimit(looked: limit.looked, changed: .max), where: { _ in true }) {
            let record = records[handle]
            pairs[UInt64(record.destination) << 32 | UInt64(record.label), default: Tally()].add(
                record, isScheduled: isScheduled(handle))
        }
        for (pair, tally) in pairs {
            let queue = destinations[Int(pair >> 32)]
            var tally = tally
            if let failure = queue.lastFailure {
                (tally.failure, tally.failedAt) = (failure.reply.description, failure.at)
            }
            let name = name(grouping, queue.name, UInt32(truncatingIfNeeded: pair))
            tallies[name, default: Tally()].merge(tally)
        }
    }

    private func name(_ grouping: Grouping, _ queue: String, _ label: UInt32) -> String {
        switch grouping {
        case .destination: return queue
        case .pool: return QueueName(queue).pool ?? ""
        case .domain: return labels[label].domain ?? ""
        case .tenant: return labels[label].tenant ?? ""
        case .campaign: return labels[label].campaign ?? ""
        case .routingDomain: return labels[label].routingDomain ?? ""
        }
    }

    /// Where a delivery goes that has got another label.
    package enum Way: Sendable {
        case stays
        case queue(String)
        /// Its message has several deliveries: it is leased, and the caller sees to it.
        case leased
    }

    /// A delivery with another label.
    package struct Rebound: Sendable {
        /// As it is now.
        package var summary: Summary
        /// The queue that it was in, if that was another one.
        package var cameFrom: String?
        package var lease: Lease?
    }

    /// Gives deliveries other labels, also those under way; what waits goes where `way` says.
    /// - Parameters:
    ///   - isLogged: each is an event: at once where it is told, else with ``takeUnwritten(_:_:)``.
    ///   - tells: somebody wants to know of this message's; all others are only counted.
    ///   - way: asked once for all of a slice that have queue and label in common, and for each of those told.
    /// - Returns: how many, and those to be told.
    package mutating func rebind(
        _ sweep: inout QueueSweep, _ limit: SliceLimit, _ change: LabelChange, isLogged: Bool = false, now: UInt64,
        tells: (_ id: MessageID) -> Bool, way: (DeliveryLabel, _ id: MessageID, _ queue: String) -> Way
    ) -> (count: Int, told: [Rebound]) {
        // What many have is changed once a slice; a use keeps it until then.
        var changed = Remembered<UInt32, UInt32>()
        defer { for number in changed.values { labels.release(number) } }
        var (count, told, ways) = (0, [Rebound](), Remembered<UInt64, Course>())
        let changesWay = change.changesWay(bySender: !policies.senders.isEmpty)
        for handle in slice(&sweep, limit, where: { $0.place != .leaving }) {
            let old = records[handle].label
            let fresh = changed[old] ?? renamed(old, change)
            changed[old] = fresh
            guard fresh != old else { continue }
            count += 1
            records[handle].label = fresh
            records[handle].isUnwritten = true
            labels.exchange(old, for: fresh)
            let isTold = tells(records[handle].id)
            if isLogged, !isTold { records[handle].isUnlogged = true }
            var rebound: Rebound?
            if changesWay, records[handle].place != .leased {
                rebound = isTold ? send(handle, self.way(of: handle, way), now) : steer(handle, &ways, way, now)
            }
            if isTold || rebound?.lease != nil { told.append(rebound ?? Rebound(summary: summary(handle))) }
        }
        return (count, told)
    }

    private mutating func renamed(_ number: UInt32, _ change: LabelChange) -> UInt32 {
        var label = labels[number]
        label.rebind(change)
        return labels.use(label)
    }

    /// Waiting deliveries go where `way` says.
    /// - Returns: those that did not stay.
    package mutating func reroute(
        _ sweep: inout QueueSweep, _ limit: SliceLimit, now: UInt64,
        way: (DeliveryLabel, _ id: MessageID, _ queue: String) -> Way
    ) -> [Rebound] {
        slice(&sweep, limit) { $0.place != .leaving && $0.place != .leased }.compactMap { handle in
            send(handle, self.way(of: handle, way), now)
        }
    }

    private func way(
        of handle: UInt32, _ way: (DeliveryLabel, _ id: MessageID, _ queue: String) -> Way
    ) -> Way {
        let record = records[handle]
        return way(labels[record.label], record.id, destinations[Int(record.destination)].name)
    }

    /// A ``Way``, with the queue's number: it keeps that while it has mail, as one to which some has just gone.
    private enum Course { case stays, queue(UInt32), leased }

    /// Without a word, except where it is leased.
    /// - Parameter ways: what was said before of others with the same queue and label.
    private mutating func steer(
        _ handle: UInt32, _ ways: inout Remembered<UInt64, Course>,
        _ way: (DeliveryLabel, _ id: MessageID, _ queue: String) -> Way, _ now: UInt64
    ) -> Rebound? {
        let pair = UInt64(records[handle].destination) << 32 | UInt64(records[handle].label)
        let known = ways[pair] ?? course(self.way(of: handle, way))
        ways[pair] = known
        switch known {
        case .stays: return nil
        case .queue(let index):
            if index != records[handle].destination { move(handle, to: index, now: now) }
            return nil
        case .leased: return send(handle, .leased, now)
        }
    }

    private mutating func course(_ way: Way) -> Course {
        switch way {
        case .stays: .stays
        case .queue(let name): .queue(destination(name))
        case .leased: .leased
        }
    }

    /// - Returns: nil: it stays.
    private mutating func send(_ handle: UInt32, _ way: Way, _ now: UInt64) -> Rebound? {
        let queue = destinations[Int(records[handle].destination)].name
        switch way {
        case .queue(let name) where name != queue:
            move(handle, to: destination(name), now: now)
            return Rebound(summary: summary(handle), cameFrom: queue)
        case .leased:
            takeOut(handle)
            let lease = lease(handle)
            return Rebound(summary: summary(handle), lease: lease)
        default: return nil
        }
    }

    /// To another queue, in the same state.
    private mutating func move(_ handle: UInt32, to index: UInt32, now: UInt64) {
        let (place, from) = (records[handle].place, records[handle].destination)
        takeOut(handle)
        records[handle].destination = index
        switch place {
        case .deferred: wait(handle, until: records[handle].due, now: now)
        case .held: hold(handle)
        default: makeReady(handle)
        }
        dropIfEmpty(from)
    }

    /// Deliveries whose labels the spool does not know yet; from now on it does, and the log, too.
    package mutating func takeUnwritten(_ sweep: inout QueueSweep, _ limit: SliceLimit) -> [Summary] {
        slice(&sweep, limit) { $0.isUnwritten && $0.place != .leaving }.map { handle in
            defer { (records[handle].isUnwritten, records[handle].isUnlogged) = (false, false) }
            return summary(handle)
        }
    }

    /// The delivery was rebound, and the spool does not know it yet.
    package func isUnwritten(_ lease: Lease) -> Bool { records[lease.handle].isUnwritten }

    /// The same for who goes on with it before that; he tells the log, too, where it has still to be told.
    package mutating func takeUnwritten(_ lease: Lease) -> Summary? {
        guard isUnwritten(lease) else { return nil }
        defer { records[lease.handle].isUnlogged = false }
        return summary(lease.handle)
    }
}
