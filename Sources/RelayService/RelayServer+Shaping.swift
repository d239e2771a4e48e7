import Measures
import RunRecords
import TrafficShaping

// Automatic shaping as operators see it.
extension RelayServer {
    private var service: ShapingService { shards[0].parts.shaping }

    /// Lists what is at work, or ends one.
    func shaping(_ request: ControlRequest) async throws -> ControlResponse {
        var response = ControlResponse()
        guard try await shards[0].context.eventLoop.submit({ [shard = shards[0]] in shard.isShaping }).get() else {
            throw RecordFault("no shaping file is configured")
        }
        let now = WallInstant.now().milliseconds
        if request.command == .shapingCancel {
            guard let id = request.automation else { throw RecordFault("'automation' is missing: which one?") }
            guard let event = service.cancel(id, now: now) else { throw RecordFault("no automation \(id) is at work") }
            try await shards[0].context.eventLoop.submit { [shard = shards[0]] in shard.tell([event]) }.get()
            for shard in shards { try await shard.context.eventLoop.submit { shard.dispatch() }.get() }
            response.changed = 1
            return response
        }
        response.automations = service.active.filter { $0.automation.end > now }.map { active, action, _ in
            ControlResponse.Automation(
                id: active.id, rule: active.rule, scope: active.scope.text, action: action,
                isRecovering: active.until <= now, sinceUnixMilliseconds: active.since,
                untilUnixMilliseconds: active.until, endUnixMilliseconds: active.end, triggers: active.triggers,
                cause: active.cause)
        }
        return response
    }

    /// Nothing where no file is configured.
    func addShaping(_ text: inout MetricText) async throws {
        guard try await shards[0].context.eventLoop.submit({ [shard = shards[0]] in shard.isShaping }).get() else {
            return
        }
        let counts = Dictionary(grouping: service.active, by: \.word).mapValues(\.count)
        text.add(
            RelayMetrics.automations,
            ["suspend", "limit", "bounce", "notify"].map { ([$0], Double(counts[$0] ?? 0)) })
        text.add(RelayMetrics.automationTriggers, service.triggers.map { ([$0.rule], Double($0.count)) })
    }
}

extension RelayMetrics {
    static let automations = MetricFamily(
        "millrace_shaping_automations", .gauge, "Automatic rules of shaping at work, by what they do.",
        labels: ["action"])
    static let automationTriggers = MetricFamily(
        "millrace_shaping_triggers_total", .counter,
        "Triggers of automatic rules of shaping, by rule.", labels: ["rule"])
}
