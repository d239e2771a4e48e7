import ControlPlane
import DeliveryQueue
import MailTypes
import MessageBuilding
import NIOCore
import SMTPTransport

// What an operator looks at: counted in slices, listed within bounds.
extension RelayShard {
    func tally(
        _ selection: MailSelection, by grouping: DeliveryQueue.Grouping
    ) -> EventLoopFuture<[String: DeliveryQueue.Tally]> {
        inSlices((sweep: queue.sweep(selection), tallies: [String: DeliveryQueue.Tally]())) { shard, state in
            shard.queue.tally(&state.sweep, .usual, by: grouping, into: &state.tallies)
            return !state.sweep.isOver
        }.map { $0.tallies }
    }

    /// Deliveries of one step that are counted by provider: each may be to another queue, and shaping is asked for each.
    private static let attributedAtOnce = 64

    /// By the providers of the shaping file; mail to none of them counts as an empty text.
    func tallyProviders(_ selection: MailSelection) -> EventLoopFuture<[String: DeliveryQueue.Tally]> {
        inSlices((sweep: queue.sweep(selection), tallies: [String: DeliveryQueue.Tally]())) { shard, state in
            var part: [String: DeliveryQueue.Tally] = [:]
            let limit = SliceLimit(looked: Self.attributedAtOnce, changed: .max)
            shard.queue.tally(&state.sweep, limit, by: .destination, into: &part)
            for (name, tally) in part {
                let provider = shard.provider(of: name, remembers: false) ?? ""
                state.tallies[provider, default: .init()].merge(tally)
            }
            return !state.sweep.isOver
        }.map { $0.tallies }
    }

    /// Destinations of one step.
    private static let summedUpAtOnce = 128

    /// In no order.
    func destinations() -> EventLoopFuture<[DestinationSummary]> {
        inSlices((next: Int?.some(0), found: [DestinationSummary]())) { shard, state in
            state.found += shard.queue.destinationSummaries(from: &state.next, atMost: Self.summedUpAtOnce)
            return state.next != nil
        }.map { $0.found }
    }

    /// - Parameter limit: at most so many.
    func list(_ selection: MailSelection, limit: Int) -> EventLoopFuture<[DeliveryQueue.Summary]> {
        inSlices((sweep: queue.sweep(selection), found: [DeliveryQueue.Summary]())) { shard, state in
            let slice = SliceLimit(
                looked: SliceLimit.usual.looked, changed: min(SliceLimit.usual.changed, limit - state.found.count))
            if slice.changed > 0 { state.found += shard.queue.summaries(&state.sweep, slice) }
            return !state.sweep.isOver && state.found.count < limit
        }.map { $0.found }
    }

    // MARK: Connections

    /// `i0.17`: the seventeenth connection of the first loop, a client's; `o…`: one to a next hop.
    func id(of connection: SMTPServerConnection) -> String { "i\(context.index).\(connection.number)" }
    func id(of hop: NextHopConnection) -> String { "o\(context.index).\(hop.number)" }

    func connections(_ side: AdminOrder.Side?, limit: Int) -> [JSONValue] {
        var found: [JSONValue] = []
        if side != .outbound {
            context.forEachServerConnection { if found.count < limit { found.append(facts($0)) } }
        }
        if side != .inbound {
            for hop in connections.values.prefix(limit) { found.append(facts(hop)) }
        }
        return found
    }

    private func facts(_ connection: SMTPServerConnection) -> JSONValue {
        let reception = connection.owner as? ClientReception
        return .members([
            "session_id": .string(id(of: connection)), "direction": .string("in"),
            "peer": .string(connection.clientText), "name": .string(connection.session.clientName),
            "listener": .text(reception?.listenerName), "tls": .text(connection.tls?.version),
            "user": .text(connection.session.authenticatedUser),
            "state": .string(
                connection.session.isReceivingContent ? "content" : connection.session.isIdle ? "idle" : "transaction"),
            "since_unix_ms": .int(reception?.since ?? 0),
        ])
    }

    private func facts(_ hop: NextHopConnection) -> JSONValue {
        .members([
            "session_id": .string(id(of: hop)), "direction": .string("out"),
            "peer": .string(hop.address?.address.endpointText ?? ""), "name": .string(hop.address?.name ?? ""),
            "queue": .string(queue.name(of: hop.destination)),
            "source": .text(hop.path.source?.name ?? hop.connection?.localAddress?.ipAddress),
            "tls": .text(hop.connection?.tls?.version),
            "state": .string(!hop.isReady ? "connecting" : hop.loads.isEmpty ? "idle" : "transaction"),
            "messages": .int(hop.served), "since_unix_ms": .int(hop.openedAt),
        ])
    }

    /// Ends a connection. A client is told 421; what was on its way to a next hop counts as an attempt that failed.
    /// - Parameter queue: it must be one to this queue.
    /// - Returns: false if there is no such connection here.
    func abort(_ id: String, queue name: String?) -> Bool {
        if let hop = connections.values.first(where: { self.id(of: $0) == id }) {
            guard name.map({ MailSelection(destination: $0).fits(queue: hop.name) }) ?? true else { return false }
            hop.abort()
            return true
        }
        guard name == nil else { return false }
        var isFound = false
        context.forEachServerConnection { connection in
            guard self.id(of: connection) == id else { return }
            isFound = true
            connection.leave(saying: SMTPReply(421, .init(4, 3, 2), "\(hostname) Closed by an operator"))
        }
        return isFound
    }

    /// Connections and deliveries under way by source, or by the local address that they leave from.
    var sources: [String: (connections: Int, leased: Int)] {
        var found: [String: (connections: Int, leased: Int)] = [:]
        for hop in connections.values {
            let name = hop.path.source?.name ?? hop.connection?.localAddress?.ipAddress ?? "connecting"
            found[name, default: (0, 0)].connections += 1
            found[name, default: (0, 0)].leased += hop.loads.count
        }
        return found
    }
}
