// Why a queue does not move, as far as it knows itself.
extension DeliveryQueue {
    /// Besides what ``DestinationSummary`` says.
    package struct Condition: Hashable, Sendable {
        /// Connections being opened.
        package var opening: Int
        /// Connections that failed one after the other.
        package var failures: Int
        /// Connections of this loop to all destinations, and how many there may be.
        package var connectionsInUse: Int
        package var connectionLimit: Int
        /// Connections that this destination may have here.
        package var most: Int
        package var policy: DestinationPolicy
    }

    /// Nil: there is no such queue here.
    package func condition(of name: String) -> Condition? {
        guard let index = indices[name] else { return nil }
        let queue = destinations[Int(index)]
        return Condition(
            opening: queue.opening, failures: queue.failures, connectionsInUse: connectionCount,
            connectionLimit: connectionLimit, most: most(for: index), policy: policy(index))
    }

    /// When the first deferred delivery is due, and the first of those that wait by their senders' wish, milliseconds since
    /// 1970; nil: there is none.
    package struct FirstDue: Hashable, Sendable {
        package var deferred: UInt64?
        package var scheduled: UInt64?
        package init() {}
    }

    /// Looks through one slice.
    package func findFirstDue(_ sweep: inout QueueSweep, _ limit: SliceLimit, _ first: inout FirstDue) {
        for handle in slice(&sweep, SliceLimit(looked: limit.looked, changed: .max), where: { $0.place == .deferred }) {
            let due = records[handle].due
            if isScheduled(handle) {
                first.scheduled = min(first.scheduled ?? due, due)
            } else {
                first.deferred = min(first.deferred ?? due, due)
            }
        }
    }
}
