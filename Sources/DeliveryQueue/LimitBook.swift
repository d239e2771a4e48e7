/// Limits that hold over all event loops: connections and rates of the destinations that have such limits. A value;
/// the service keeps one behind a lock and asks it only for those destinations.
package struct LimitBook: Sendable {
    private struct Use {
        var connections = 0
        /// Loops that asked for a connection in vain.
        var waiting: Set<Int> = []
        var tokens: Double?
        var filledAt: UInt64 = 0
    }
    private var uses: [String: Use] = [:]

    package init() {}

    /// Takes a connection if the limit leaves one. A loop that was refused is remembered, so that the others give one
    /// up for it.
    package mutating func connect(_ name: String, limit: Int?, loop: Int) -> Bool {
        var use = uses[name, default: Use()]
        defer { uses[name] = use }
        guard use.connections < limit ?? .max else {
            use.waiting.insert(loop)
            return false
        }
        use.connections += 1
        use.waiting.remove(loop)
        return true
    }

    /// Gives a connection back.
    package mutating func disconnect(_ name: String) {
        guard var use = uses[name] else { return }
        use.connections -= 1
        // Nothing to remember of a destination at rest, except how much of its rate is used up.
        uses[name] = use.connections == 0 && use.waiting.isEmpty && use.tokens == nil ? nil : use
    }

    /// Another loop waits for a connection to this destination; said once for each time it asked.
    package mutating func takeWanted(_ name: String, besides loop: Int) -> Bool {
        guard let other = uses[name]?.waiting.first(where: { $0 != loop }) else { return false }
        uses[name]!.waiting.remove(other)
        return true
    }

    /// Takes the right to begin one message, if the rate leaves one now. A quarter of a second's worth may be saved
    /// up, and one message always.
    package mutating func begin(_ name: String, rate: DeliveryRate, now: UInt64) -> Bool {
        var use = uses[name, default: Use()]
        let perMillisecond = rate.messages / rate.milliseconds
        let most = max(1, perMillisecond * 250)
        let grown = now > use.filledAt ? Double(now - use.filledAt) * perMillisecond : 0
        let tokens = min(most, (use.tokens ?? most) + grown)
        use.filledAt = max(now, use.filledAt)
        use.tokens = tokens >= 1 ? tokens - 1 : tokens
        uses[name] = use
        return tokens >= 1
    }
}
