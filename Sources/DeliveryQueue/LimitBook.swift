/// Limits that hold over all event loops. A connection, or a message, is a claim on several keys at once: the
/// destination, its provider, the source, the source to this destination. It gets all of them or none. A value; the
/// service keeps one behind a lock and asks it only where there are limits.
package struct LimitBook: Sendable {
    /// One key and what is allowed there.
    package struct Claim: Hashable, Sendable {
        package var key: String
        package var limits: EgressLimits
        package init(_ key: String, _ limits: EgressLimits) {
            self.key = key
            self.limits = limits
        }
    }

    /// What stood in the way.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case connections
        case connectionRate = "connection_rate"
        case messageRate = "message_rate"
    }

    package struct Denial: Hashable, Sendable {
        package var key: String
        package var kind: Kind
        /// When to ask again, milliseconds; of connections: at the latest, one that becomes free is told.
        package var until: UInt64

        package init(key: String, kind: Kind, until: UInt64) {
            self.key = key
            self.kind = kind
            self.until = until
        }
    }

    /// A loop that has a turn now.
    package struct Wake: Hashable, Sendable {
        package var loop: Int
        package var key: String
        package init(loop: Int, key: String) {
            self.loop = loop
            self.key = key
        }
    }

    /// A loop that asked for a connection in vain, for one destination or for several.
    private struct Waiter {
        var loop: Int
        var name: String
        var isSeveral = false
        /// Another one was asked to give a connection up.
        var isAnnounced = false
    }

    private struct Use {
        var connections = 0
        var waiting: [Waiter] = []
        /// A connection that became free is kept for the loop whose turn it is, for a moment.
        var reserved: [(loop: Int, until: UInt64)] = []
        var connectionTokens: TokenBucket?
        var messageTokens: TokenBucket?
    }

    private var uses: [String: Use] = [:]
    private var sweepAt = Self.keysKept
    /// Times that a limit stood in the way.
    package private(set) var denials: [Kind: UInt64] = [:]

    /// Keys before those at rest are forgotten.
    static let keysKept = 65_536
    /// How long a connection is kept for the loop whose turn it is.
    static let reservationMilliseconds: UInt64 = 500
    /// Who was refused a connection asks again then, if nobody tells it before.
    package static let pollMilliseconds: UInt64 = 250

    /// Who may begin no message for so long is not connected.
    static let idleMilliseconds: UInt64 = 5_000

    package init() {}

    /// Connections that a key has now.
    package func connections(of key: String) -> Int { uses[key]?.connections ?? 0 }

    /// What a key's limits allow now, for whoever asks why mail waits.
    package struct State: Hashable, Sendable {
        package var claim: Claim
        package var connections: Int
        /// Loops that wait for a connection.
        package var waiting: Int
        /// When the rate allows the next one, milliseconds since 1970; nil: at once.
        package var nextConnection: UInt64?
        package var nextMessage: UInt64?
    }

    package func state(of claim: Claim, now: UInt64) -> State {
        let use = uses[claim.key]
        func next(_ bucket: TokenBucket?) -> UInt64? {
            guard let bucket, !bucket.hasOne(now: now) else { return nil }
            return bucket.nextOne(now: now)
        }
        return State(
            claim: claim, connections: use?.connections ?? 0, waiting: use?.waiting.count ?? 0,
            nextConnection: claim.limits.connectionRate == nil ? nil : next(use?.connectionTokens),
            nextMessage: claim.limits.messageRate == nil ? nil : next(use?.messageTokens))
    }

    // MARK: Connections

    /// Takes one connection of each key, or of none.
    /// - Parameters:
    ///   - loop: who asks; remembered where it was refused, so that the others give one up for it.
    ///   - name: the destination's.
    /// - Returns: nil if it was granted.
    package mutating func connect(_ claims: [Claim], loop: Int, name: String, now: UInt64) -> Denial? {
        adoptRates(claims, now)
        for claim in claims {
            guard let denial = denial(claim, loop, now) else { continue }
            denials[denial.kind, default: 0] += 1
            if denial.kind == .connections { wait(denial.key, loop, name) }
            return denial
        }
        for claim in claims { take(claim, loop, now) }
        sweep(now)
        return nil
    }

    private mutating func denial(_ claim: Claim, _ loop: Int, _ now: UInt64) -> Denial? {
        let use = uses[claim.key]
        if let most = claim.limits.connections {
            let kept = use?.reserved.count { $0.loop != loop && $0.until > now } ?? 0
            guard (use?.connections ?? 0) + kept < most else {
                return Denial(key: claim.key, kind: .connections, until: now + Self.pollMilliseconds)
            }
        }
        // A connection that could begin no message for long is not worth being opened.
        if claim.limits.messageRate != nil, let bucket = use?.messageTokens {
            let next = bucket.nextOne(now: now)
            if next > now + Self.idleMilliseconds { return Denial(key: claim.key, kind: .messageRate, until: next) }
        }
        guard claim.limits.connectionRate != nil, let bucket = use?.connectionTokens else { return nil }
        return bucket.hasOne(now: now)
            ? nil : Denial(key: claim.key, kind: .connectionRate, until: bucket.nextOne(now: now))
    }

    private mutating func take(_ claim: Claim, _ loop: Int, _ now: UInt64) {
        var use = uses.removeValue(forKey: claim.key) ?? Use()
        use.connections += 1
        if let at = use.reserved.firstIndex(where: { $0.loop == loop }) { use.reserved.remove(at: at) }
        use.waiting.removeAll { $0.loop == loop }
        if let rate = claim.limits.connectionRate { Self.takeOne(&use.connectionTokens, rate, now) }
        uses[claim.key] = use
    }

    private mutating func wait(_ key: String, _ loop: Int, _ name: String) {
        var use = uses.removeValue(forKey: key) ?? Use()
        if let at = use.waiting.firstIndex(where: { $0.loop == loop }) {
            if use.waiting[at].name != name { use.waiting[at].isSeveral = true }
            use.waiting[at].isAnnounced = false
        } else {
            use.waiting.append(Waiter(loop: loop, name: name))
        }
        uses[key] = use
    }

    /// A connection that is open already counts here from now on: the key got a limit meanwhile.
    package mutating func adopt(_ key: String) { uses[key, default: Use()].connections += 1 }

    /// Gives a connection back.
    /// - Returns: loops that waited, and have a turn now.
    package mutating func disconnect(_ keys: [String], now: UInt64) -> [Wake] {
        keys.compactMap { key in
            guard var use = uses.removeValue(forKey: key) else { preconditionFailure("\(key) has no connection") }
            use.connections -= 1
            precondition(use.connections >= 0, "\(key) has no connection")
            let wake = Self.turn(&use, key, now)
            if !Self.isAtRest(use, now) { uses[key] = use }
            return wake
        }
    }

    /// The loop had a turn and needs no connection any more.
    package mutating func pass(_ key: String, loop: Int, now: UInt64) -> Wake? {
        guard var use = uses[key], let at = use.reserved.firstIndex(where: { $0.loop == loop }) else { return nil }
        use.reserved.remove(at: at)
        let wake = Self.turn(&use, key, now)
        uses[key] = Self.isAtRest(use, now) ? nil : use
        return wake
    }

    private static func turn(_ use: inout Use, _ key: String, _ now: UInt64) -> Wake? {
        use.reserved.removeAll { $0.until <= now }
        guard !use.waiting.isEmpty else { return nil }
        let next = use.waiting.removeFirst()
        use.reserved.append((next.loop, now + reservationMilliseconds))
        return Wake(loop: next.loop, key: key)
    }

    /// Another loop waits for a connection, or this one for another destination; said once each time that it asked.
    package mutating func takeWanted(_ keys: [String], besides loop: Int, name: String) -> Bool {
        for key in keys {
            guard
                let at = uses[key]?.waiting.firstIndex(where: {
                    !$0.isAnnounced && ($0.loop != loop || $0.name != name || $0.isSeveral)
                })
            else { continue }
            uses[key]!.waiting[at].isAnnounced = true
            return true
        }
        return false
    }

    // MARK: Messages

    /// Takes the right to begin one message from each key, or from none.
    /// - Returns: nil if it was granted.
    package mutating func begin(_ claims: [Claim], now: UInt64) -> Denial? {
        var denied: Denial?
        adoptRates(claims, now)
        for claim in claims {
            guard claim.limits.messageRate != nil, let bucket = uses[claim.key]?.messageTokens else { continue }
            guard !bucket.hasOne(now: now) else { continue }
            let until = bucket.nextOne(now: now)
            if until >= denied?.until ?? 0 { denied = Denial(key: claim.key, kind: .messageRate, until: until) }
        }
        if let denied {
            denials[.messageRate, default: 0] += 1
            return denied
        }
        for claim in claims {
            guard let rate = claim.limits.messageRate else { continue }
            Self.takeOne(&uses[claim.key, default: Use()].messageTokens, rate, now)
        }
        sweep(now)
        return nil
    }

    /// Rates that have changed since they were asked for last.
    private mutating func adoptRates(_ claims: [Claim], _ now: UInt64) {
        for claim in claims {
            if let rate = claim.limits.connectionRate, let old = uses[claim.key]?.connectionTokens?.rate, old != rate {
                uses[claim.key]!.connectionTokens!.adopt(rate, now: now)
            }
            if let rate = claim.limits.messageRate, let old = uses[claim.key]?.messageTokens?.rate, old != rate {
                uses[claim.key]!.messageTokens!.adopt(rate, now: now)
            }
        }
    }

    private static func takeOne(_ bucket: inout TokenBucket?, _ rate: DeliveryRate, _ now: UInt64) {
        var tokens = bucket ?? TokenBucket(rate, now: now)
        tokens.takeOne(now: now)
        bucket = tokens
    }

    // MARK: Memory

    /// Nothing to remember: no connection, nobody waits, and all of its rates may be used again.
    private static func isAtRest(_ use: Use, _ now: UInt64) -> Bool {
        use.connections == 0 && use.waiting.isEmpty && use.reserved.allSatisfy { $0.until <= now }
            && use.connectionTokens?.isFull(now: now) ?? true && use.messageTokens?.isFull(now: now) ?? true
    }

    private mutating func sweep(_ now: UInt64) {
        guard uses.count >= sweepAt else { return }
        uses = uses.filter { !Self.isAtRest($0.value, now) }
        sweepAt = max(Self.keysKept, uses.count * 2)
    }
}
