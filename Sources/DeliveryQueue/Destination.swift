import MailTypes

/// A handle for the queue of one destination; valid while it has mail or connections.
package struct Destination: Hashable, Sendable {
    let index: UInt32
}

/// The queue of one destination, and how its next hop has fared.
struct DestinationQueue: Sendable {
    var name: String
    /// As it was at ``policyVersion``: ``DeliveryQueue/policy(_:)`` has the one that holds.
    var policy: DestinationPolicy
    var policyVersion: UInt32 = 0
    /// Free for another destination.
    var isFree = false
    var ready = WaitingList()
    var deferred = 0
    /// Of ``deferred``, those that wait by their senders' wish.
    var scheduled = 0
    var leased = 0
    var held = 0
    var suspended = 0
    var leaving = 0
    /// Open ones and those being opened.
    var connections = 0
    var opening = 0
    /// In the ring of those that may want a connection.
    var isInRing = false
    /// Waits for what a limit allows; see ``DeliveryQueue/connectionDenied(_:by:until:)``.
    var isAtGate = false
    /// It is the first of this gate, and asks again.
    var trying: String?
    /// Left alone until then, milliseconds since 1970.
    var holdUntil: UInt64 = 0
    /// Of the last hold after a failure; 0 while all is well.
    var holdDelay: UInt64 = 0
    /// Connections that failed one after the other.
    var failures = 0
    var failure: SMTPReply?
    /// What an attempt that failed was told last, and when, milliseconds since 1970.
    var lastFailure: (reply: SMTPReply, at: UInt64)?
    /// Deliveries that ended here, however they did, since the queue has been there.
    var finished: UInt64 = 0
    /// No connection is opened until then, says an operator, milliseconds since 1970.
    var suspendedUntil: UInt64 = 0

    var count: Int { ready.count + deferred + leased + held + suspended + leaving }

    /// One more connection would have something to do.
    /// - Parameter most: connections that it may have.
    func wantsConnection(now: UInt64, most: Int) -> Bool {
        guard ready.count > opening, now >= holdUntil, now >= suspendedUntil, !isAtGate else { return false }
        // One connection tries first; the others follow when it succeeded: who does not answer costs only one.
        return connections < (connections == opening ? 1 : most)
    }
}

/// What an operator sees of one destination.
package struct DestinationSummary: Hashable, Sendable {
    package var name: String
    package var ready: Int
    package var deferred: Int
    /// Deferred by their senders' wish; not among ``deferred``.
    package var scheduled: Int
    package var leased: Int
    package var held: Int
    package var suspended: Int
    package var leaving: Int
    package var connections: Int
    /// The next hop is left alone until then, milliseconds since 1970; 0: it is not.
    package var holdUntil: UInt64
    /// An operator lets no connection be opened until then; 0: they may be.
    package var suspendedUntil: UInt64
    /// Deliveries that have ended here since the queue has been there.
    package var finished: UInt64
    /// Why the next hop is left alone.
    package var failure: String?
    /// What an attempt was told last that failed.
    package var lastFailure: String?

    package var count: Int { ready + deferred + scheduled + leased + held + suspended + leaving }

    /// Of two event loops.
    package mutating func merge(_ other: DestinationSummary) {
        ready += other.ready
        deferred += other.deferred
        scheduled += other.scheduled
        leased += other.leased
        held += other.held
        suspended += other.suspended
        leaving += other.leaving
        connections += other.connections
        holdUntil = max(holdUntil, other.holdUntil)
        suspendedUntil = max(suspendedUntil, other.suspendedUntil)
        finished += other.finished
        failure = failure ?? other.failure
        lastFailure = lastFailure ?? other.lastFailure
    }
}
