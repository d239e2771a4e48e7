import MailTypes
import Measures

/// What one event loop measures besides ``RelayCounts``. Confined to its loop.
struct RelayMeters: Sendable {
    /// From acceptance to delivery, of messages accepted by this process.
    var delivery = LatencyHistogram()
    /// From MAIL to the answer to the content, of transactions with next hops.
    var transactions = LatencyCounter()
    /// From the spool to the queue, of messages whose exchangers had to be asked for.
    var placements = LatencyCounter()
    /// Signing one message.
    var signatures = LatencyCounter()
    var rejections = RejectionCounts()
    /// Connections of clients that were refused, by what refused them.
    var denials: [ConnectionDenial: UInt64] = [:]
    /// Nil where nobody wants to know.
    var breakdown: RecipientBreakdown?

    mutating func merge(_ other: RelayMeters) {
        delivery.merge(other.delivery)
        transactions.merge(other.transactions)
        placements.merge(other.placements)
        signatures.merge(other.signatures)
        rejections.merge(other.rejections)
        denials.merge(other.denials, uniquingKeysWith: +)
        guard let found = other.breakdown else { return }
        if breakdown?.merge(found) == nil { breakdown = found }
    }
}

/// Why a client was not let in.
enum ConnectionDenial: String, Sendable, CaseIterable {
    /// The listener has as many connections as it may have.
    case listener = "listener_limit"
    /// The client's address has as many as it may have.
    case client = "client_limit"
    /// Something is short.
    case load
    /// A rule, a plug-in or a check of the client said so.
    case policy
}

/// Refusals said to SMTP clients, by their codes; bounded, since texts of rules have codes of their own.
struct RejectionCounts: Sendable {
    struct Key: Hashable, Sendable {
        /// `550`
        var code: String
        /// `5.7.1`; empty: the reply has none.
        var enhanced: String
    }
    /// Pairs of codes that are counted each for itself.
    static let most = 200
    static let others = Key(code: LargestCounters.others, enhanced: "")

    private(set) var counts: [Key: UInt64] = [:]

    mutating func add(_ reply: SMTPReply) {
        add(Key(code: "\(reply.code)", enhanced: reply.enhanced.map { "\($0)" } ?? ""), 1)
    }

    mutating func merge(_ other: RejectionCounts) {
        for (key, count) in other.counts { add(key, count) }
    }

    private mutating func add(_ key: Key, _ count: UInt64) {
        counts[counts[key] == nil && counts.count >= Self.most ? Self.others : key, default: 0] += count
    }
}
