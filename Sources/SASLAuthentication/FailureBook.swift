/// Who has failed to authenticate lately, and how long it has to wait: guessing gets slow (exponentially), a mistyped
/// password costs nothing. Keys are client addresses and names; a value, with `now` in milliseconds.
package struct FailureBook: Sendable {
    /// Failures without consequence.
    package static let free = 3
    /// Milliseconds after the first failure that counts; doubling.
    package static let firstDelay: UInt64 = 1_000
    package static let longestDelay: UInt64 = 900_000
    /// Entries kept; the one that waits the shortest goes first.
    package static let most = 65_536

    private struct Entry {
        var failures = 0
        var until: UInt64 = 0
    }
    private let free: Int
    private let longestDelay: UInt64
    private var entries: [String: Entry] = [:]

    package init(free: Int = Self.free, longestDelay: UInt64 = Self.longestDelay) {
        self.free = free
        self.longestDelay = longestDelay
    }

    /// It may try.
    package func mayTry(_ key: String, now: UInt64) -> Bool { entries[key].map { $0.until <= now } ?? true }

    /// How often it failed without a success between.
    package func failures(_ key: String) -> Int { entries[key]?.failures ?? 0 }

    package mutating func failed(_ key: String, now: UInt64) {
        if entries.count >= Self.most, entries[key] == nil { makeRoom(now) }
        var entry = entries[key] ?? Entry()
        // Quiet for as long as the longest wait: forgiven.
        if entry.until + longestDelay < now { entry = Entry() }
        entry.failures += 1
        let over = entry.failures - free
        entry.until = over > 0 ? now + min(longestDelay, Self.firstDelay << UInt64(min(over - 1, 30))) : now
        entries[key] = entry
    }

    package mutating func succeeded(_ key: String) { entries[key] = nil }

    private mutating func makeRoom(_ now: UInt64) {
        entries = entries.filter { $0.value.until > now }
        guard entries.count >= Self.most, let least = entries.min(by: { $0.value.until < $1.value.until }) else {
            return
        }
        entries[least.key] = nil
    }
}
