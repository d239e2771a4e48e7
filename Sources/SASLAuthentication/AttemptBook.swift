/// Who tries to authenticate: the client's address as text, empty if it is unknown, and the name, empty until it was said.
package struct Claimant: Sendable, Hashable {
    package var address: String
    package var name: String

    package init(address: String, name: String) {
        self.address = address
        self.name = name
    }

    fileprivate var pair: String { "\(address) \(name)" }
}

/// What failures cost, and whom: an address, a name from an address, and, much less, a name from anywhere. A stranger who
/// guesses for a name from many addresses gets slow and does not lock its owner out: where a name has been right lately
/// it is known, and failures elsewhere do not count.
package struct AttemptBook: Sendable {
    /// Failures of a name, from anywhere, without consequence.
    package static let freeByName = 10
    package static let longestDelayByName: UInt64 = 60_000
    /// Milliseconds that a name is known where it was right.
    package static let acquaintance: UInt64 = 7 * 86_400_000
    /// Pairs of name and address that are known.
    package static let most = 65_536
    /// Failures after which even a password that is remembered has to wait: until then one client with an old password
    /// does not lock out others of the same name and address, and beyond it nobody guesses against the memory.
    package static let patience = 100

    private var addresses = FailureBook()
    private var pairs = FailureBook()
    private var names = FailureBook(free: freeByName, longestDelay: longestDelayByName)
    private var known: [String: UInt64] = [:]

    package init() {}

    /// - Parameter now: milliseconds.
    package func mayTry(_ claimant: Claimant, now: UInt64) -> Bool {
        guard claimant.address.isEmpty || addresses.mayTry(claimant.address, now: now) else { return false }
        guard !claimant.name.isEmpty else { return true }
        return pairs.mayTry(claimant.pair, now: now)
            && (isKnown(claimant, now: now) || names.mayTry(claimant.name, now: now))
    }

    /// A password that is remembered as right is let through although ``mayTry(_:now:)`` says no.
    package func mayRecall(_ claimant: Claimant, now: UInt64) -> Bool {
        isKnown(claimant, now: now) && pairs.failures(claimant.pair) < Self.patience
    }

    package mutating func failed(_ claimant: Claimant, now: UInt64) {
        if !claimant.address.isEmpty { addresses.failed(claimant.address, now: now) }
        guard !claimant.name.isEmpty else { return }
        let isKnown = isKnown(claimant, now: now)
        pairs.failed(claimant.pair, now: now)
        if !isKnown { names.failed(claimant.name, now: now) }
    }

    /// Failures of the name elsewhere stay: it is not who guesses that was right.
    package mutating func succeeded(_ claimant: Claimant, now: UInt64) {
        addresses.succeeded(claimant.address)
        pairs.succeeded(claimant.pair)
        // An unknown address is that of many.
        guard !claimant.address.isEmpty else { return }
        if known.count >= Self.most, known[claimant.pair] == nil { makeRoom(now) }
        known[claimant.pair] = now + Self.acquaintance
    }

    private func isKnown(_ claimant: Claimant, now: UInt64) -> Bool {
        !claimant.address.isEmpty && (known[claimant.pair].map { $0 > now } ?? false)
    }

    private mutating func makeRoom(_ now: UInt64) {
        known = known.filter { $0.value > now }
        guard known.count >= Self.most, let oldest = known.min(by: { $0.value < $1.value }) else { return }
        known[oldest.key] = nil
    }
}
