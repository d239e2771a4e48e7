import DeliveryQueue
import EventLog
import Measures
import TrafficShaping

// What the log is told of automatic shaping, and what is written down of it.
extension RelayShard {
    /// Four times a second.
    func tickShaping() {
        guard isShaping else { return }
        if context.index == 0 { tickForAll() }
        wakeSuspended()
    }

    /// One of the loops does what has to be done once.
    private func tickForAll() {
        let now = wallMilliseconds()
        tell(parts.shaping.expire(now: now))
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
