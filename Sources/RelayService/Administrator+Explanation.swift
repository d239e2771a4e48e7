import ControlPlane
import DeliveryQueue
import Measures
import MessageBuilding
import NIOCore
import RunRecords

extension Administrator {
    /// Why a queue's mail waits, over all loops.
    func explain(_ name: String) async throws -> JSONValue {
        var summary: DestinationSummary?
        var reasons: [QueueReason] = []
        let parts = shards.map { shard in shard.context.eventLoop.flatSubmit { shard.explain(name) } }
        for part in parts {
            guard let (one, found) = try await part.get() else { continue }
            if summary?.merge(one) == nil { summary = one }
            for reason in found { add(reason, to: &reasons) }
        }
        guard let summary else {
            throw AdminFault(.notFound, "no mail waits for '\(name)', and there is no connection to it")
        }
        reasons += suspensions(name, summary)
        return .members([
            "queue": Self.destination(summary), "verdict": .string(Self.verdict(summary)),
            "reasons": .array(reasons.map(Self.reason)), "now": .string(Self.date(now)), "now_unix_ms": .int(now),
        ])
    }

    /// What two loops say is said once.
    private func add(_ reason: QueueReason, to reasons: inout [QueueReason]) {
        guard let index = reasons.firstIndex(where: { $0.kind == reason.kind && $0.text == reason.text }) else {
            return reasons.append(reason)
        }
        if let count = reason.count { reasons[index].count = (reasons[index].count ?? 0) + count }
        // What is due first comes first; what is left alone is so by every loop for itself.
        if let until = reason.until { reasons[index].until = min(reasons[index].until ?? until, until) }
    }

    /// The orders behind it.
    private func suspensions(_ name: String, _ summary: DestinationSummary) -> [QueueReason] {
        let now = now
        return orders.filter { order in
            guard order.holds(now) else { return false }
            switch order.kind {
            case .suspend: return summary.suspended > 0 && order.selection.mail.fits(queue: name)
            case .suspendConnections: return order.queue == name
            case .bounce, .rebind: return false
            }
        }.map { order in
            let source = order.source.map { " from source \($0)" } ?? ""
            return QueueReason(
                kind: order.kind == .suspend ? .suspended : .connectionsSuspended,
                text: "order \(order.id)\(source): \(order.reason)", until: order.untilUnixMilliseconds, order: order.id
            )
        }
    }

    private static func verdict(_ one: DestinationSummary) -> String {
        if one.leased > 0 { return "moving" }
        return one.count == 0 ? "empty" : "waiting"
    }

    private static func reason(_ one: QueueReason) -> JSONValue {
        .members([
            "kind": .string(one.kind.rawValue), "text": .string(one.text),
            "count": one.count.map { .int($0) } ?? .null, "order": .text(one.order),
            "until": one.until.map { .string(date($0)) } ?? .null,
            "until_unix_ms": one.until.map { .int($0) } ?? .null,
        ])
    }
}
