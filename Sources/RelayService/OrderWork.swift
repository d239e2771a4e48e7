import DeliveryQueue
import DequeModule
import MailTypes
import Measures
import NIOCore

/// What a loop does for its operators: what somebody waits for, then what goes on behind it, each in turn.
struct OrderWork {
    struct Job {
        /// Nobody waits for it.
        var isBehind = false
        /// Hands records to the spool: waits while that has many.
        var writes = false
        /// A part well below ``OrderPacing/slice``.
        /// - Returns: whether there is more.
        var step: (RelayShard) -> Bool
        /// The relay ends before the job does.
        var stop: () -> Void
    }

    private var jobs = Deque<Job>()
    private var behind = Deque<Job>()
    var pacing = OrderPacing()
    var isScheduled = false
    /// Until then mail has the loop, nanoseconds of the monotonic clock.
    var notBefore: UInt64 = 0
    /// Mail has become ready.
    var mustDispatch = false
    private(set) var slices: LatencyHistogram?
    private(set) var longest: UInt64 = 0

    var isEmpty: Bool { jobs.isEmpty && behind.isEmpty }

    mutating func add(_ job: Job) {
        if job.isBehind { behind.append(job) } else { jobs.append(job) }
    }

    mutating func next(canWrite: Bool) -> Job? {
        if let index = jobs.firstIndex(where: { canWrite || !$0.writes }) { return jobs.remove(at: index) }
        guard let index = behind.firstIndex(where: { canWrite || !$0.writes }) else { return nil }
        return behind.remove(at: index)
    }

    mutating func takeAll() -> [Job] {
        defer { (jobs, behind) = ([], []) }
        return Array(jobs) + behind
    }

    mutating func record(_ nanoseconds: UInt64) {
        if slices == nil { slices = LatencyHistogram() }
        slices!.record(nanoseconds: nanoseconds)
        longest = max(longest, nanoseconds)
    }
}

extension RelayShard {
    /// Submitted states and completions that the spool may have before it before an operator's work waits.
    static let backlogLimit = 4_096
    private static let backlogPause: UInt64 = 5_000_000

    func begin(_ job: OrderWork.Job) {
        guard !isDraining else { return job.stop() }
        desk.work.add(job)
        scheduleWork()
    }

    /// Others have to do with what this step does.
    func charge(_ charge: OrderPacing.Charge) { desk.work.pacing.charge(charge, loops: configuration.threads) }

    private func scheduleWork() {
        guard !desk.work.isScheduled, !desk.work.isEmpty else { return }
        desk.work.isScheduled = true
        let now = MonotonicInstant.now().nanoseconds
        let pause = desk.work.notBefore > now ? desk.work.notBefore - now : 0
        context.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(Int64(pause))) { [self] in takeTurn() }
    }

    private func takeTurn() {
        desk.work.isScheduled = false
        guard !isDraining else { return stopWork() }
        let (began, used) = (MonotonicInstant.now().nanoseconds, ThreadClock.nanoseconds)
        guard let job = desk.work.next(canWrite: committer.backlog < Self.backlogLimit) else {
            desk.work.notBefore = began + Self.backlogPause
            return scheduleWork()
        }
        var (hasMore, now) = (true, began)
        while hasMore, !desk.work.pacing.isFull, now - began < OrderPacing.slice {
            hasMore = job.step(self)
            now = MonotonicInstant.now().nanoseconds
        }
        if hasMore { desk.work.add(job) }
        desk.work.record(now - began)
        let taken = ThreadClock.nanoseconds - used
        // What goes out from here on is mail's own work.
        if desk.work.mustDispatch {
            desk.work.mustDispatch = false
            dispatch()
            now = MonotonicInstant.now().nanoseconds
        }
        let moved = counts.accepted &+ counts.delivered &+ counts.deferrals
        // What others had of the core meanwhile was not taken from mail here.
        desk.work.notBefore =
            now + desk.work.pacing.pause(after: taken, moved: moved, nobodyWaits: CoreDemand.isMet, now: now)
        scheduleWork()
    }

    /// The relay ends.
    func stopWork() {
        for job in desk.work.takeAll() { job.stop() }
    }

    // MARK: Ways through the queue

    private final class Box<Value> {
        var value: Value
        init(_ value: Value) { self.value = value }
    }

    /// Works through something in slices, so that no client and no next hop waits long for its turn.
    /// - Parameter step: does a part and says whether there is more.
    /// - Returns: what `step` made of `value`; fails where the relay stops meanwhile.
    func inSlices<Value: Sendable>(
        _ value: Value, isBehind: Bool = false, writes: Bool = false,
        _ step: @escaping (RelayShard, inout Value) -> Bool
    ) -> EventLoopFuture<Value> {
        let promise = context.eventLoop.makePromise(of: Value.self)
        let box = Box(value)
        begin(
            OrderWork.Job(isBehind: isBehind, writes: writes) { shard in
                if step(shard, &box.value) { return true }
                promise.succeed(box.value)
                return false
            } stop: {
                promise.fail(RelayStops())
            })
        return promise.futureResult
    }

    /// One way through the queue for a selection.
    /// - Parameter step: a part of it; returns how many deliveries it changed.
    func sweep(
        _ selection: MailSelection, isBehind: Bool = false, writes: Bool = false,
        _ step: @escaping (RelayShard, inout QueueSweep, SliceLimit) -> Int
    ) -> EventLoopFuture<Int> {
        let limit = SliceLimit(
            looked: SliceLimit.usual.looked, changed: writes ? writtenAtOnce : SliceLimit.usual.changed)
        return inSlices((sweep: queue.sweep(selection), count: 0), isBehind: isBehind, writes: writes) {
            shard, state in
            state.count += step(shard, &state.sweep, limit)
            return !state.sweep.isOver
        }.map { $0.count }
    }

    /// Deliveries of one step that are written down: all loops have one committer.
    var writtenAtOnce: Int { max(8, 256 / configuration.threads) }
}

/// The relay ends: an operator's work is not finished.
struct RelayStops: Error, CustomStringConvertible {
    var description: String { "the relay is shutting down" }
}
