package import NIOCore

/// One timer for the earliest of many moments at which something has to go on. One a moment would not do: where each that
/// goes off sets another one they only grow in number. Confined to its loop.
package final class LoopAlarm {
    private let loop: any EventLoop
    private var timer: Scheduled<Void>?
    /// When it goes off; `.max`: it is not set.
    private var time = UInt64.max

    package init(_ loop: any EventLoop) { self.loop = loop }

    /// Goes off then, or when it was set to, whichever comes first. Times are milliseconds since 1970.
    package func set(at time: UInt64, now: UInt64, _ action: @escaping () -> Void) {
        guard time < self.time else { return }
        timer?.cancel()
        self.time = time
        timer = loop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(time - min(now, time)))) { [self] in
            (timer, self.time) = (nil, .max)
            action()
        }
    }
}
