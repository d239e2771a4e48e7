import LoadPacing
import Measures
import Synchronization

/// The due times of an open load, one lane a loop, so that loops wake only for their own messages. A lane that is behind
/// for want of a free connection is served by the other loops, too: together they are one queue before all connections.
final class OpenPace: Sendable {
    private final class Lane: Sendable {
        let pacer: Mutex<Pacer>
        /// It has due messages and no free connection.
        let isBehind = Atomic<Bool>(false)
        /// Free connections of its loop.
        let resting = Atomic<Int>(0)

        init(_ pacer: Pacer) { self.pacer = Mutex(pacer) }
    }

    private let lanes: [Lane]
    private let behind = Atomic<Int>(0)
    /// CLOCK_MONOTONIC nanoseconds of the schedule's zero; 0 before it has begun.
    private let zero = Atomic<UInt64>(0)

    /// - Parameter end: seconds after which nothing is due any more.
    init(_ load: LoadConfiguration.OpenLoad, lanes count: Int, until end: Double?, seed: UInt64) {
        let schedule = end.map { load.schedule.cut(at: $0) } ?? load.schedule
        lanes = (0..<count).map { Lane(Pacer(schedule, load.arrivals, lane: $0, of: count, seed: seed)) }
    }

    /// From this instant on messages are due.
    func begin(at instant: MonotonicInstant) { zero.store(instant.nanoseconds, ordering: .releasing) }

    /// The due time of a message that may begin now: of the loop's own lane, or of one that is behind.
    func take(_ index: Int, now: MonotonicInstant) -> MonotonicInstant? {
        let zero = zero.load(ordering: .acquiring)
        guard zero != 0, now.nanoseconds >= zero else { return nil }
        let elapsed = now.nanoseconds - zero
        if let due = lanes[index].pacer.withLock({ $0.take(now: elapsed) }) {
            return MonotonicInstant(nanoseconds: zero + due)
        }
        guard behind.load(ordering: .relaxed) > 0 else { return nil }
        for lane in lanes where lane.isBehind.load(ordering: .relaxed) {
            if let due = lane.pacer.withLock({ $0.take(now: elapsed) }) {
                return MonotonicInstant(nanoseconds: zero + due)
            }
            setBehind(lane, false)
        }
        return nil
    }

    /// When the loop's own next message is due; nil if there is none any more, or nothing has begun.
    func nextDue(_ index: Int) -> MonotonicInstant? {
        let zero = zero.load(ordering: .acquiring)
        guard zero != 0, let due = lanes[index].pacer.withLock({ $0.nextDue }) else { return nil }
        return MonotonicInstant(nanoseconds: zero + due)
    }

    /// The loop has no free connection for what is due.
    /// - Returns: a loop that has one.
    func fallsBehind(_ index: Int) -> Int? {
        setBehind(lanes[index], true)
        return lanes.firstIndex { $0.resting.load(ordering: .relaxed) > 0 }
    }

    private func setBehind(_ lane: Lane, _ value: Bool) {
        guard lane.isBehind.exchange(value, ordering: .relaxed) != value else { return }
        behind.add(value ? 1 : -1, ordering: .relaxed)
    }

    /// Every message that is due in the run has begun.
    var isDone: Bool { lanes.allSatisfy { lane in lane.pacer.withLock { $0.nextDue == nil } } }

    func setResting(_ index: Int, _ count: Int) { lanes[index].resting.store(count, ordering: .relaxed) }

    /// Messages that were due by `instant` and did not begin.
    func untaken(until instant: MonotonicInstant) -> UInt64 {
        let zero = zero.load(ordering: .acquiring)
        guard zero != 0, instant.nanoseconds > zero else { return 0 }
        return lanes.reduce(0) { $0 + $1.pacer.withLock { $0 }.untaken(until: instant.nanoseconds - zero) }
    }
}
