import Glibc
import Measures

/// How the due times of an open load are spaced.
package enum Arrivals: String, Sendable, CaseIterable {
    /// Evenly.
    case constant
    /// Independently of each other: gaps of an exponential distribution, as from many senders who know nothing of each
    /// other.
    case poisson
}

/// Says when messages are due, whatever became of those before: an open load. Pure: time comes in as nanoseconds after
/// the start.
///
/// What is due and was not taken stays due, with its own time: a sender that was held up takes it later and sees by how
/// much. Nothing is remembered for it: the next due time and the rate say all.
///
/// Several lanes share one load, each for a thread of its own. Constant arrivals are dealt in turn, so that the lanes
/// together are as even as one; Poisson processes add up to a Poisson process.
package struct Pacer: Sendable {
    private let schedule: RateSchedule
    private let arrivals: Arrivals
    private let lanes: Double
    private var random: SplitMix64
    private var piece = 0
    /// Messages of all lanes that are due before the next of this one.
    private var position: Double
    /// Nanoseconds after the start at which the next message is due; nil: none any more.
    package private(set) var nextDue: UInt64?
    /// Messages taken so far.
    package private(set) var taken: UInt64 = 0

    /// - Parameters:
    ///   - lane: this one's number, from 0 on.
    ///   - lanes: that share the rate.
    package init(_ schedule: RateSchedule, _ arrivals: Arrivals, lane: Int = 0, of lanes: Int = 1, seed: UInt64 = 1) {
        self.schedule = schedule
        self.arrivals = arrivals
        self.lanes = Double(lanes)
        random = SplitMix64(seed: seed &+ UInt64(lane) &* 0xA24B_AED4_963E_E407)
        position = arrivals == .constant ? Double(lane) : 0
        if arrivals == .poisson { position += exponential() }
        nextDue = due(position)
    }

    /// The due time of a message that may begin now; nil if none is due.
    package mutating func take(now: UInt64) -> UInt64? {
        guard let due = nextDue, due <= now else { return nil }
        advance()
        return due
    }

    /// Messages that are due until `instant` (nanoseconds after the start) and were not taken.
    package func untaken(until instant: UInt64) -> UInt64 {
        var copy = self
        var count: UInt64 = 0
        while copy.take(now: instant) != nil { count += 1 }
        return count
    }

    private mutating func advance() {
        taken += 1
        position += arrivals == .constant ? lanes : exponential()
        nextDue = due(position)
    }

    private mutating func due(_ position: Double) -> UInt64? {
        // A message that would be due at the very end belongs to what comes after it.
        guard position < schedule.messages else { return nil }
        return schedule.second(ofCount: position, hint: &piece).map { UInt64($0 * 1e9) }
    }

    /// The gap to this lane's next arrival, counted in messages of all lanes.
    private mutating func exponential() -> Double {
        let uniform = Double(random.next() >> 11) / 9_007_199_254_740_992
        return -log(1 - uniform) * lanes
    }
}
