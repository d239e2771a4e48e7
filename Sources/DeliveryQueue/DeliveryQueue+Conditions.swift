// Why a queue does not move, as far as it knows itself.
extension DeliveryQueue {
    /// Besides what ``DestinationSummary`` says.
    package struct Condition: Hashable, Sendable {
        /// Connections being opened.
        package var opening: Int
        /// Connections that failed one after the other.
        package var failures: Int
        /// The key of the limit that it waits at; nil: at none.
        package var gate: String?
        /// When that is asked again at the latest, milliseconds since 1970.
        package var gateUntil: UInt64
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
        let gate = queue.isAtGate ? gates.first { $0.value.waiting.contains(index) } : nil
        return Condition(
            opening: queue.opening, failures: queue.failures, gate: gate?.key, gateUntil: gate?.value.until ?? 0,
            connectionsInUse: connectionCount, connectionLimit: connectionLimit,
            most: min(mostForOne, queue.policy.limits.connections ?? .max), policy: queue.policy)
    }

    /// The first time that a deferred delivery of this slice is due.
    package func firstDue(_ sweep: inout QueueSweep, _ limit: SliceLimit) -> UInt64? {
        slice(&sweep, SliceLimit(looked: limit.looked, changed: .max)) { $0.place == .deferred }
            .map { records[$0].due }.min()
    }
}
