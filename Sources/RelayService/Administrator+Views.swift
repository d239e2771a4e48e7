import ControlPlane
import DeliveryQueue
import Foundation
import MailTypes
import Measures
import MessageBuilding
import NIOCore
import RunRecords
import SpoolContract

// What operators look at.
extension Administrator {
    func summary(_ selection: MailSelection, _ grouping: SummaryGrouping, _ limit: Int) async throws -> JSONValue {
        if grouping == .source { return try await sources(limit) }
        var tallies: [String: DeliveryQueue.Tally] = [:]
        let by = DeliveryQueue.Grouping(rawValue: grouping.rawValue) ?? .destination
        let parts = shards.map { shard in
            shard.context.eventLoop.flatSubmit {
                grouping == .provider ? shard.tallyProviders(selection) : shard.tally(selection, by: by)
            }
        }
        for part in parts {
            for (name, tally) in try await part.get() { tallies[name, default: .init()].merge(tally) }
        }
        if grouping == .site { tallies = tallies.filter { $0.key.contains("mx:") } }
        let sorted = tallies.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
        var total = DeliveryQueue.Tally()
        for tally in tallies.values { total.merge(tally) }
        return .members([
            "by": .string(grouping.rawValue), "groups": .int(tallies.count),
            "rows": .array(sorted.prefix(limit).map { row($0.key, $0.value) }), "total": row("", total),
        ])
    }

    private func row(_ name: String, _ tally: DeliveryQueue.Tally) -> JSONValue {
        .members([
            "name": .string(name), "total": .int(tally.count), "ready": .int(tally.ready),
            "deferred": .int(tally.deferred), "scheduled": .int(tally.scheduled),
            "in_flight": .int(tally.leased), "held": .int(tally.held),
            "suspended": .int(tally.suspended), "leaving": .int(tally.leaving), "recipients": .int(tally.recipients),
            "oldest_age_seconds": .int(tally.count > 0 ? Int(now / 1_000) - Int(tally.oldest / 1_000) : 0),
            "last_failure": .text(tally.failure),
            "last_failure_unix_ms": tally.failure == nil ? .null : .int(tally.failedAt),
        ])
    }

    /// Mail has a source when it has a connection.
    private func sources(_ limit: Int) async throws -> JSONValue {
        var found: [String: (connections: Int, leased: Int)] = [:]
        for shard in shards {
            for (name, one) in try await shard.context.eventLoop.submit({ shard.sources }).get() {
                found[name, default: (0, 0)].connections += one.connections
                found[name, default: (0, 0)].leased += one.leased
            }
        }
        let rows = found.sorted { ($1.value.connections, $0.key) < ($0.value.connections, $1.key) }.map { name, one in
            JSONValue.members([
                "name": .string(name), "total": .int(one.leased), "in_flight": .int(one.leased),
                "connections": .int(one.connections),
            ])
        }
        return .members([
            "by": .string("source"), "groups": .int(found.count), "rows": .array(Array(rows.prefix(limit))),
        ])
    }

    func list(_ selection: MailSelection, _ limit: Int) async throws -> JSONValue {
        var found: [DeliveryQueue.Summary] = []
        for shard in shards {
            let left = limit - found.count
            guard left > 0 else { break }
            found += try await shard.context.eventLoop.flatSubmit { shard.list(selection, limit: left) }.get()
        }
        let messages = found.sorted { $0.id < $1.id }.map(Self.delivery)
        return .members([
            "messages": .array(messages), "num_scheduled": .int(messages.count), "now": .string(Self.date(now)),
        ])
    }

    private static func delivery(_ one: DeliveryQueue.Summary) -> JSONValue {
        .members([
            "id": .string(one.id.description), "queue": .string(one.destination), "place": .string(one.place),
            "recipients": .int(one.recipients), "num_attempts": .int(one.attempts),
            "due": one.due.map { .string(date($0)) } ?? .null, "created": .string(date(one.id.milliseconds)),
            "domain": .text(one.label.domain), "tenant": .text(one.label.tenant),
            "campaign": .text(one.label.campaign), "routing_domain": .text(one.label.routingDomain),
            "pool": .text(one.label.pool),
        ])
    }

    // MARK: One message

    func message(_ id: MessageID, _ content: Int?) async throws -> JSONValue {
        let spool = shards[0].spool
        var stored: StoredMessage?
        do { stored = try await shards[0].parts.readers.runIfActive { try spool.load(id) } } catch {
            throw AdminFault(.unavailable, "\(id) cannot be read: \(error)")
        }
        var deliveries: [DeliveryQueue.Summary] = []
        let parts = shards.map { shard in
            shard.context.eventLoop.flatSubmit { shard.list(.ids([id]), limit: 1_000) }
        }
        for part in parts { deliveries += try await part.get() }
        guard let stored else { throw AdminFault(.notFound, "there is no message \(id)") }
        return .members([
            "id": .string(id.description), "message": Self.facts(stored, content),
            "deliveries": .array(deliveries.map(Self.delivery)),
        ])
    }

    private static func facts(_ stored: StoredMessage, _ limit: Int?) -> JSONValue {
        let (message, state) = (QueuedMessage(stored), stored.state)
        let envelope = message.envelope
        var meta: [JSONValue.Member] = []
        let labels = envelope.labels ?? MessageLabels()
        for (name, value) in [
            ("tenant", labels.tenant), ("campaign", labels.campaign), ("pool", labels.pool),
            ("routing_domain", labels.routingDomain),
        ] { if let value { meta.append(.init(name, .string(value))) } }
        meta += labels.metadata.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) }
        let recipients = envelope.recipients.enumerated().map { index, address in
            JSONValue.members([
                "email": .string(address.description), "state": .string("\(message.recipients[index])"),
            ])
        }
        let content = stored.message.content
        return .members([
            "sender": .string(envelope.reversePath.description),
            "recipient": .string(envelope.recipients.first?.description ?? ""), "recipients": .array(recipients),
            "meta": .object(meta), "size": .int(content.size),
            "created": .string(date(stored.message.acceptedMilliseconds)),
            "num_attempts": .int(message.attempts), "held": .bool(state?.isHeld ?? false),
            "due": state.flatMap { $0.nextDueMilliseconds > 0 ? .string(date($0.nextDueMilliseconds)) : nil } ?? .null,
            "last_reply": state.flatMap { $0.lastReply.isEmpty ? nil : .string($0.lastReply) } ?? .null,
            "delay_reported": .bool(message.isDelayReported),
            "headers": .string(text(WireConversion.header(content), headerLimit)),
            "data": limit.map { .string(text(WireConversion.plain(content), $0)) } ?? .null,
            "truncated": limit.map { .bool(content.size > $0) } ?? .null,
        ])
    }

    private static let headerLimit = 65_536

    private static func text(_ bytes: [UInt8], _ limit: Int) -> String {
        String(decoding: bytes.prefix(limit), as: UTF8.self)
    }

    // MARK: Queues and connections

    /// Over all loops, by name.
    func destinations() async throws -> [String: DestinationSummary] {
        var found: [String: DestinationSummary] = [:]
        for part in shards.map({ shard in shard.context.eventLoop.flatSubmit { shard.destinations() } }) {
            for one in try await part.get() where found[one.name]?.merge(one) == nil { found[one.name] = one }
        }
        return found
    }

    func queue(_ name: String, _ limit: Int) async throws -> JSONValue {
        guard let one = try await destinations()[name] else {
            throw AdminFault(.notFound, "there is no queue '\(name)'")
        }
        let connections = try await connections(.outbound, 10_000)["connections"] ?? .array([])
        guard case .array(let all) = connections, case .object(let members) = Self.destination(one) else {
            return .null
        }
        let own = all.filter { $0["queue"] == .string(name) }
        let listed = try await list(.destination(name), limit)
        return .object(
            members + [
                .init("connections", .array(own)), .init("messages", listed["messages"] ?? .array([])),
                .init("now", .string(Self.date(now))),
            ])
    }

    static func destination(_ one: DestinationSummary) -> JSONValue {
        .members([
            "name": .string(one.name), "ready_count": .int(one.ready), "deferred": .int(one.deferred),
            "scheduled": .int(one.scheduled), "in_flight": .int(one.leased), "held": .int(one.held),
            "suspended": .int(one.suspended),
            "leaving": .int(one.leaving), "connection_count": .int(one.connections), "finished": .int(one.finished),
            "left_alone_until": one.holdUntil > 0 ? .string(date(one.holdUntil)) : .null,
            "last_failure": .text(one.failure ?? one.lastFailure),
        ])
    }

    func states(_ names: [String]) async throws -> JSONValue {
        let now = now
        let chosen = try await destinations().values.filter { names.isEmpty || names.contains($0.name) }
        let states = chosen.sorted { $0.name < $1.name }.compactMap { one -> JSONValue.Member? in
            var states: [JSONValue.Member] = []
            func add(_ name: String, _ context: String, _ until: UInt64) {
                states.append(
                    .init(name, .members(["context": .string(context), "until": .string(Self.date(until))])))
            }
            if one.holdUntil > now { add("left_alone", one.failure ?? "its limits are used up", one.holdUntil) }
            if one.suspendedUntil > now { add("suspended", "an operator has suspended it", one.suspendedUntil) }
            return states.isEmpty && names.isEmpty ? nil : .init(one.name, .object(states))
        }
        return .members(["states_by_ready_queue": .object(states)])
    }

    func connections(_ side: AdminOrder.Side?, _ limit: Int) async throws -> JSONValue {
        var found: [JSONValue] = []
        for shard in shards where found.count < limit {
            let left = limit - found.count
            found += try await shard.context.eventLoop.submit { shard.connections(side, limit: left) }.get()
        }
        return .members(["connections": .array(Array(found.prefix(limit)))])
    }

    func abort(_ id: String, _ queue: String?) async throws -> JSONValue {
        for shard in shards {
            let isDone = try await shard.context.eventLoop.submit { shard.abort(id, queue: queue) }.get()
            if isDone { return .members(["session_id": .string(id)]) }
        }
        throw AdminFault(.notFound, "there is no connection '\(id)'\(queue.map { " to '\($0)'" } ?? "")")
    }

    // MARK: All at a glance

    func overview(_ limit: Int) async throws -> JSONValue {
        var (counts, latency, hops) = (RelayCounts(), RecentLatency(), 0)
        for shard in shards {
            let part = try await shard.context.eventLoop.submit {
                (shard.counts, shard.desk.latency, shard.connections.count)
            }.get()
            counts.add(part.0)
            latency.add(part.1)
            hops += part.2
        }
        let all = try await destinations().values
        let busiest = all.sorted { ($1.count, $0.name) < ($0.count, $1.name) }.prefix(limit)
        func sum(_ path: KeyPath<DestinationSummary, Int>) -> JSONValue {
            .int(all.reduce(0) { $0 + $1[keyPath: path] })
        }
        let spool = shards[0].spool
        return .members([
            "now_unix_ms": .int(now), "accepted": .int(counts.accepted),
            "accepted_messages": .int(counts.acceptedMessages),
            "accepted_bytes": .int(counts.acceptedBytes), "delivered": .int(counts.delivered),
            "deferrals": .int(counts.deferrals), "bounced": .int(counts.bounced), "refused": .int(counts.refused),
            "queued": .int(counts.queued), "ready": sum(\.ready), "deferred": sum(\.deferred),
            "scheduled": sum(\.scheduled), "in_flight": sum(\.leased),
            "held": sum(\.held), "suspended": sum(\.suspended), "leaving": sum(\.leaving),
            "connections_in": .int(counts.clients), "connections_out": .int(hops), "destinations": .int(all.count),
            "memory_bytes": .int(Self.residentBytes), "spool_free_bytes": spool.freeBytes.map { .int($0) } ?? .null,
            "spool_fault": .text(shards[0].committer.fault?.description), "orders": .int(orders.count),
            "delivery_time_counts": .array(latency.counts.map { .int($0) }),
            "busiest": .array(busiest.map(Self.destination)),
        ])
    }

    /// VmRSS of proc(5).
    private static var residentBytes: Int {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
            let pages = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { return 0 }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    func unreadiness() async -> [String] { await readiness() }
}

extension QueuedMessage {
    /// As the spool has it.
    fileprivate convenience init(_ stored: StoredMessage) {
        self.init(
            SpoolEntry(
                id: stored.message.id, envelope: stored.message.envelope,
                acceptedMilliseconds: stored.message.acceptedMilliseconds, size: stored.message.content.size,
                state: stored.state))
    }
}
