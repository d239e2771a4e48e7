/// Passwords that were checked a moment ago, so that a client that connects for each message does not cost a key
/// derivation each time.
///
/// Kept are HMACs under a key that only this process has and never writes: whoever reads them in a core dump has the
/// key beside them and may then guess a recent password at the speed of one HMAC, which is why entries are few and
/// short-lived. The stored keys are part of what is hashed: a changed line of the user file misses.
package struct VerifiedPasswords: Sendable {
    /// Milliseconds that an entry holds after its last use.
    package static let lifetime: UInt64 = 60_000
    package static let most = 1_024

    private let secret: [UInt8]
    private var entries: [[UInt8]: UInt64] = [:]

    package init(secret: [UInt8] = randomOctets(32)) { self.secret = secret }

    private func tag(_ check: PasswordCheck) -> [UInt8] {
        let name = Array(check.name.utf8)
        return Digests.hmac(
            key: secret, check.keys.storedKey + [UInt8(truncatingIfNeeded: name.count)] + name + [0] + check.password)
    }

    /// This very password was right lately.
    package func contains(_ check: PasswordCheck, now: UInt64) -> Bool { entries[tag(check)].map { $0 > now } ?? false }

    /// The same, and it is remembered for longer: who comes often is not asked to be right anew.
    package mutating func recall(_ check: PasswordCheck, now: UInt64) -> Bool {
        let tag = tag(check)
        guard let until = entries[tag], until > now else { return false }
        entries[tag] = now + Self.lifetime
        return true
    }

    package mutating func insert(_ check: PasswordCheck, now: UInt64) {
        if entries.count >= Self.most { entries = entries.filter { $0.value > now } }
        if entries.count < Self.most { entries[tag(check)] = now + Self.lifetime }
    }
}
