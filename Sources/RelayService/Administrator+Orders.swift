import ControlPlane
import DeliveryQueue
import Foundation
import HTTPService
import MailTypes
import Measures
import MessageBuilding
import NIOCore
import RunRecords

// Each thing that operators ask for. Answers have the shapes of KumoMTA's where it has such a thing.
extension Administrator: Administration {
    func perform(_ order: AdminOrder) async throws -> JSONValue {
        do { return try await answer(order) } catch is RelayStops {
            throw AdminFault(.unavailable, "the relay is shutting down")
        }
    }

    private func answer(_ order: AdminOrder) async throws -> JSONValue {
        switch order {
        case .suspend(let terms): return try await suspend(terms)
        case .suspendConnections(let path, let reason, let time):
            return try await suspendConnections(path, reason, time)
        case .bounce(let terms, let reply, let isQuiet): return try await bounce(terms, reply, isQuiet)
        case .standing(let kind): return list(kind)
        case .withdraw(let kind, let id): return try await withdraw(kind, id)
        case .rebind(let terms, let change, let isQuiet, let flushes):
            return try await rebind(terms, change, isQuiet: isQuiet, flushes: flushes)
        case .flush(let selection): return changed(try await onAll { $0.flush(selection) })
        case .hold(let selection): return changed(try await onAll { $0.hold(selection) })
        case .release(let selection): return changed(try await onAll { $0.unhold(selection) })
        case .remove(let selection): return changed(try await onAll { $0.remove(selection) })
        case .reroute(let selection): return changed(try await onAll { $0.reroute(selection) })
        case .summary(let selection, let grouping, let limit): return try await summary(selection, grouping, limit)
        case .list(let selection, let limit): return try await list(selection, limit)
        case .message(let id, let content): return try await message(id, content)
        case .queue(let name, let limit): return try await queue(name, limit)
        case .states(let names): return try await states(names)
        case .explain(let name): return try await explain(name)
        case .connections(let side, let limit): return try await connections(side, limit)
        case .abort(let id, let queue): return try await abort(id, queue)
        case .overview(let limit): return try await overview(limit)
        }
    }

    nonisolated func trace(_ wish: TraceWish) -> HTTPStream {
        let shards = shards
        return { writer in TraceFeed(wish).run(shards, to: writer) }
    }

    func changed(_ count: Int) -> JSONValue { .members(["changed": .int(count)]) }

    // MARK: Mail waits

    private func fresh(_ kind: StandingOrder.Kind, _ terms: OrderTerms) -> StandingOrder {
        var order = StandingOrder(
            kind, id: UUID().uuidString.lowercased(), selection: terms.selection, reason: terms.reason, created: now)
        if terms.milliseconds > 0 { order.untilUnixMilliseconds = now + terms.milliseconds }
        return order
    }

    private func suspend(_ terms: OrderTerms) async throws -> JSONValue {
        let order = fresh(.suspend, terms)
        let queueOrder = QueueOrder(order)
        let count = try await carryOut(order) { $0.suspend(queueOrder) }
        return .members(["id": .string(order.id), "changed": .int(count)])
    }

    private func suspendConnections(
        _ path: ConnectionPath, _ reason: String, _ milliseconds: UInt64
    ) async throws -> JSONValue {
        var order = fresh(
            .suspendConnections, OrderTerms(.destination(path.queue), reason: reason, milliseconds: milliseconds))
        (order.queue, order.source) = (path.queue, path.source)
        let until = order.untilUnixMilliseconds ?? now
        _ = try await carryOut(order) { shard in
            shard.suspendConnections(of: path.queue, source: path.source, until: until)
            return shard.context.eventLoop.makeSucceededFuture(0)
        }
        return .members(["id": .string(order.id)])
    }

    // MARK: Mail goes back

    private func bounce(_ terms: OrderTerms, _ reply: SMTPReply, _ isQuiet: Bool) async throws -> JSONValue {
        var order = fresh(.bounce, terms)
        order.isPending = true
        (order.reply, order.isQuiet) = (reply.description, isQuiet)
        let (id, queueOrder, isStanding) = (order.id, QueueOrder(order), terms.milliseconds > 0)
        let count = try await carryOut(order) { shard in
            if isStanding { shard.queue.give(queueOrder) }
            return shard.bounce(terms.selection, order: id, reply: reply, isQuiet: isQuiet)
        }
        return .members(["id": .string(order.id), "total_bounced": .int(count)])
    }

    // MARK: Orders that hold

    private func kind(_ kind: AdminOrder.OrderKind) -> StandingOrder.Kind {
        switch kind {
        case .suspension: .suspend
        case .connectionSuspension: .suspendConnections
        case .bounce: .bounce
        }
    }

    private func list(_ kind: AdminOrder.OrderKind) -> JSONValue {
        let wanted = self.kind(kind)
        return .array(orders.filter { $0.kind == wanted }.map(entry))
    }

    private func entry(_ order: StandingOrder) -> JSONValue {
        let (now, selection) = (now, order.selection)
        let left = order.untilUnixMilliseconds.map { $0 > now ? $0 - now : 0 } ?? 0
        return .members([
            "id": .string(order.id), "name": .text(order.queue), "source": .text(order.source),
            "domain": .text(selection.domain), "tenant": .text(selection.tenant),
            "campaign": .text(selection.campaign), "routing_domain": .text(selection.routingDomain),
            "destination": .text(order.queue == nil ? selection.destination : nil), "pool": .text(selection.pool),
            "ids": selection.ids.map { .int($0.count) } ?? .null, "by_source": .text(selection.source),
            "queue_names": selection.queueNames.map { .string($0.joined(separator: " ")) } ?? .null,
            "reason": .string(order.reason),
            "duration": .string(HumanDuration(seconds: Double(left / 1_000)).description),
            "expires": order.untilUnixMilliseconds.map { .string(Self.date($0)) } ?? .null,
            "reply": .text(order.reply), "quiet": order.isQuiet.map { .bool($0) } ?? .null,
            "changed": .int(order.changed), "pending": .bool(order.isPending),
        ])
    }

    /// RFC 3339, UTC.
    static func date(_ milliseconds: UInt64) -> String {
        InternetDate.text(unixSeconds: Int(milliseconds / 1_000))
    }

    private func withdraw(_ kind: AdminOrder.OrderKind, _ id: String) async throws -> JSONValue {
        let wanted = self.kind(kind)
        guard let order = orders.first(where: { $0.kind == wanted && $0.id == id && ($0.holds(now) || !$0.isPending) })
        else { throw AdminFault(.notFound, "there is no such order") }
        try await end(order)
        return .members(["id": .string(id)])
    }

    // MARK: Other labels, another way

    private func rebind(
        _ terms: OrderTerms, _ change: LabelChange, isQuiet: Bool, flushes: Bool
    ) async throws -> JSONValue {
        var order = fresh(.rebind, terms)
        order.isPending = true
        (order.change, order.isQuiet) = (StandingOrder.Change(change), isQuiet)
        let count = try await carryOut(order) { shard in
            let swept = shard.rebind(terms.selection, change, logs: !isQuiet)
            return swept.map { count in
                if count > 0 { shard.startWritingLabels() }
                return count
            }
        }
        // What has other labels now may not fit any more.
        if flushes { _ = try await onAll { $0.flush(terms.selection.changed(change)) } }
        return .members(["changed": .int(count)])
    }
}

extension MailSelection {
    /// The same deliveries when their labels are changed.
    fileprivate func changed(_ change: LabelChange) -> MailSelection {
        func text(_ old: String?, _ new: String?) -> String? {
            guard let new else { return old }
            return new.isEmpty ? nil : new
        }
        var other = self
        other.tenant = text(tenant, change.tenant)
        other.campaign = text(campaign, change.campaign)
        other.routingDomain = text(routingDomain, change.routingDomain)
        if change.pool != nil || change.routingDomain != nil { (other.pool, other.destination) = (change.pool, nil) }
        return other
    }
}
