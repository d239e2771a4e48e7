/// What is kept of a password: enough to check it and to prove that we know it, not enough to be it
/// (RFC 5802 §3: StoredKey and ServerKey with SHA-256, RFC 7677).
package struct StoredKeys: Hashable, Sendable {
    /// Least that RFC 7677 §4 allows.
    package static let leastIterations = 4096
    /// What a new line gets.
    package static let usualIterations = 15_000
    /// More would let a line of the file stop the server.
    package static let mostIterations = 10_000_000

    package let iterations: Int
    package let salt: [UInt8]
    package let storedKey: [UInt8]
    package let serverKey: [UInt8]

    package init(iterations: Int, salt: [UInt8], storedKey: [UInt8], serverKey: [UInt8]) {
        self.iterations = iterations
        self.salt = salt
        self.storedKey = storedKey
        self.serverKey = serverKey
    }

    /// Costs what `iterations` say; not for event loops.
    package init(password: [UInt8], salt: [UInt8], iterations: Int) {
        let salted = Digests.stretched(password: password, salt: salt, iterations: iterations)
        self.init(
            iterations: iterations, salt: salt,
            storedKey: Digests.sha256(Digests.hmac(key: salted, Array("Client Key".utf8))),
            serverKey: Digests.hmac(key: salted, Array("Server Key".utf8)))
    }

    /// Costs what ``iterations`` say; not for event loops.
    package func verifies(password: [UInt8]) -> Bool {
        Digests.areEqual(StoredKeys(password: password, salt: salt, iterations: iterations).storedKey, storedKey)
    }
}
