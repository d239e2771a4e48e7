/// MTA-STS policies that are remembered, and what has to be done to know a domain's (RFC 8461 §3.3, §5.1). A value;
/// `now` is seconds since 1970, since policies outlive the process.
///
/// Who can keep the DNS or the web server from answering must not be able to take a policy away (§10.2): it holds until
/// its max_age is over, whatever else is said meanwhile, unless a new one is fetched.
package struct StrictTransportCache: Sendable {
    /// Domains whose policy is kept; beyond it the one that ends first goes.
    package static let mostDomains = 20_000
    /// Seconds between two attempts to fetch what could not be fetched (§3.3).
    package static let retrySeconds = 300
    /// Seconds after which a policy is fetched again though its id is the same (§10.2: once a day).
    package static let refreshSeconds = 86_400

    package struct Entry: Sendable, Hashable, Codable {
        package var domain: String
        package var id: String
        package var policy: StrictTransportPolicy
        /// Seconds since 1970.
        package var fetched: Int
        package var expires: Int { fetched + policy.maxAge }
    }

    /// What the DNS says of a domain's policy.
    package enum Record: Sendable, Hashable {
        case id(String)
        /// There is none, or none that is written as it should be.
        case none
        case failed
    }

    package enum Step: Sendable, Hashable {
        case use(StrictTransportPolicy)
        /// Fetch the policy with this id; where that fails, ``policy(of:now:)`` holds.
        case fetch(id: String)
        case none
    }

    private struct Failure {
        var id: String
        var at: Int
    }

    private var entries: [String: Entry] = [:]
    private var failures: [String: Failure] = [:]
    /// Something changed since ``written()``.
    package private(set) var isChanged = false

    package init() {}

    package var count: Int { entries.count }

    /// The policy that is in force by what is remembered.
    package func policy(of domain: String, now: Int) -> StrictTransportPolicy? {
        guard let entry = entries[domain], entry.expires > now else { return nil }
        return entry.policy
    }

    package func step(_ domain: String, _ record: Record, now: Int) -> Step {
        let known = policy(of: domain, now: now)
        if case .id(let id) = record, known == nil || entries[domain]?.id != id, mayFetch(domain, id, now) {
            return .fetch(id: id)
        }
        return known.map { .use($0) } ?? .none
    }

    private func mayFetch(_ domain: String, _ id: String, _ now: Int) -> Bool {
        guard let failure = failures[domain], failure.id == id else { return true }
        return failure.at + Self.retrySeconds <= now
    }

    package mutating func fetched(_ domain: String, id: String, _ policy: StrictTransportPolicy, now: Int) {
        failures[domain] = nil
        if entries[domain] == nil, entries.count >= Self.mostDomains { makeRoom(now) }
        entries[domain] = Entry(domain: domain, id: id, policy: policy, fetched: now)
        isChanged = true
    }

    package mutating func failed(_ domain: String, id: String, now: Int) {
        if failures.count >= Self.mostDomains { failures = failures.filter { $0.value.at + Self.retrySeconds > now } }
        if failures.count < Self.mostDomains { failures[domain] = Failure(id: id, at: now) }
    }

    private mutating func makeRoom(_ now: Int) {
        entries = entries.filter { $0.value.expires > now }
        guard entries.count >= Self.mostDomains else { return }
        if let first = entries.values.min(by: { $0.expires < $1.expires }) { entries[first.domain] = nil }
    }

    /// Policies to be fetched again before they end, the ones that end first in front.
    package func due(now: Int) -> [Entry] {
        entries.values.filter { entry in
            let age = now - entry.fetched
            return entry.expires > now && age >= min(Self.refreshSeconds, entry.policy.maxAge / 2)
                && mayFetch(entry.domain, entry.id, now)
        }.sorted { ($0.expires, $0.domain) < ($1.expires, $1.domain) }
    }

    // MARK: Over restarts

    /// What is to be kept, by domain; nothing has changed since.
    package mutating func written() -> [Entry] {
        isChanged = false
        return entries.values.sorted { $0.domain < $1.domain }
    }

    /// What was kept and is still in force.
    package mutating func restore(_ kept: [Entry], now: Int) {
        for entry in kept.prefix(Self.mostDomains) {
            var entry = entry
            // A clock that was set back must not make a policy last longer than it says.
            entry.fetched = min(entry.fetched, now)
            entry.policy.maxAge = min(max(0, entry.policy.maxAge), StrictTransportPolicy.longestAge)
            if entry.expires > now { entries[entry.domain] = entry }
        }
    }
}
