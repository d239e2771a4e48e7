import DequeModule
import HeapModule
package import MailTypes
import Slabs

/// When does which message go where: a value without a clock; `now` is wall-clock milliseconds since 1970.
///
/// A *delivery* is one message to one destination. It is *ready* (first in, first out), *leased* (under way),
/// *deferred* (until its due time) or *held* (until an operator lets it go); operators may suspend it or return it, too:
///
///     accept ──▶ ready ──next──▶ leased ──finish──▶ gone
///                  ▲               │ release (nothing was tried)
///                  ├───────────────┤
///                  └──due── deferred ◀── deferred(…), or expired
///
/// Destinations are made on demand and dropped when they are empty. Those that have ready mail take turns in asking
/// for connections, and a destination that has more than its share gives one up when another one waits. 48 bytes a
/// delivery; every step costs the same whatever the depth.
///
/// It cannot be copied: where its owner is a class each question to it would copy it, and retain all its tables.
package struct DeliveryQueue: ~Copyable, Sendable {
    /// One message to one destination, on its way. Ends with `finish`, `deferred` or `release`.
    package struct Lease: Hashable, Sendable {
        let handle: UInt32
        package let id: MessageID
        package let destination: Destination
        /// Failed attempts before this one.
        package let attempts: UInt32
        package let isDelayReported: Bool
        /// Recipients that the delivery began with.
        package let recipients: Int
        /// See ``DeliveryQueue/times(of:)``.
        package let hasTimes: Bool
    }

    /// What follows a failed attempt.
    package enum Verdict: Equatable, Sendable {
        /// - Parameter warn: the sender is to be told that it waits; said once a delivery.
        case retry(dueMilliseconds: UInt64, attempts: UInt32, warn: Bool)
        /// Older than the policy allows: return it to its sender.
        case expired
    }

    /// What is known of a delivery that is found in the spool.
    package struct Found: Sendable {
        package var id: MessageID
        package var recipients = 1
        package var attempts: UInt32 = 0
        package var dueMilliseconds: UInt64 = 0
        package var isHeld = false
        package var isDelayReported = false
        package var label = DeliveryLabel.none
        package var isSilent = false
        /// The spool does not know the label yet.
        package var isUnwritten = false
        /// Nor does the log.
        package var isUnlogged = false
        package var times: Times?
        package init(_ id: MessageID) { self.id = id }
    }

    struct Hold: Comparable, Sendable {
        var until: UInt64
        var destination: UInt32
        static func < (a: Hold, b: Hold) -> Bool { a.until < b.until }
    }

    package private(set) var policies: DestinationPolicies
    /// Counts changes of ``policies``.
    private(set) var policyVersion: UInt32 = 0
    /// Connections over all destinations.
    package let connectionLimit: Int
    var records = Slab<Waiting>()
    var wheel = TimerWheel()
    var destinations: [DestinationQueue] = []
    var indices: [String: UInt32] = [:]
    var freeDestinations: [UInt32] = []
    /// Destinations that may want a connection, each once.
    var ring = Deque<UInt32>()
    var holds = Heap<Hold>()
    /// By the key of a limit that is used up.
    var gates: [String: Gate] = [:]
    var gateTimes = Heap<GateTime>()
    var connectionCount = 0
    /// By handle, of those that have some.
    var times: [UInt32: Times] = [:]
    var deadlines = Heap<Deadline>()

    package internal(set) var readyCount = 0
    package internal(set) var leasedCount = 0
    package internal(set) var heldCount = 0
    package internal(set) var suspendedCount = 0
    /// On their way back to their senders by an operator's order.
    package internal(set) var leavingCount = 0
    var labels = LabelTable()
    /// What operators have said of mail to come; empty costs nothing.
    package internal(set) var orders: [QueueOrder] = []
    /// Deliveries that go back, by order.
    var leaving: [String: WaitingList] = [:]
    /// Whether mail of a queue may leave by an egress source.
    package var leavesBy: @Sendable (_ queue: String, _ source: String) -> Bool = { _, _ in false }
    /// Queues to which no connection is opened, until when.
    var suspendedQueues: [String: UInt64] = [:]
    package var deferredCount: Int { wheel.count }
    package var count: Int { records.count }
    package var destinationCount: Int { indices.count }

    /// There is more than one destination: none may have all connections.
    private(set) var hasManyDestinations: Bool

    package init(
        policies: DestinationPolicies = DestinationPolicies(), connectionLimit: Int = 32,
        hasManyDestinations: Bool = false
    ) {
        self.policies = policies
        self.connectionLimit = connectionLimit
        self.hasManyDestinations = hasManyDestinations || policies.hasSeveral
    }

    /// Other policies from now on. What is deferred keeps its due time. However many queues there are, it takes no time:
    /// each takes its policy up when it is asked for.
    package mutating func adopt(_ fresh: DestinationPolicies) {
        policies = fresh
        policyVersion &+= 1
        if fresh.hasSeveral { hasManyDestinations = true }
    }

    /// The one of ``policies`` that holds for the destination.
    func policy(_ index: UInt32) -> DestinationPolicy {
        let index = Int(index)
        guard destinations[index].policyVersion != policyVersion else { return destinations[index].policy }
        return policies[destinations[index].name]
    }

    /// Looks the destination's policy up for once, where others hold since.
    mutating func takePolicy(_ index: UInt32) {
        guard destinations[Int(index)].policyVersion != policyVersion else { return }
        destinations[Int(index)].policy = policy(index)
        destinations[Int(index)].policyVersion = policyVersion
    }

    // MARK: In

    /// A new delivery, ready at once.
    /// - Parameters:
    ///   - label: what operators may call it by.
    ///   - isSilent: nobody is to be told when it fails.
    ///   - times: what its message says of time; only then `now` is looked at.
    package mutating func accept(
        _ id: MessageID, recipients: Int = 1, to name: String, label: DeliveryLabel = .none, isSilent: Bool = false,
        times: Times? = nil, now: UInt64 = 0
    ) {
        let index = destination(name)
        var record = Waiting(id, destination: index, recipients: recipients, attempts: 0, isDelayReported: false)
        record.label = labels.use(label)
        record.isSilent = isSilent
        let handle = records.insert(record)
        if let times {
            setTimes(times, of: handle)
            if waitsForItsTime(handle, now: now) { return }
        }
        makeReady(handle)
    }

    /// A delivery found in the spool at start, with what its attempts left behind.
    package mutating func restore(_ found: Found, to name: String, now: UInt64) {
        let index = destination(name)
        var record = Waiting(
            found.id, destination: index, recipients: found.recipients, attempts: found.attempts,
            isDelayReported: found.isDelayReported)
        record.label = labels.use(found.label)
        (record.isSilent, record.isUnwritten) = (found.isSilent, found.isUnwritten)
        record.isUnlogged = found.isUnlogged
        let handle = records.insert(record)
        if let times = found.times { setTimes(times, of: handle) }
        if leaves(handle) { return }
        if found.isHeld {
            hold(handle)
        } else if waitsForItsTime(handle, now: now) {
            return
        } else if found.dueMilliseconds <= now {
            makeReady(handle)
        } else {
            wait(handle, until: found.dueMilliseconds, now: now)
        }
    }

    // MARK: Under way

    /// The next delivery to this destination.
    package mutating func next(for destination: Destination, now: UInt64) -> Lease? {
        advance(to: now)
        let index = Int(destination.index)
        guard destinations[index].suspendedUntil <= now, let handle = destinations[index].ready.popFirst(&records)
        else { return nil }
        readyCount -= 1
        return lease(handle)
    }

    func mustBeLeased(_ lease: Lease) {
        precondition(
            records[lease.handle].place == .leased && records[lease.handle].id == lease.id, "\(lease.id) is not leased")
    }

    mutating func lease(_ handle: UInt32) -> Lease {
        records[handle].place = .leased
        leasedCount += 1
        let record = records[handle]
        destinations[Int(record.destination)].leased += 1
        return Lease(
            handle: handle, id: record.id, destination: Destination(index: record.destination),
            attempts: record.attempts, isDelayReported: record.isDelayReported, recipients: record.recipients,
            hasTimes: record.hasTimes)
    }

    mutating func endLease(_ lease: Lease) {
        mustBeLeased(lease)
        leasedCount -= 1
        destinations[Int(lease.destination.index)].leased -= 1
    }

    /// All recipients of the delivery are done with.
    package mutating func finish(_ lease: Lease) {
        endLease(lease)
        destinations[Int(lease.destination.index)].finished += 1
        free(lease.handle)
        dropIfEmpty(lease.destination.index)
    }

    /// An attempt failed for now. The age is that of the id, or counts from when it might go.
    package mutating func deferred(_ lease: Lease, now: UInt64) -> Verdict {
        endLease(lease)
        let policy = policy(lease.destination.index)
        if isOver(lease.handle, policy, now) {
            free(lease.handle)
            dropIfEmpty(lease.destination.index)
            return .expired
        }
        let attempts = lease.attempts + 1
        let due = now + policy.retry.delay(attempts: attempts, id: lease.id)
        let warn = mustWarn(lease.handle, policy, now)
        records[lease.handle].attempts = attempts
        if warn { records[lease.handle].isDelayReported = true }
        wait(lease.handle, until: due, now: now)
        return .retry(dueMilliseconds: due, attempts: attempts, warn: warn)
    }

    /// Nothing was tried: the delivery is the next one again.
    package mutating func release(_ lease: Lease) {
        endLease(lease)
        if !orders.isEmpty, obeys(lease.handle) { return }
        records[lease.handle].place = .ready
        destinations[Int(lease.destination.index)].ready.prepend(lease.handle, &records)
        readyCount += 1
        enterRing(lease.destination.index)
    }

    /// A ready delivery to this destination exists, now that `now` has come.
    package mutating func hasReady(for destination: Destination, now: UInt64) -> Bool {
        advance(to: now)
        let index = Int(destination.index)
        return !destinations[index].ready.isEmpty && destinations[index].suspendedUntil <= now
    }

    /// What is due becomes ready, holds end.
    package mutating func advance(to now: UInt64) {
        for handle in wheel.advance(to: now, &records) {
            endWait(handle)
            makeReady(handle)
        }
        while let hold = holds.min, hold.until <= now {
            holds.removeMin()
            let queue = destinations[Int(hold.destination)]
            guard !queue.isFree, hold.until == queue.holdUntil || hold.until == queue.suspendedUntil else { continue }
            enterRing(hold.destination)
            dropIfEmpty(hold.destination, now: now)
        }
        if !gateTimes.isEmpty { openGates(to: now) }
    }

    // MARK: Places

    private func isOlder(_ handle: UInt32, than age: UInt64, _ now: UInt64) -> Bool {
        let birth = birth(handle)
        return now > birth && now - birth >= age
    }

    /// It has been tried for as long as the policy, or its sender, allows.
    func isOver(_ handle: UInt32, _ policy: DestinationPolicy, _ now: UInt64) -> Bool {
        if records[handle].hasTimes, let end = times[handle]?.returnedAt, end <= now { return true }
        return isOlder(handle, than: policy.retry.maximumAge, now)
    }

    /// The sender is still to be told that it waits.
    func mustWarn(_ handle: UInt32, _ policy: DestinationPolicy, _ now: UInt64) -> Bool {
        !records[handle].isDelayReported && (policy.delayWarning.map { isOlder(handle, than: $0, now) } ?? false)
    }

    mutating func makeReady(_ handle: UInt32) {
        if !orders.isEmpty, obeys(handle) { return }
        records[handle].place = .ready
        let index = records[handle].destination
        destinations[Int(index)].ready.append(handle, &records)
        readyCount += 1
        enterRing(index)
    }

    mutating func wait(_ handle: UInt32, until due: UInt64, now: UInt64) {
        records[handle].place = .deferred
        records[handle].due = due
        let index = Int(records[handle].destination)
        destinations[index].deferred += 1
        if isScheduled(handle) { destinations[index].scheduled += 1 }
        wheel.insert(handle, &records, now: now)
    }

    /// It has left the wheel.
    mutating func endWait(_ handle: UInt32) {
        let index = Int(records[handle].destination)
        destinations[index].deferred -= 1
        if isScheduled(handle) { destinations[index].scheduled -= 1 }
    }

    mutating func hold(_ handle: UInt32) {
        records[handle].place = .held
        destinations[Int(records[handle].destination)].held += 1
        heldCount += 1
    }

    mutating func free(_ handle: UInt32) {
        records[handle].place = .free
        if records[handle].hasTimes { times[handle] = nil }
        labels.release(records[handle].label)
        records.remove(handle)
    }
}
