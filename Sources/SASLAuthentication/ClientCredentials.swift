import Synchronization
import TextCodecs

/// Name and password of a client, for all of its connections: keys of SCRAM are derived once for each salt of a server's
/// (RFC 5802 §5.1 allows to keep them).
package final class ClientCredentials: Sendable {
    /// Salts whose keys are kept: a server has one a user, a hostile one as many as it likes.
    package static let keptKeys = 64

    package let name: String
    private let password: String
    private let kept = Mutex<[KeyDerivation.Input: ScramKeys]>([:])
    /// Held while keys are derived: whoever wants the same ones waits for them.
    private let work = Mutex(())

    package init(name: String, password: String) {
        self.name = name
        self.password = password
    }

    /// RFC 4616: the initial response of AUTH PLAIN, base64.
    var plain: String { Base64.encode([0] + Array(name.utf8) + [0] + Array(password.utf8)) }

    /// What AUTH LOGIN asks for, one after the other, base64.
    var login: [String] { [name, password].map { Base64.encode(Array($0.utf8)) } }

    /// Nil where they are still to be derived.
    func knownKeys(_ input: KeyDerivation.Input) -> ScramKeys? { kept.withLock { $0[input] } }

    /// Costs what the iterations say.
    fileprivate func keys(_ input: KeyDerivation.Input) -> ScramKeys {
        work.withLock { _ in
            if let known = knownKeys(input) { return known }
            let keys = ScramKeys(password: Array(password.utf8), salt: input.salt, iterations: input.iterations)
            kept.withLock { kept in
                if kept.count >= Self.keptKeys { kept.removeAll() }
                kept[input] = keys
            }
            return keys
        }
    }
}

/// PBKDF2 for a salt of the server's: milliseconds of work, on purpose; not for event loops.
package struct KeyDerivation: Sendable, Equatable {
    struct Input: Hashable, Sendable {
        let salt: [UInt8]
        let iterations: Int
    }

    let credentials: ClientCredentials
    let input: Input

    package func keys() -> ScramKeys { credentials.keys(input) }

    package static func == (one: KeyDerivation, other: KeyDerivation) -> Bool {
        one.credentials === other.credentials && one.input == other.input
    }
}

/// What a client proves itself with and knows its server by (RFC 5802 §3).
package struct ScramKeys: Hashable, Sendable {
    let clientKey: [UInt8]
    let storedKey: [UInt8]
    let serverKey: [UInt8]

    init(password: [UInt8], salt: [UInt8], iterations: Int) {
        let salted = Digests.stretched(password: password, salt: salt, iterations: iterations)
        clientKey = Digests.hmac(key: salted, Array("Client Key".utf8))
        storedKey = Digests.sha256(clientKey)
        serverKey = Digests.hmac(key: salted, Array("Server Key".utf8))
    }
}
