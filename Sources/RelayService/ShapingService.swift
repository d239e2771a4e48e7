import DeliveryQueue
import Glibc
import Measures
import RunRecords
import Synchronization
package import TrafficShaping

/// Shaping of a relay; nil in its configuration: there is none.
package struct ShapingConfiguration: Sendable {
    package var plan: ShapingPlan
    /// What has to survive a restart is kept there; nil: nothing does.
    package var stateFile: String?
    package init(plan: ShapingPlan, stateFile: String?) {
        self.plan = plan
        self.stateFile = stateFile
    }
}

/// What the shaping files say, and their automatic rules at work, for all event loops behind one lock. It is asked when a
/// connection is opened, for failures, and four times a second; never for a message that goes well.
final class ShapingService: Sendable {
    /// Rules with a count of their own in the metrics.
    static let rulesCounted = 200
    /// Milliseconds between two writes of the state at least.
    static let writeInterval: UInt64 = 1_000

    private struct Inner {
        var automaton = ShapingAutomaton(ShapingPlan())
        var writtenAt: UInt64 = 0
        var isWriting = false
        var fault: String?
        var stateFile: String?
    }
    private let inner = Mutex(Inner())
    /// Grows whenever what holds for some path may have changed.
    private let changes = Atomic<UInt64>(1)
    var revision: UInt64 { changes.load(ordering: .acquiring) }
    /// - Parameter stateFile: what was written there last is taken up; what cannot be read is put aside and said.
    init(_ configuration: ShapingConfiguration?, now: UInt64) {
        guard let configuration else { return }
        var automaton = ShapingAutomaton(configuration.plan)
        var fault: String?
        if let file = configuration.stateFile {
            do throws(RecordFault) {
                if let state = try ShapingState(file: file) { _ = automaton.restore(state, now: now) }
            } catch {
                let aside = file + ".damaged"
                rename(file, aside)
                fault = "\(file): \(error); begun without, the file is \(aside) now"
            }
        }
        inner.withLock { [automaton, fault] in
            $0.automaton = automaton
            $0.fault = fault
            $0.stateFile = configuration.stateFile
        }
    }

    /// Why the state could not be read or written.
    var fault: String? { inner.withLock { $0.fault } }

    // MARK: What holds

    func way(_ question: ShapingQuestion, now: UInt64) -> (path: ShapedPath, overlay: ShapingOverlay) {
        inner.withLock { inner in
            let path = inner.automaton.plan.path(question)
            return (path, inner.automaton.overlay(for: path, now: now))
        }
    }

    // MARK: What happens

    func observe(_ signal: ShapingSignal, on path: ShapedPath, now: UInt64) -> [ShapingEvent] {
        change { $0.observe(signal, on: path, now: now) }
    }

    func expire(now: UInt64) -> [ShapingEvent] {
        change { $0.expire(now: now) }
    }

    func cancel(_ id: UInt64, now: UInt64) -> ShapingEvent? {
        change { automaton in automaton.cancel(id, now: now).map { [$0] } ?? [] }.first
    }

    /// After a reload. Nil: there is no shaping any more.
    func adopt(_ configuration: ShapingConfiguration?, now: UInt64) -> [ShapingEvent] {
        defer { changes.add(1, ordering: .releasing) }
        inner.withLock { $0.stateFile = configuration?.stateFile ?? $0.stateFile }
        return change { $0.adopt(configuration?.plan ?? ShapingPlan(), now: now) }
    }

    private func change(_ body: (inout ShapingAutomaton) -> [ShapingEvent]) -> [ShapingEvent] {
        let (events, hasChanged) = inner.withLock { inner in
            let before = inner.automaton.changes
            let events = body(&inner.automaton)
            return (events, inner.automaton.changes != before)
        }
        if hasChanged { changes.add(1, ordering: .releasing) }
        return events
    }

    // MARK: What is seen from outside

    /// Those at work, and what their rules do.
    var active: [(automation: ActiveAutomation, action: String, word: String)] {
        inner.withLock { inner in
            inner.automaton.active.map { active in
                let deed = inner.automaton.plan.rule(active.rule)?.deed ?? .nothing
                return (active, deed.text, deed.word)
            }
        }
    }

    /// By rule, those with the most first; what is beyond ``rulesCounted`` is together `other`.
    var triggers: [(rule: String, count: UInt64)] {
        let all = inner.withLock { $0.automaton.triggers }.map { (rule: $0.key, count: $0.value) }
            .sorted { ($1.count, $0.rule) < ($0.count, $1.rule) }
        guard all.count > Self.rulesCounted else { return all }
        let rest = all.dropFirst(Self.rulesCounted).reduce(0) { $0 + $1.count }
        return all.prefix(Self.rulesCounted) + [("other", rest)]
    }

    // MARK: Over a restart

    /// Four times a second: what is to be written, at most once a second and by one at a time.
    func stateToWrite(now: UInt64) -> ShapingState? {
        inner.withLock { inner in
            guard inner.stateFile != nil, inner.automaton.hasChanged, !inner.isWriting,
                now >= inner.writtenAt + Self.writeInterval
            else {
                return nil
            }
            inner.isWriting = true
            inner.writtenAt = now
            inner.automaton.hasChanged = false
            return inner.automaton.state
        }
    }

    /// Blocks: on a thread that may.
    func write(_ state: ShapingState) {
        guard let stateFile = inner.withLock({ $0.stateFile }) else { return }
        var fault: String?
        do { try writeOutput(try state.encoded(), to: stateFile) } catch { fault = "\(error)" }
        inner.withLock { [fault] inner in
            inner.isWriting = false
            inner.fault = fault
            if fault != nil { inner.automaton.hasChanged = true }
        }
    }

    /// At the end, when nothing happens any more.
    func writeLast() {
        if let state = inner.withLock({ $0.stateFile == nil ? nil : $0.automaton.state }) { write(state) }
    }
}
