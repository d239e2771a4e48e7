import DeliveryQueue
import MailTypes
import NIOCore

/// What one shard keeps for its operators. Empty while nobody asks for anything.
struct OperatorsDesk {
    /// Mail that goes back to its senders by one order.
    struct Returning {
        var reply: SMTPReply
        var isQuiet: Bool
        /// Messages that are being read back for it.
        var open = 0
        var isScheduled = false
        /// Recipients that are done with.
        var returned = 0
    }

    /// The domain of the mail that came last, as it was written and as it is known.
    var lastDomain: (octets: [UInt8], text: String) = ([], "")
    /// By order.
    var returning: [String: Returning] = [:]
    /// Only while the spool is read.
    var rebinds: [PendingRebind] = []
    /// Changed labels are being written to the spool.
    var isWritingLabels = false
    /// Some were changed since that began.
    var labelsChanged = false
    /// Paths without new connections: `SOURCE>QUEUE`, until when, milliseconds since 1970.
    var suspendedPaths: [String: UInt64] = [:]
    /// Who follows sessions.
    var traces: [TraceFeed] = []
    /// How long deliveries took lately, for who watches.
    var latency = RecentLatency()
}

/// Times of deliveries in 40 steps of a factor of two, from a microsecond on: an increment each, and a difference of two
/// readings is what lies between them.
struct RecentLatency: Sendable {
    static let steps = 40
    private(set) var counts = [UInt64](repeating: 0, count: steps)

    mutating func record(nanoseconds: UInt64) {
        let step = 64 - (nanoseconds / 1_000).leadingZeroBitCount
        counts[min(step, Self.steps - 1)] += 1
    }

    mutating func add(_ other: RecentLatency) {
        for step in counts.indices { counts[step] += other.counts[step] }
    }
}

extension RelayShard {
    /// Submitted states and completions that the spool may have before it before an operator's work waits.
    static let backlogLimit = 16_384
    /// The pause behind a slice, in times of what the slice took: what is left of the loop is for mail.
    private static let pauseFactor: Int64 = 4
    private static let longestPause: Int64 = 20_000_000

    /// Works through something in slices, so that no client and no next hop waits long for its turn.
    /// - Parameter slice: does one and says whether there is more; called when the spool has kept up.
    /// - Returns: what `slice` made of `value`; fails where the relay stops meanwhile.
    func inSlices<Value: Sendable>(
        _ value: Value, _ slice: @escaping (RelayShard, inout Value) -> Bool
    ) -> EventLoopFuture<Value> {
        let promise = context.eventLoop.makePromise(of: Value.self)
        goOn(value, promise, slice)
        return promise.futureResult
    }

    private func goOn<Value: Sendable>(
        _ value: Value, _ promise: EventLoopPromise<Value>, _ slice: @escaping (RelayShard, inout Value) -> Bool
    ) {
        guard !isDraining else { return promise.fail(RelayStops()) }
        var value = value
        let began = NIODeadline.now()
        var pause = TimeAmount.milliseconds(1)
        if committer.backlog < Self.backlogLimit {
            guard slice(self, &value) else { return promise.succeed(value) }
            let spent = (NIODeadline.now() - began).nanoseconds
            pause = .nanoseconds(min(spent * Self.pauseFactor, Self.longestPause))
        }
        let rest = value
        context.eventLoop.assumeIsolated().scheduleTask(in: pause) { [self] in goOn(rest, promise, slice) }
    }

    /// One way through the queue for a selection.
    /// - Parameter step: one slice of it; returns how many deliveries it changed.
    func sweep(
        _ selection: MailSelection, _ step: @escaping (RelayShard, inout QueueSweep, SliceLimit) -> Int
    ) -> EventLoopFuture<Int> {
        inSlices((sweep: queue.sweep(selection), count: 0)) { shard, state in
            state.count += step(shard, &state.sweep, .usual)
            return !state.sweep.isOver
        }.map { $0.count }
    }
}

/// The relay ends: an operator's work is not finished.
struct RelayStops: Error, CustomStringConvertible {
    var description: String { "the relay is shutting down" }
}
