import Foundation
package import MailRouting
import Measures
import RunRecords
import Synchronization
package import TransportSecurity

/// MTA-STS policies of recipients' domains: found when mail for them is routed, kept over restarts, fetched again before
/// they end.
package final class StrictTransportService: DomainPolicies {
    package struct Settings: Sendable {
        /// Where policies are kept; nil: in memory only.
        package var file: String?
        package init() {}
    }

    /// Since the start.
    package struct Counts: Sendable, Hashable {
        package var fetched: UInt64 = 0
        package var failures: UInt64 = 0
        /// Domains that had a policy which is remembered, and those whose policy had to be fetched.
        package var hits: UInt64 = 0
        package var misses: UInt64 = 0
        package var kept = 0
    }

    /// Seconds after which a domain whose policy could not be found out is asked for again.
    private static let retrySeconds = StrictTransportCache.retrySeconds
    /// Between two looks for what has to be fetched again or written.
    private static let pauseNanoseconds: UInt64 = 1_000_000_000
    /// Policies fetched again at a time.
    private static let refreshedAtOnce = 8

    private struct State {
        var cache = StrictTransportCache()
        var counts = Counts()
        var wanted: (standard: Bool, named: [String: Bool]) = (false, [:])
        var lastFault: String?
        var task: Task<Void, Never>?
    }

    private let settings: Settings
    private let fetcher: any PolicyFetcher
    private let state: Mutex<State>
    /// Told of policies that could not be had; set once, before the first question.
    private let report: @Sendable (TLSSessionResult) -> Void

    /// - Parameter report: is told of policies that could not be had.
    package init(
        _ settings: Settings, fetcher: any PolicyFetcher,
        report: @escaping @Sendable (TLSSessionResult) -> Void = { _ in }
    ) {
        self.settings = settings
        self.fetcher = fetcher
        self.report = report
        state = Mutex(State())
    }

    package var counts: Counts {
        state.withLock { state in
            state.counts.kept = state.cache.count
            return state.counts
        }
    }

    var faults: [String] { state.withLock { $0.lastFault.map { ["MTA-STS: \($0)"] } ?? [] } }

    /// For which domains policies are followed.
    package func adopt(_ egress: EgressConfiguration) {
        let named = egress.named.mapValues(\.security.strictTransport)
        state.withLock { $0.wanted = (egress.standard.security.strictTransport, named) }
    }

    private static func now() -> Int { Int(WallInstant.now().milliseconds / 1000) }

    // MARK: DomainPolicies

    package func demand(of domain: String, asking names: any NameLookups) async -> DomainDemand? {
        guard state.withLock({ $0.wanted.named[domain] ?? $0.wanted.standard }) else { return nil }
        let (record, seconds) = await record(domain, names)
        let step = state.withLock { state in
            let step = state.cache.step(domain, record, now: Self.now())
            if case .use = step { state.counts.hits += 1 }
            if case .fetch = step { state.counts.misses += 1 }
            return step
        }
        switch step {
        case .none: return DomainDemand(policy: nil, seconds: seconds)
        case .use(let policy): return DomainDemand(policy: policy, seconds: seconds)
        case .fetch(let id):
            let fetched = await fetch(domain, id, names)
            let now = Self.now()
            let policy = state.withLock { $0.cache.policy(of: domain, now: now) }
            return DomainDemand(policy: policy, seconds: fetched ? seconds : Self.retrySeconds)
        }
    }

    /// What the DNS says, and for how many seconds.
    private func record(_ domain: String, _ names: any NameLookups) async -> (StrictTransportCache.Record, Int) {
        switch await names.texts(at: "_mta-sts." + domain) {
        case .texts(let texts, let ttl):
            return (PolicyRecord.strictTransportID(texts).map { .id($0) } ?? .none, ttl)
        case .none(let ttl): return (.none, ttl)
        case .failed: return (.failed, Self.retrySeconds)
        }
    }

    /// - Returns: false if what is remembered stays as it was.
    private func fetch(_ domain: String, _ id: String, _ names: any NameLookups) async -> Bool {
        do throws(PolicyFetchFault) {
            let addresses = await names.hostAddresses("mta-sts." + domain)
            let text = try await fetcher.fetch(domain, at: addresses)
            let policy: StrictTransportPolicy
            do throws(StrictTransportPolicy.Fault) { policy = try StrictTransportPolicy(text) } catch {
                throw PolicyFetchFault(.policyInvalid, error.description)
            }
            state.withLock { state in
                state.cache.fetched(domain, id: id, policy, now: Self.now())
                state.counts.fetched += 1
            }
            return true
        } catch {
            state.withLock { state in
                state.cache.failed(domain, id: id, now: Self.now())
                state.counts.failures += 1
                state.lastFault = "policy of \(domain): \(error)"
            }
            var result = TLSSessionResult(domain: domain, kind: .sts)
            result.failure = error.kind
            result.reason = error.description
            report(result)
            return false
        }
    }

    // MARK: In the background

    /// - Throws: ``RecordFault`` for a file that cannot be read: without it an attacker could undo what is in force.
    package func start(_ names: any NameLookups) throws {
        if let file = settings.file, FileManager.default.fileExists(atPath: file) {
            let kept = try RecordFile.read([StrictTransportCache.Entry].self, from: file)
            state.withLock { $0.cache.restore(kept, now: Self.now()) }
        }
        let task = Task { [weak self] in
            while !Task.isCancelled {
                try? await Task.sleep(nanoseconds: Self.pauseNanoseconds)
                guard !Task.isCancelled, let self else { return }
                await refresh(names)
                write()
            }
        }
        state.withLock { $0.task = task }
    }

    private func refresh(_ names: any NameLookups) async {
        let due = state.withLock { $0.cache.due(now: Self.now()) }
        await withTaskGroup(of: Void.self) { tasks in
            for entry in due.prefix(Self.refreshedAtOnce) {
                tasks.addTask {
                    // The id of the moment, where it can be had: a newer one must not be taken for the older policy.
                    let record = await self.record(entry.domain, names).0
                    let id = if case .id(let id) = record { id } else { entry.id }
                    _ = await self.fetch(entry.domain, id, names)
                }
            }
        }
    }

    private func write() {
        guard let file = settings.file else { return }
        let entries = state.withLock { $0.cache.isChanged ? $0.cache.written() : nil }
        guard let entries else { return }
        do { try RecordFile.write(entries, to: file) } catch {
            state.withLock { $0.lastFault = "\(file): \(error)" }
        }
    }

    package func close() async {
        let task = state.withLock { $0.task }
        task?.cancel()
        await task?.value
        write()
        await fetcher.shutDown()
    }
}
