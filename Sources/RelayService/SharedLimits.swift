import DeliveryQueue
import MailTypes
import NIOCore
import Synchronization

/// The one ``EgressBook`` of all event loops. Only connections come here that have a source or a limit, and their messages
/// where a rate has to be kept.
final class SharedLimits: Sendable {
    private let book = Mutex(EgressBook())
    /// By the loop's index: tells it that it has a turn at a key.
    private let wakers = Mutex<[Int: @Sendable (String) -> Void]>([:])

    func register(_ loop: Int, _ waker: @escaping @Sendable (String) -> Void) {
        wakers.withLock { $0[loop] = waker }
    }

    func connect(_ wish: EgressBook.Wish, now: UInt64) -> EgressBook.Answer {
        book.withLock { $0.connect(wish, now: now) }
    }

    /// A connection that is open counts at these keys, too, from now on.
    func adopt(_ keys: [String]) {
        book.withLock { book in for key in keys { book.limits.adopt(key) } }
    }

    func disconnect(_ keys: [String], now: UInt64) {
        guard !keys.isEmpty else { return }
        tell(book.withLock { $0.limits.disconnect(keys, now: now) })
    }

    /// The loop needs no connection of this key any more.
    func pass(_ key: String, loop: Int, now: UInt64) {
        if let wake = book.withLock({ $0.limits.pass(key, loop: loop, now: now) }) { tell([wake]) }
    }

    private func tell(_ wakes: [LimitBook.Wake]) {
        for wake in wakes {
            if let waker = wakers.withLock({ $0[wake.loop] }) { waker(wake.key) }
        }
    }

    func takeWanted(_ keys: [String], besides loop: Int, name: String) -> Bool {
        book.withLock { $0.limits.takeWanted(keys, besides: loop, name: name) }
    }

    /// More connections are open at one of these keys than may be now.
    func isOver(_ claims: [LimitBook.Claim]) -> Bool {
        book.withLock { book in
            claims.contains { claim in
                claim.limits.connections.map { book.limits.connections(of: claim.key) > $0 } ?? false
            }
        }
    }

    func begin(_ claims: [LimitBook.Claim], now: UInt64) -> LimitBook.Denial? {
        book.withLock { $0.limits.begin(claims, now: now) }
    }

    func failed(_ key: String, _ limits: EgressLimits, cap: UInt64, reply: SMTPReply, now: UInt64) {
        book.withLock { $0.failed(key, limits, cap: cap, reply: reply, now: now) }
    }

    func succeeded(_ source: String, to destination: String) {
        book.withLock { $0.succeeded(source, to: destination) }
    }

    /// - Returns: sources that are suspended now and were not before.
    func suspend(unplumbed: [String: SMTPReply]) -> [String] {
        book.withLock { $0.suspend(unplumbed: unplumbed) }
    }

    /// What limits allow now, and why the source may not be used.
    func state(
        of candidate: EgressBook.Candidate, to destination: String, now: UInt64
    ) -> (limits: [LimitBook.State], suspension: EgressBook.Suspension?) {
        book.withLock { book in
            (
                candidate.claims.map { book.limits.state(of: $0, now: now) },
                book.suspension(of: candidate, to: destination, now)
            )
        }
    }

    /// For metrics.
    var state: (denials: [LimitBook.Kind: UInt64], unplumbed: Set<String>) {
        book.withLock { ($0.limits.denials, $0.unplumbedSources) }
    }
}
