import Glibc
package import MailTypes
import Measures

/// Told when messages it submitted are committed, once a batch.
package protocol CommitObserver: AnyObject, Sendable {
    /// Called on the committer's thread: hop to your own. `fault` nil: all are as durable as the spool promises.
    func committed(_ tickets: [UInt64], fault: SpoolFault?)
}

/// What the committer has done so far; batches without messages are not counted.
package struct CommitCounts: Sendable {
    package var commits: UInt64 = 0
    package var messages: UInt64 = 0
    package var bytes: UInt64 = 0
}

/// Group commit: one thread takes everything that waits and commits it as one batch.
///
/// While a batch is being written the next one gathers, so batches grow with load and there is no delay when idle.
/// Completions and states ride along with messages; alone they are committed as soon as the thread is free.
package final class GroupCommitter: @unchecked Sendable {  // everything mutable is behind `lock`
    /// Messages in one batch.
    package static let batchMessages = 4096

    /// Microseconds between two tries while the disk is full.
    private static let noSpacePause: UInt32 = 100_000

    fileprivate struct Waiting {
        var message: SpoolMessage
        var ticket: UInt64
        var observer: any CommitObserver
        /// Those that are committed with it or not at all.
        var others: [SpoolMessage] = []
        var bytes: Int { others.reduce(message.content.size) { $0 + $1.content.size } }
    }
    fileprivate struct State {
        var waiting: [Waiting] = []
        var states: [(id: MessageID, state: DeliveryState)] = []
        var completions: [MessageID] = []
        var latched: SpoolFault?
        /// Of states and completions.
        var submitted: UInt64 = 0
        var committed: UInt64 = 0
        var counts = CommitCounts()
        var isStopping = false
        var isSleeping = false
        var isBusy = false
    }

    private let spool: any Spool
    private let onCommit: @Sendable (_ nanoseconds: UInt64) -> Void
    private var state = State()
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let idle = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var thread = pthread_t()

    /// - Parameter onCommit: told the duration of each commit that has messages, on the committer's thread.
    package init(spool: any Spool, onCommit: @escaping @Sendable (_ nanoseconds: UInt64) -> Void = { _ in }) {
        self.spool = spool
        self.onCommit = onCommit
        pthread_mutex_init(lock, nil)
        pthread_cond_init(wake, nil)
        pthread_cond_init(idle, nil)
        let box = Unmanaged.passRetained(self)
        pthread_create(
            &thread, nil,
            { raw in
                Unmanaged<GroupCommitter>.fromOpaque(raw!).takeRetainedValue().run()
                return nil
            }, box.toOpaque())
    }

    deinit {
        for condition in [wake, idle] {
            pthread_cond_destroy(condition)
            condition.deallocate()
        }
        pthread_mutex_destroy(lock)
        lock.deallocate()
    }

    // MARK: Any thread

    /// - Parameter ticket: comes back with the outcome.
    package func submit(_ message: SpoolMessage, ticket: UInt64, observer: any CommitObserver) {
        locked { $0.waiting.append(Waiting(message: message, ticket: ticket, observer: observer)) }
    }

    /// All in the same commit. They count as one where batches are limited: the caller bounds them.
    package func submit(_ messages: [SpoolMessage], ticket: UInt64, observer: any CommitObserver) {
        guard let first = messages.first else { return }
        let others = Array(messages.dropFirst())
        locked { $0.waiting.append(Waiting(message: first, ticket: ticket, observer: observer, others: others)) }
    }

    package func submit(_ state: DeliveryState, for id: MessageID) {
        locked {
            $0.states.append((id, state))
            $0.submitted += 1
        }
    }

    package func submit(completion id: MessageID) {
        locked {
            $0.completions.append(id)
            $0.submitted += 1
        }
    }

    /// States and completions that were submitted, and of those the ones that are committed: one behind the other.
    package var knowledge: (submitted: UInt64, committed: UInt64) {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return (state.submitted, state.committed)
    }

    package var counts: CommitCounts {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return state.counts
    }

    /// States and completions that wait to be committed: who has many more to come gives them time.
    package var backlog: Int {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return state.states.count + state.completions.count
    }

    /// The fault that latched the spool, if one did.
    package var fault: SpoolFault? {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return state.latched
    }

    /// Blocks until everything submitted so far was committed (or failed).
    package func drain() {
        pthread_mutex_lock(lock)
        while state.isBusy || state.hasWork { pthread_cond_wait(idle, lock) }
        pthread_mutex_unlock(lock)
    }

    /// Commits what waits, then ends the thread. Nothing may be submitted afterwards.
    /// - Returns: false if something could not be committed: then the spool was not left clean.
    @discardableResult
    package func stop() -> Bool {
        locked { $0.isStopping = true }
        pthread_join(thread, nil)
        return fault == nil && !state.hasWork
    }

    private func locked(_ change: (inout State) -> Void) {
        pthread_mutex_lock(lock)
        change(&state)
        let mustWake = state.isSleeping
        state.isSleeping = false
        pthread_mutex_unlock(lock)
        if mustWake { pthread_cond_signal(wake) }
    }

    // MARK: The committer's thread

    private func run() {
        ThreadBook.join(.spool)
        while let (batch, waiters, latched) = nextBatch() {
            let fault = latched ?? commit(batch)
            let isKept = fault == nil || commitKnowledge(of: batch, after: fault)
            settle(batch, fault, isKept: isKept)
            tell(waiters, fault)
            guard case .noSpace = fault, !isKept else { continue }
            if isStopping { return }
            // What must be kept was put back: give the disk a moment instead of asking it again at once.
            usleep(Self.noSpacePause)
        }
    }

    /// A full disk refuses new mail; what is known of old mail may still fit, and makes room.
    private func commitKnowledge(of batch: SpoolBatch, after fault: SpoolFault?) -> Bool {
        guard case .noSpace = fault else { return false }
        if batch.states.isEmpty, batch.completions.isEmpty { return true }
        guard !batch.messages.isEmpty else { return false }
        var rest = batch
        rest.messages = []
        return commit(rest) == nil
    }

    private var isStopping: Bool {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return state.isStopping
    }

    /// Everything that waits, within the limits; nil when it is time to end.
    private func nextBatch() -> (SpoolBatch, [Waiting], SpoolFault?)? {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        state.isBusy = false
        while !state.hasWork {
            pthread_cond_broadcast(idle)
            if state.isStopping { return nil }
            state.isSleeping = true
            pthread_cond_wait(wake, lock)
        }
        state.isSleeping = false
        state.isBusy = true
        let waiters = state.takeWaiting(spool.batchBytes)
        var batch = SpoolBatch()
        batch.messages = waiters.map(\.message)
        for waiter in waiters where !waiter.others.isEmpty { batch.messages += waiter.others }
        swap(&batch.states, &state.states)
        swap(&batch.completions, &state.completions)
        return (batch, waiters, state.latched)
    }

    private func commit(_ batch: SpoolBatch) -> SpoolFault? {
        let began = MonotonicInstant.now()
        // Completions alone are not synced: counted in, they would flatter the figure.
        defer { if !batch.messages.isEmpty { onCommit(MonotonicInstant.now().nanoseconds(since: began)) } }
        do throws(SpoolFault) {
            try spool.commit(batch)
            return nil
        } catch {
            return error
        }
    }

    private func settle(_ batch: SpoolBatch, _ fault: SpoolFault?, isKept: Bool) {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        if isKept { state.committed += UInt64(batch.states.count + batch.completions.count) }
        switch fault {
        case nil:
            state.counts.commits += batch.messages.isEmpty ? 0 : 1
            state.counts.messages += UInt64(batch.messages.count)
            state.counts.bytes += batch.messages.reduce(0) { $0 + UInt64($1.content.size) }
        case .noSpace?:
            // Refused mail is the client's again; what we know about mail we have must not be lost.
            guard !isKept else { break }
            state.states = batch.states + state.states
            state.completions = batch.completions + state.completions
        case let fault?: state.latched = fault
        }
    }

    private func tell(_ waiters: [Waiting], _ fault: SpoolFault?) {
        var rest = waiters[...]
        // Few observers (one an event loop): gather each one's tickets in a pass.
        while let first = rest.first {
            let observer = first.observer
            var tickets: [UInt64] = []
            var others: [Waiting] = []
            for waiter in rest {
                if waiter.observer === observer { tickets.append(waiter.ticket) } else { others.append(waiter) }
            }
            observer.committed(tickets, fault: fault)
            rest = others[...]
        }
    }
}

extension GroupCommitter.State {
    fileprivate var hasWork: Bool { !waiting.isEmpty || !states.isEmpty || !completions.isEmpty }

    /// - Parameter limit: bytes of content; what is beyond waits for the next batch.
    fileprivate mutating func takeWaiting(_ limit: Int) -> [GroupCommitter.Waiting] {
        var bytes = 0
        var count = 0
        for item in waiting {
            bytes += item.bytes
            if count > 0, bytes > limit || count >= GroupCommitter.batchMessages { break }
            count += 1
        }
        if count == waiting.count {
            defer { waiting = [] }
            return waiting
        }
        let taken = Array(waiting[..<count])
        waiting.removeFirst(count)
        return taken
    }
}
