import DeliveryQueue
import MailTypes

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
    /// What is being done for them.
    var work = OrderWork()
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
