/// Bytes of content that clients have sent and the spool does not have yet, and who must wait when they are too many.
///
/// A disk that is slower than the network would otherwise fill memory: 2,000 clients may be in the middle of a message
/// of 32 MiB each. Beyond the limit a connection that already takes its share is no longer read from; small mail goes
/// on. One connection is always let through, so that what is held can end.
struct ReceptionBudget {
    /// Octets of one message below which its connection is never held.
    static let smallMessage = 16_384

    let limit: Int
    private(set) var bytes = 0
    /// Connections in the middle of content that are read from.
    private(set) var active = 0
    /// Messages with the group commit: when they are done there is room again.
    private(set) var committing = 0

    init(limit: Int) { self.limit = limit }

    mutating func begin() { active += 1 }

    /// - Parameter own: octets of the message so far.
    /// - Returns: the connection must be held now.
    mutating func add(_ count: Int, own: Int) -> Bool {
        bytes += count
        guard bytes > limit, own > Self.smallMessage, active > 1 || committing > 0 else { return false }
        active -= 1
        return true
    }

    /// The message is complete.
    mutating func commit(wasHeld: Bool) {
        if !wasHeld { active -= 1 }
        committing += 1
    }

    /// The commit is over, with so many octets.
    mutating func settle(_ own: Int) {
        committing -= 1
        bytes -= own
    }

    /// The message will not be completed.
    mutating func abort(_ own: Int, wasHeld: Bool) {
        bytes -= own
        if !wasHeld { active -= 1 }
    }

    /// One that was held may go on: there is room, or nothing else would make some.
    mutating func release() -> Bool {
        guard bytes <= limit / 4 * 3 || (active == 0 && committing == 0) else { return false }
        active += 1
        return true
    }
}
