import DeliveryQueue
import MailTypes
import NIOCore

/// One thing that keeps a queue's mail, or has it move.
struct QueueReason: Hashable, Sendable {
    enum Kind: String, Sendable {
        case moving, deferred, scheduled, held, suspended, leaving
        case leftAlone = "left_alone"
        case connectionsSuspended = "connections_suspended"
        case limit, rate, source, shaping
        case noPool = "no_pool"
        case allConnections = "all_connections"
        case turn
    }
    var kind: Kind
    var text: String
    /// Deliveries that are concerned; nil: those that are ready.
    var count: Int?
    /// Milliseconds since 1970; nil: until somebody does something.
    var until: UInt64?
    /// The order of a suspension.
    var order: String?
}

// Why mail waits: everything that a connection has to pass, looked at and not taken.
extension RelayShard {
    /// Nil: there is no such queue here.
    func explain(_ name: String) -> EventLoopFuture<(summary: DestinationSummary, reasons: [QueueReason])?> {
        guard queue.has(name) else { return context.eventLoop.makeSucceededFuture(nil) }
        let first = inSlices((sweep: queue.sweep(.destination(name)), due: DeliveryQueue.FirstDue())) { shard, state in
            shard.queue.findFirstDue(&state.sweep, .usual, &state.due)
            return !state.sweep.isOver
        }
        return first.hop(to: context.eventLoop).map { [self] found in
            queue.destinationSummary(of: name).map { (summary: $0, reasons: reasons($0, found.due)) }
        }
    }

    private func reasons(_ one: DestinationSummary, _ due: DeliveryQueue.FirstDue) -> [QueueReason] {
        var reasons: [QueueReason] = []
        func add(_ kind: QueueReason.Kind, _ text: String, count: Int? = nil, until: UInt64? = nil) {
            reasons.append(.init(kind: kind, text: text, count: count, until: until))
        }
        if one.deferred > 0 {
            add(.deferred, one.lastFailure ?? "put off before the start", count: one.deferred, until: due.deferred)
        }
        if one.scheduled > 0 {
            add(.scheduled, "goes later, as its sender wants it", count: one.scheduled, until: due.scheduled)
        }
        if one.held > 0 { add(.held, "held by an operator: 'mta queue release' lets it go", count: one.held) }
        if one.suspended > 0 { add(.suspended, "suspended by an operator", count: one.suspended) }
        if one.leaving > 0 { add(.leaving, "goes back to its senders by an operator's order", count: one.leaving) }
        if one.leased > 0 {
            add(.moving, "under way on \(one.connections) connections", count: one.leased)
        }
        guard one.ready > 0, let condition = queue.condition(of: one.name) else { return reasons }
        return reasons + obstacles(one, condition)
    }

    /// What keeps ready mail from connections.
    private func obstacles(_ one: DestinationSummary, _ condition: DeliveryQueue.Condition) -> [QueueReason] {
        let now = wallMilliseconds()
        var found: [QueueReason] = []
        func add(_ kind: QueueReason.Kind, _ text: String, until: UInt64? = nil) {
            found.append(.init(kind: kind, text: text, until: until))
        }
        if one.holdUntil > now {
            let times = condition.failures > 1 ? " (\(condition.failures) connections failed)" : ""
            add(.leftAlone, (one.failure ?? "its next hop could not be reached") + times, until: one.holdUntil)
        }
        if one.suspendedUntil > now {
            add(.connectionsSuspended, "an operator lets no connection be opened", until: one.suspendedUntil)
        }
        found += limits(one.name, condition, now)
        if condition.connectionsInUse >= condition.connectionLimit, one.connections == 0 {
            add(.allConnections, "all \(condition.connectionLimit) connections of this loop are in use")
        } else if one.connections >= condition.most, condition.policy.limits.connections == nil {
            add(.turn, "\(one.connections) connections of this loop are its share; its mail goes in turn")
        } else if found.isEmpty {
            add(.turn, condition.opening > 0 ? "a connection is being opened" : "its turn comes")
        }
        return found
    }

    /// Limits that are used up and sources that cannot be used, over all loops.
    private func limits(_ text: String, _ condition: DeliveryQueue.Condition, _ now: UInt64) -> [QueueReason] {
        let name = QueueName(text)
        var path = EgressPath(name)
        path.pool = egress.configuration.pool(of: name)
        guard let ways = ways(path, condition.policy.limits, now) else {
            return [.init(kind: .noPool, text: "egress pool '\(path.pool ?? "")' is not configured")]
        }
        var found: [QueueReason] = []
        for way in ways {
            let state = parts.limits.state(of: way.candidate, to: name.destination, now: now)
            if let reply = way.bounce { found.append(.init(kind: .shaping, text: "shaping returns it: \(reply)")) }
            if let suspension = state.suspension {
                let source = way.source.map { "source \($0.name): " } ?? ""
                found.append(
                    .init(
                        kind: way.source == nil ? .shaping : .source, text: source + "\(suspension.reply)",
                        until: suspension.until))
            }
            found += state.limits.flatMap { reasons($0) }.filter { !found.contains($0) }
        }
        return found
    }

    private func reasons(_ state: LimitBook.State) -> [QueueReason] {
        var found: [QueueReason] = []
        let (what, limits) = (LimitKey.words(state.claim.key), state.claim.limits)
        if let most = limits.connections, state.connections >= most {
            let others = state.waiting > 1 ? "; \(state.waiting) loops wait for one" : ""
            found.append(
                .init(kind: .limit, text: "\(what): \(state.connections) of \(most) connections are in use\(others)"))
        }
        if let rate = limits.connectionRate, let next = state.nextConnection {
            let text = "\(what): its connection rate, \(rate.words), is used up"
            found.append(.init(kind: .rate, text: text, until: next))
        }
        if let rate = limits.messageRate, let next = state.nextMessage {
            let text = "\(what): its message rate, \(rate.words), is used up"
            found.append(.init(kind: .rate, text: text, until: next))
        }
        return found
    }
}

extension LimitKey {
    /// `d:x.test` as an operator reads it.
    static func words(_ key: String) -> String {
        let name = String(key.dropFirst(2))
        switch key.prefix(2) {
        case "d:": return "destination \(name)"
        case "p:": return "provider \(name)"
        case "s:": return "source \(name)"
        case "x:":
            let parts = name.split(separator: ">", maxSplits: 1).map(String.init)
            return parts.count == 2 ? "source \(parts[0]) to \(parts[1])" : name
        case "t:": return "tenant \(name)"
        case "c:": return "campaign \(name)"
        default: return name
        }
    }
}

extension DeliveryRate {
    /// `20/s`, `300/m`, `5/90s`.
    var words: String {
        func whole(_ value: Double) -> String { value == value.rounded() ? "\(Int(value))" : "\(value)" }
        let units = [1_000.0: "s", 60_000: "m", 3_600_000: "h", 86_400_000: "d"]
        return "\(whole(messages))/" + (units[milliseconds] ?? "\(whole(milliseconds / 1_000))s")
    }
}

extension Egress {
    /// Whether mail of a queue may leave by a source: the queue's pool has it.
    var leavesBy: @Sendable (_ queue: String, _ source: String) -> Bool {
        let configuration = configuration
        return { queue, source in
            guard let pool = configuration.pool(of: QueueName(queue)) else { return false }
            return configuration.pools[pool]?.members.contains { $0.source == source } ?? false
        }
    }
}
