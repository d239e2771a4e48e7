import Measures
import Synchronization

/// Hands out message numbers to all loops and knows when to stop.
final class LoadPlan: Sendable {
    private let next = Atomic<Int>(0)
    private let limit: Int
    /// CLOCK_MONOTONIC nanoseconds; 0 while the run goes on.
    private let stopped = Atomic<UInt64>(0)

    private let cut = Atomic<Bool>(false)

    init(messageCount: Int?) { limit = messageCount ?? .max }

    /// The next message's number from 1 on, or nil when no more are to be sent.
    func claim() -> UInt64? {
        guard stopped.load(ordering: .relaxed) == 0 else { return nil }
        let claimed = next.add(1, ordering: .relaxed).newValue
        return claimed <= limit ? UInt64(claimed) : nil
    }

    /// No message begins from now on: the duration is over, or somebody pressed Ctrl-C. The first time counts.
    func stop() {
        _ = stopped.compareExchange(
            expected: 0, desired: MonotonicInstant.now().nanoseconds, ordering: .relaxed)
    }

    /// What is under way is not waited for, either.
    func cutOff() {
        stop()
        cut.store(true, ordering: .relaxed)
    }

    var isCutOff: Bool { cut.load(ordering: .relaxed) }

    /// When ``stop()`` was called; nil if every message has begun, or still may.
    var stoppedAt: MonotonicInstant? {
        let instant = stopped.load(ordering: .relaxed)
        return instant == 0 || isCountReached ? nil : MonotonicInstant(nanoseconds: instant)
    }

    /// Messages that may still begin.
    var remaining: UInt64 { UInt64(max(0, limit - next.load(ordering: .relaxed))) }

    private var isCountReached: Bool { next.load(ordering: .relaxed) >= limit }
    var isExhausted: Bool { stopped.load(ordering: .relaxed) != 0 || isCountReached }
}

/// One message that may begin.
struct LoadWork {
    /// Its number in the run, from 1 on.
    var sequence: UInt64
    /// When it is to begin (CLOCK_MONOTONIC); nil in a closed loop: when a connection is free for it.
    var due: MonotonicInstant?
    /// How often it was told 421 instead of being looked at.
    var earlierOffers = 0
}
