import Synchronization

/// Connections that are open over all event loops, and the most that there were at a time.
final class ConnectionGauge: Sendable {
    private let open = Atomic<Int>(0)
    private let most = Atomic<Int>(0)

    func opened() {
        let count = open.add(1, ordering: .relaxed).newValue
        most.max(count, ordering: .relaxed)
    }

    func closed() { open.subtract(1, ordering: .relaxed) }

    var peak: Int { most.load(ordering: .relaxed) }

    /// The peak counts from what is open now.
    func reset() { most.store(open.load(ordering: .relaxed), ordering: .relaxed) }
}
