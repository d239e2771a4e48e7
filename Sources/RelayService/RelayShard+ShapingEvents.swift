import DeliveryQueue
import EventLog
import Measures
import TrafficShaping

// What the log is told of automatic shaping, and what is written down of it.
extension RelayShard {
    /// Four times a second, on one of the loops.
    func tickShaping() {
        guard isShaping, context.index == 0 else { return }
        let now = wallMilliseconds()
        let events = parts.shaping.expire(now: now)
        tell(events)
        // What was suspended goes on.
        if !events.isEmpty { dispatch() }
        guard let state = parts.shaping.stateToWrite(now: now) else { return }
        let shaping = parts.shaping
        parts.readers.submit { _ in shaping.write(state) }
    }

    func tell(_ events: [ShapingEvent]) {
        guard logs(.shaping) else { return }
        for shaping in events {
            var event = MailEvent(.shaping, at: shaping.milliseconds)
            if shaping.scope.kind == .path || shaping.scope.kind == .destination { event.queue = shaping.scope.target }
            event.automation = MailEvent.Automation(
                id: shaping.id, rule: shaping.rule, action: shaping.action, scope: shaping.scope.text,
                change: shaping.kind.rawValue, untilMilliseconds: shaping.until, triggers: shaping.triggers,
                cause: shaping.cause)
            log(event)
        }
    }
}
