package import MailTypes

// Which destination gets a connection, and which one is left alone.
extension DeliveryQueue {
    /// A next hop that cannot be reached is left alone so long at first, doubling up to the first retry delay of its
    /// policy, milliseconds.
    package static let firstHold: UInt64 = 1_000
    /// Deliveries that one failed connection hands out because they are overdue.
    static let overdueAtOnce = 1_000
    /// Destinations that one look for a waiting one goes through.
    static let looksForWaiting = 32

    /// The next hop failed and has not been reached since: mail to it waits for a while.
    package func isHeldBack(_ name: String) -> Bool {
        indices[name].map { destinations[Int($0)].holdDelay > 0 && destinations[Int($0)].connections == 0 } ?? false
    }

    /// The destination has mail or connections.
    package func has(_ name: String) -> Bool { indices[name] != nil }

    /// Nil where there is no such queue (any more): what is empty is dropped, and its place used again.
    package func destination(named name: String) -> Destination? { indices[name].map { Destination(index: $0) } }

    /// Where mail goes that is queued, whoever's and by whatever pool.
    package var destinationsInUse: Set<String> { Set(indices.keys.map(QueueName.destination(of:))) }

    package func name(of destination: Destination) -> String { destinations[Int(destination.index)].name }
    package func policy(of destination: Destination) -> DestinationPolicy { policy(destination.index) }

    /// Why its next hop could not be reached; nil: it could, or nobody tried.
    package func failure(of destination: Destination) -> SMTPReply? { destinations[Int(destination.index)].failure }

    /// The destination whose turn it is to open a connection; nil if none wants one or all are in use. It counts as
    /// being opened until ``connectionOpened(_:)`` or ``connectionFailed(_:reply:now:)``.
    package mutating func nextConnection(now: UInt64) -> Destination? {
        advance(to: now)
        guard connectionCount < connectionLimit else { return nil }
        guard let index = nextInRing(now) else { return nil }
        ring.append(index)  // behind the others until its next turn
        destinations[Int(index)].connections += 1
        destinations[Int(index)].opening += 1
        connectionCount += 1
        return Destination(index: index)
    }

    /// Of the first few that want a connection the one with the fewest; those that want none leave the ring.
    private mutating func nextInRing(_ now: UInt64) -> UInt32? {
        var position = 0
        var best: (position: Int, connections: Int)?
        var idle: [String] = []
        defer { for key in idle { openGate(key) } }
        while position < min(ring.count, Self.looksForWaiting) {
            let index = ring[position]
            takePolicy(index)
            guard wantsConnection(index, now) else {
                ring.remove(at: position)
                destinations[Int(index)].isInRing = false
                if let key = destinations[Int(index)].trying {
                    destinations[Int(index)].trying = nil
                    idle.append(key)
                }
                dropIfEmpty(index, now: now)
                continue
            }
            let connections = destinations[Int(index)].connections
            if connections < best?.connections ?? .max { best = (position, connections) }
            if connections == 0 { break }
            position += 1
        }
        return best.map { ring.remove(at: $0.position) }
    }

    package mutating func connectionOpened(_ destination: Destination) {
        let index = Int(destination.index)
        destinations[index].opening -= 1
        destinations[index].holdUntil = 0
        destinations[index].holdDelay = 0
        destinations[index].failures = 0
        destinations[index].failure = nil
        enterRing(destination.index)
    }

    /// The connection was not opened, and nothing is said of the next hop: it asks again at once, by another way.
    package mutating func connectionTurned(_ destination: Destination) {
        closed(destination, wasOpen: false)
        enterRing(destination.index)
        dropIfEmpty(destination.index)
    }

    /// There is no way to the next hop now, whatever it is itself like.
    /// - Parameter until: when it is tried again, milliseconds.
    /// - Returns: as ``connectionFailed(_:reply:now:)``.
    package mutating func connectionImpossible(
        _ destination: Destination, reply: SMTPReply, until: UInt64, now: UInt64
    ) -> [Lease] {
        closed(destination, wasOpen: false)
        passTurn(destination)
        let index = Int(destination.index)
        destinations[index].holdDelay = max(1, destinations[index].holdDelay)
        destinations[index].failure = reply
        pause(destination.index, until: until)
        return destinations[index].connections == 0 ? takeOverdue(destination.index, now) : []
    }

    /// Why it was left alone is over: it may ask again.
    package mutating func endHold(of name: String) {
        guard let index = indices[name], destinations[Int(index)].holdUntil > 0 else { return }
        destinations[Int(index)].holdUntil = 0
        enterRing(index)
    }

    /// It was the first at a gate and does not go on: the next one is.
    private mutating func passTurn(_ destination: Destination) {
        guard let key = destinations[Int(destination.index)].trying else { return }
        destinations[Int(destination.index)].trying = nil
        openGate(key)
    }

    /// The next hop could not be reached: it is left alone for a while.
    /// - Parameter limits: of its way, where they are not those of its policy.
    /// - Returns: what has waited too long for it, or so long that its sender should be told; at most a thousand.
    package mutating func connectionFailed(
        _ destination: Destination, _ limits: EgressLimits? = nil, reply: SMTPReply, now: UInt64
    ) -> [Lease] {
        closed(destination, wasOpen: false)
        let index = Int(destination.index)
        let policy = policy(destination.index)
        let limits = limits ?? policy.limits
        destinations[index].failure = reply
        destinations[index].failures += 1
        guard destinations[index].failures >= limits.failuresBeforeHold ?? 1 else {
            enterRing(destination.index)
            return []
        }
        let most = limits.holdCapMilliseconds ?? policy.retry.first
        let first = min(limits.holdFirstMilliseconds ?? Self.firstHold, most)
        let delay = destinations[index].holdDelay
        destinations[index].holdDelay = delay == 0 ? first : min(delay * 2, max(most, delay))
        pause(destination.index, until: now + destinations[index].holdDelay)
        return destinations[index].connections == 0 ? takeOverdue(destination.index, now) : []
    }

    /// An open connection is gone.
    package mutating func connectionClosed(_ destination: Destination) {
        closed(destination, wasOpen: true)
        enterRing(destination.index)
        dropIfEmpty(destination.index)
    }

    /// Where there are several destinations, one that is slow leaves a quarter of the connections to the others.
    var mostForOne: Int {
        !hasManyDestinations || connectionLimit < 2 ? connectionLimit : connectionLimit - max(1, connectionLimit / 4)
    }

    /// Connections that this one may have.
    func most(for index: UInt32) -> Int { min(mostForOne, policy(index).limits.connections ?? .max) }

    private func wantsConnection(_ index: UInt32, _ now: UInt64) -> Bool {
        destinations[Int(index)].wantsConnection(now: now, most: most(for: index))
    }

    /// A destination without any connection wants one, and all are in use.
    package func someoneWaits(now: UInt64) -> Bool {
        connectionCount >= connectionLimit
            && ring.prefix(Self.looksForWaiting).contains {
                destinations[Int($0)].connections == 0 && wantsConnection($0, now)
            }
    }

    /// This destination has more than its share of the connections while another one waits for one: it should give
    /// one up.
    package func mustYield(_ destination: Destination, now: UInt64) -> Bool {
        guard connectionCount >= connectionLimit, ring.count > 1 else { return false }
        let own = destinations[Int(destination.index)].connections
        return ring.prefix(Self.looksForWaiting).contains { index in
            guard index != destination.index else { return false }
            let other = destinations[Int(index)].connections
            return (other == 0 || other + 1 < own) && wantsConnection(index, now)
        }
    }

    mutating func closed(_ destination: Destination, wasOpen: Bool) {
        destinations[Int(destination.index)].connections -= 1
        if !wasOpen { destinations[Int(destination.index)].opening -= 1 }
        connectionCount -= 1
    }

    private mutating func pause(_ index: UInt32, until: UInt64) {
        destinations[Int(index)].holdUntil = until
        holds.insert(Hold(until: until, destination: index))
    }

    private mutating func takeOverdue(_ index: UInt32, _ now: UInt64) -> [Lease] {
        let policy = policy(index)
        var found: [UInt32] = []
        var at = destinations[Int(index)].ready.first
        while at != Waiting.none, found.count < Self.overdueAtOnce {
            let record = records[at]
            if mustWarn(at, policy, now) || isOver(at, policy, now) { found.append(at) }
            at = record.next
        }
        return found.map { handle in
            destinations[Int(index)].ready.remove(handle, &records)
            readyCount -= 1
            return lease(handle)
        }
    }

    // MARK: Destinations on demand

    mutating func destination(_ name: String) -> UInt32 {
        if let index = indices[name] { return index }
        let fresh = DestinationQueue(name: name, policy: policies[name], policyVersion: policyVersion)
        let index = freeDestinations.popLast() ?? UInt32(destinations.count)
        if Int(index) < destinations.count { destinations[Int(index)] = fresh } else { destinations.append(fresh) }
        indices[name] = index
        if !suspendedQueues.isEmpty, let until = suspendedQueues[name] { suspendConnections(of: name, until: until) }
        return index
    }

    mutating func enterRing(_ index: UInt32) {
        guard !destinations[Int(index)].isInRing, !destinations[Int(index)].isAtGate,
            !destinations[Int(index)].ready.isEmpty
        else { return }
        destinations[Int(index)].isInRing = true
        ring.append(index)
    }

    /// An empty destination is forgotten, unless it must be left alone for a while yet.
    mutating func dropIfEmpty(_ index: UInt32, now: UInt64 = 0) {
        // Before a copy is made: mail leaves a queue of many one by one.
        guard destinations[Int(index)].count == 0 else { return }
        let queue = destinations[Int(index)]
        guard !queue.isFree, queue.connections == 0, !queue.isInRing, !queue.isAtGate,
            queue.holdUntil <= now
        else { return }
        indices[queue.name] = nil
        destinations[Int(index)] = DestinationQueue(name: "", policy: policies.standard, isFree: true)
        freeDestinations.append(index)
    }
}
