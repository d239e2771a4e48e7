import DequeModule
import HeapModule
package import MailTypes

/// When does which message go: a value without a clock; `now` is wall-clock milliseconds.
///
/// A message is *ready* (first in, first out), *leased* (in delivery) or *deferred* (until its due time):
///
///     accept ──▶ ready ──next──▶ leased ──finish──▶ gone
///                  ▲               │ release (nothing was tried)
///                  ├───────────────┤
///                  └──due── deferred ◀── deferred(…), or gone when too old
///
/// Only ids, due times and attempt counts are kept: tens of bytes a message.
package struct DeliveryQueue: Sendable {
    private struct Due: Comparable, Sendable {
        var milliseconds: UInt64
        var id: MessageID
        static func < (a: Due, b: Due) -> Bool {
            a.milliseconds != b.milliseconds ? a.milliseconds < b.milliseconds : a.id < b.id
        }
    }

    /// What follows a failed attempt.
    package enum Verdict: Equatable, Sendable {
        case retry(dueMilliseconds: UInt64, attempts: UInt32)
        /// Older than the policy allows: return it to its sender.
        case expired
    }

    package let policy: RetryPolicy
    private var ready = Deque<MessageID>()
    private var deferred = Heap<Due>()
    private var leased: Set<MessageID> = []
    /// Attempts so far, only of messages that have had one.
    private var attempts: [MessageID: UInt32] = [:]

    package init(policy: RetryPolicy = RetryPolicy()) { self.policy = policy }

    package var readyCount: Int { ready.count }
    package var deferredCount: Int { deferred.count }
    package var leasedCount: Int { leased.count }
    package var count: Int { ready.count + deferred.count + leased.count }

    /// A new message, ready at once.
    package mutating func accept(_ id: MessageID) { ready.append(id) }

    /// A message found in the spool at start, with what its attempts left behind.
    package mutating func restore(_ id: MessageID, attempts: UInt32, dueMilliseconds: UInt64, now: UInt64) {
        if attempts > 0 { self.attempts[id] = attempts }
        if dueMilliseconds <= now {
            ready.append(id)
        } else {
            deferred.insert(Due(milliseconds: dueMilliseconds, id: id))
        }
    }

    /// The next message to deliver, leased until ``finish(_:)``, ``deferred(_:acceptedMilliseconds:now:)`` or
    /// ``release(_:)``.
    package mutating func next(now: UInt64) -> MessageID? {
        promote(now)
        guard let id = ready.popFirst() else { return nil }
        leased.insert(id)
        return id
    }

    /// All recipients are done with.
    package mutating func finish(_ id: MessageID) {
        precondition(leased.remove(id) != nil, "\(id) was not leased")
        attempts[id] = nil
    }

    /// An attempt failed for now.
    package mutating func deferred(_ id: MessageID, acceptedMilliseconds: UInt64, now: UInt64) -> Verdict {
        precondition(leased.remove(id) != nil, "\(id) was not leased")
        let count = (attempts[id] ?? 0) + 1
        if isExpired(acceptedMilliseconds: acceptedMilliseconds, now: now) {
            attempts[id] = nil
            return .expired
        }
        attempts[id] = count
        let due = now + policy.delay(attempts: count, id: id)
        deferred.insert(Due(milliseconds: due, id: id))
        return .retry(dueMilliseconds: due, attempts: count)
    }

    /// Nothing was tried: the message is the next one again.
    package mutating func release(_ id: MessageID) {
        precondition(leased.remove(id) != nil, "\(id) was not leased")
        ready.prepend(id)
    }

    /// Whether an attempt that fails now is the last.
    package func isExpired(acceptedMilliseconds: UInt64, now: UInt64) -> Bool {
        now > acceptedMilliseconds && now - acceptedMilliseconds >= policy.maximumAge
    }

    /// A ready message exists, now that `now` has come.
    package mutating func hasReady(now: UInt64) -> Bool {
        promote(now)
        return !ready.isEmpty
    }

    /// When the first deferred message is due; nil if none is.
    package var nextDue: UInt64? { deferred.min?.milliseconds }

    private mutating func promote(_ now: UInt64) {
        while let first = deferred.min, first.milliseconds <= now {
            deferred.removeMin()
            ready.append(first.id)
        }
    }
}
