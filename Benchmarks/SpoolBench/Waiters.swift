import BenchHarness
import Dispatch
import MailTypes
import Measures
import SpoolContract
import Synchronization

/// Counts up; one thread at a time uses it.
final class Sequence: Sendable {
    private let value = Atomic<UInt64>(0)
    func take() -> UInt64 { value.wrappingAdd(1, ordering: .relaxed).newValue }
}

/// Keeps a number of messages in flight through the group commit: when one is committed, its completion and its
/// waiter's next message are submitted.
///
/// That happens on the committer's thread, before it looks for the next batch: every batch then has one message of each
/// waiter and the completions of the batch before, for the floor as for every spool. (In the relay the event loops do
/// it, and batches are as large as the loops are fast.)
final class Waiters: CommitObserver {
    private struct State {
        var end: End
        var open: [MessageID]
        var submitted: [MonotonicInstant]
        var fault: SpoolFault?
        var isOver = false
        var live = 0
    }
    private let committer: GroupCommitter
    private let load: Load
    private let state: Mutex<State>
    private let over = DispatchSemaphore(value: 0)

    init(_ committer: GroupCommitter, _ load: (bytes: Int, waiters: Int), until end: End) {
        self.committer = committer
        self.load = Load(bytes: load.bytes, count: load.waiters)
        let nobody = MessageID(high: 0, low: 0)
        let now = MonotonicInstant.now()
        state = Mutex(
            State(
                end: end, open: Array(repeating: nobody, count: load.waiters),
                submitted: Array(repeating: now, count: load.waiters)))
    }

    /// Blocks until the end.
    @discardableResult
    func run() throws -> Sample? {
        state.withLock { state in
            for slot in load.slots { submit(slot, &state, MonotonicInstant.now()) }
        }
        over.wait()
        committer.drain()
        return try state.withLock { state in
            if let fault = state.fault { throw fault }
            return state.end.sample
        }
    }

    func committed(_ tickets: [UInt64], fault: SpoolFault?) {
        let now = MonotonicInstant.now()
        state.withLock { state in
            state.live -= tickets.count
            if let fault {
                state.fault = state.fault ?? fault
                state.isOver = true
            } else {
                note(tickets, &state, now)
                let next = MonotonicInstant.now()
                for ticket in tickets {
                    committer.submit(completion: state.open[Int(ticket)])
                    if !state.isOver { submit(Int(ticket), &state, next) }
                }
            }
            if state.live == 0 { over.signal() }
        }
    }

    /// Tickets that were submitted together waited for the same time.
    private func note(_ tickets: [UInt64], _ state: inout State, _ now: MonotonicInstant) {
        var rest = tickets[...]
        while let first = rest.first {
            let began = state.submitted[Int(first)]
            let same = rest.prefix { state.submitted[Int($0)] == began }.count
            rest = rest.dropFirst(same)
            let isOver = state.end.note(
                same, bytes: same * load.bytes, wait: now.nanoseconds(since: began), at: now)
            state.isOver = isOver || state.isOver
        }
    }

    private func submit(_ slot: Int, _ state: inout State, _ now: MonotonicInstant) {
        let message = load.message(slot)
        state.open[slot] = message.id
        state.submitted[slot] = now
        state.live += 1
        committer.submit(message, ticket: UInt64(slot), observer: self)
    }
}
