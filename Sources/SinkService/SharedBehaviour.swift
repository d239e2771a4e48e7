import Measures
import SinkBehaviour
import Synchronization

/// The rules of a sink, asked from all of its event loops. None of this is there where there are no rules.
final class SharedBehaviour: Sendable {
    private let engine: Mutex<BehaviourEngine>
    private let asked: Set<SinkStage>
    let rules: SinkRules

    init(_ rules: SinkRules) {
        self.rules = rules
        let engine = BehaviourEngine(rules)
        // The first connection starts the clock of time windows, whatever else is asked.
        asked = Set(SinkStage.allCases.filter { engine.asks(at: $0) }).union([.connect])
        self.engine = Mutex(engine)
    }

    /// - Returns: nil where no rule can say anything.
    func decide(_ stage: SinkStage, _ question: @autoclosure () -> SinkQuestion) -> SinkDecision? {
        guard asked.contains(stage) else { return nil }
        let question = question()
        let decision = engine.withLock { $0.decide(question, now: MonotonicInstant.now().nanoseconds) }
        return decision.isUsual ? nil : decision
    }

    func release(_ leases: [SinkLease]) { engine.withLock { $0.release(leases) } }

    var hits: [(name: String, count: UInt64)] { engine.withLock { $0.hits } }
    func reset() { engine.withLock { $0.reset() } }

    /// CLOCK_MONOTONIC of the first connection, nanoseconds; nil: there was none.
    var began: UInt64? { engine.withLock { $0.began } }
}
