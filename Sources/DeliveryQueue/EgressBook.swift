package import MailTypes

/// By which source of its pool a connection goes out: turns by weight, what failed lately, and the limits of all of it,
/// over all event loops. A value behind the service's lock, asked once a connection, and only where there are limits or
/// sources.
package struct EgressBook: Sendable {
    /// One way that a connection may go.
    package struct Candidate: Hashable, Sendable {
        /// Nil: the system chooses where it comes from.
        package var source: String?
        package var weight: Int
        package var claims: [LimitBook.Claim]
        /// Not before then, and why.
        package var suspension: Suspension?

        package init(source: String?, weight: Int = 1, claims: [LimitBook.Claim], suspension: Suspension? = nil) {
            self.source = source
            self.weight = weight
            self.claims = claims
            self.suspension = suspension
        }
    }

    package struct Suspension: Hashable, Sendable {
        package var until: UInt64
        package var reply: SMTPReply
        package init(until: UInt64, reply: SMTPReply) {
            self.until = until
            self.reply = reply
        }
    }

    /// A connection that is wanted.
    package struct Wish: Sendable {
        /// Of the pool; empty: none.
        package var pool: String
        package var destination: String
        /// The queue's.
        package var name: String
        package var loop: Int
        package var candidates: [Candidate]

        package init(pool: String, destination: String, name: String, loop: Int, candidates: [Candidate]) {
            self.pool = pool
            self.destination = destination
            self.name = name
            self.loop = loop
            self.candidates = candidates
        }
    }

    package enum Answer: Hashable, Sendable {
        /// By this candidate; its claims are taken.
        case granted(Int)
        /// It waits for this key with all others that do; see ``DeliveryQueue/connectionDenied(_:by:until:)``.
        case denied(by: String, LimitBook.Denial)
        /// No source may be used now.
        case unavailable(Suspension)
    }

    /// How long a source, or a source to one destination, is left alone after a failure.
    private struct Hold {
        var until: UInt64 = 0
        var delay: UInt64 = 0
        var failures = 0
        var reply: SMTPReply
    }

    package var limits = LimitBook()
    private var holds: [String: Hold] = [:]
    /// Sources whose addresses this host does not have, and what is said of it.
    private var unplumbed: [String: SMTPReply] = [:]
    private var poolTurns: [String: WeightedTurns] = [:]
    private var queueTurns: [String: WeightedTurns] = [:]

    /// Queues whose turns are remembered, and failures; beyond it they begin anew.
    static let kept = 65_536
    /// Who tries a source first after it failed keeps it for so long; then others may, too.
    static let trialMilliseconds: UInt64 = 1_000
    /// An unplumbed source is looked at again so often.
    package static let plumbingMilliseconds: UInt64 = 1_000

    package init() {}

    // MARK: Which source

    package mutating func connect(_ wish: Wish, now: UInt64) -> Answer {
        var usable: [Bool] = []
        var first: Suspension?
        for candidate in wish.candidates {
            let suspension = suspension(of: candidate, to: wish.destination, now)
            usable.append(suspension == nil)
            if let suspension, suspension.until < first?.until ?? .max { first = suspension }
        }
        var denials: [LimitBook.Denial] = []
        var turns = turns(of: wish)
        while let index = turns.next(among: { usable[$0] }) {
            let candidate = wish.candidates[index]
            guard let denial = limits.connect(candidate.claims, loop: wish.loop, name: wish.name, now: now) else {
                turns.take(index) { usable[$0] }
                keep(turns, of: wish)
                beginTrial(candidate, to: wish.destination, now)
                return .granted(index)
            }
            // Of the destination or its provider: no other source has more of it.
            if !denial.key.hasPrefix("s:"), !denial.key.hasPrefix("x:") { return .denied(by: denial.key, denial) }
            denials.append(denial)
            usable[index] = false
        }
        if let soonest = denials.min(by: { $0.until < $1.until }) {
            return .denied(by: Self.gate(wish, denials), soonest)
        }
        return .unavailable(first ?? Suspension(until: now + Self.plumbingMilliseconds, reply: Self.noSource))
    }

    private static let noSource = SMTPReply(451, .init(4, 3, 5), "The egress pool has no source")

    /// What queues wait at together: sources that are used up keep all queues of their pool, a limit that a source has
    /// for one destination keeps that one.
    private static func gate(_ wish: Wish, _ denials: [LimitBook.Denial]) -> String {
        if wish.candidates.count == 1 { return denials[0].key }
        return denials.contains { $0.key.hasPrefix("x:") }
            ? gate(queue: QueueName(wish.name).ofEverybody.text) : gate(pool: wish.pool)
    }

    package static func gate(pool: String) -> String { "o:" + pool }
    package static func gate(queue: String) -> String { "q:" + queue }

    /// A queue's first turn is its pool's next one, so that many queues with a connection each are spread as one with
    /// many is.
    private mutating func turns(of wish: Wish) -> WeightedTurns {
        let weights = wish.candidates.map(\.weight)
        if weights.count == 1 { return WeightedTurns(weights) }
        if let known = queueTurns[wish.name], known.weights == weights { return known }
        var pool = poolTurns[wish.pool] ?? WeightedTurns(weights)
        if pool.weights != weights { pool = WeightedTurns(weights) }
        return pool
    }

    private mutating func keep(_ turns: WeightedTurns, of wish: Wish) {
        guard turns.weights.count > 1 else { return }
        if queueTurns[wish.name]?.weights != turns.weights { poolTurns[wish.pool] = turns }
        if queueTurns.count >= Self.kept { queueTurns.removeAll() }
        queueTurns[wish.name] = turns
    }

    // MARK: What failed

    /// Why no connection goes out this way now; nil: one may.
    package func suspension(of candidate: Candidate, to destination: String, _ now: UInt64) -> Suspension? {
        if let own = candidate.suspension, own.until > now { return own }
        guard let source = candidate.source else { return nil }
        if let reply = unplumbed[source] {
            return Suspension(until: now + Self.plumbingMilliseconds, reply: reply)
        }
        guard !holds.isEmpty else { return nil }
        for key in [LimitKey.source(source), LimitKey.path(source, destination)] {
            if let hold = holds[key], hold.until > now { return Suspension(until: hold.until, reply: hold.reply) }
        }
        return nil
    }

    /// Whoever comes first after a hold tries; the others wait for what becomes of it.
    private mutating func beginTrial(_ candidate: Candidate, to destination: String, _ now: UInt64) {
        guard !holds.isEmpty, let source = candidate.source else { return }
        for key in [LimitKey.source(source), LimitKey.path(source, destination)] where holds[key]?.delay ?? 0 > 0 {
            holds[key]!.until = now + Self.trialMilliseconds
        }
    }

    /// A connection by this source, or by it to one destination, failed: it is left alone for a while.
    /// - Parameters:
    ///   - key: of ``LimitKey``.
    ///   - cap: the longest, milliseconds; the first is ``DeliveryQueue/firstHold`` where `limits` say nothing.
    package mutating func failed(_ key: String, _ limits: EgressLimits, cap: UInt64, reply: SMTPReply, now: UInt64) {
        if holds.count >= Self.kept { holds = holds.filter { $0.value.until > now } }
        guard holds.count < Self.kept || holds[key] != nil else { return }
        var hold = holds[key] ?? Hold(reply: reply)
        hold.reply = reply
        hold.failures += 1
        if hold.failures >= limits.failuresBeforeHold ?? 1 {
            let most = limits.holdCapMilliseconds ?? cap
            let first = limits.holdFirstMilliseconds ?? DeliveryQueue.firstHold
            hold.delay = hold.delay == 0 ? min(first, most) : min(hold.delay * 2, max(most, hold.delay))
            hold.until = now + hold.delay
        }
        holds[key] = hold
    }

    /// It worked.
    package mutating func succeeded(_ source: String, to destination: String) {
        guard !holds.isEmpty else { return }
        holds[LimitKey.source(source)] = nil
        holds[LimitKey.path(source, destination)] = nil
    }

    /// Sources that cannot be used, since this host does not have their addresses, with what is said of it.
    /// - Returns: those that are new.
    package mutating func suspend(unplumbed fresh: [String: SMTPReply]) -> [String] {
        defer { unplumbed = fresh }
        return fresh.keys.filter { unplumbed[$0] == nil }.sorted()
    }

    package var unplumbedSources: Set<String> { Set(unplumbed.keys) }
}
