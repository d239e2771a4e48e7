import Measures
import NIOCore
import NIOPosix
import SASLAuthentication
import SMTPProtocol

// What a connection does while its session is opened, beside reading and writing.
extension SMTPClientConnection {
    /// Milliseconds of work, on purpose: a thread of a pool's, and then on. Until then only ``ClientTimeouts/opening``
    /// counts.
    func deriveKeys() {
        guard let derivation = session.derivation else { return }
        let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
        NIOThreadPool.singleton.runIfActive(eventLoop: loop.eventLoop) { derivation.keys() }
            .whenSuccess { keys in bound.value.derived(keys) }
    }

    /// CLOCK_MONOTONIC nanoseconds, `.max` for never.
    static func end(of seconds: Double?, from begin: MonotonicInstant) -> UInt64 {
        guard let seconds, seconds < 1e9 else { return .max }
        return begin.nanoseconds + UInt64(max(0, seconds) * 1e9)
    }
}

extension ClientTimeouts {
    /// For the connection itself, within the time for all of the opening.
    var connectAmount: TimeAmount { .nanoseconds(Int64(min(connect, opening ?? connect, 1e9) * 1e9)) }
}
