import TextCodecs

/// Users and what is kept of their passwords. One a line:
///
///     # name:scram-sha-256:iterations:salt:stored key:server key[:senders]
///     joe:scram-sha-256:15000:W22ZaJ0SNY7soEsUEjb6gQ==:WG5d…=:wfPL…=:joe@example.org,@example.net
///
/// Salt and keys are base64. Senders are the addresses and domains that the user may write in MAIL FROM; without them
/// any.
package struct UserFile: Sendable {
    package struct User: Sendable, Hashable {
        package var name: String
        package var keys: StoredKeys
        /// Lower case; empty: any.
        package var senders: [String]

        /// - Parameters: the reverse-path, as it came, and its domain.
        package func maySend(as address: String, domain: String) -> Bool {
            guard !senders.isEmpty, !address.isEmpty else { return true }
            let (address, domain) = (address.lowercased(), "@" + domain.lowercased())
            return senders.contains { $0 == address || $0 == domain }
        }

        /// Whether mail whose author is of this domain may carry the domain's signature.
        package func maySign(for domain: String) -> Bool {
            senders.isEmpty || senders.contains { $0.hasSuffix("@" + domain.lowercased()) }
        }
    }

    package struct Fault: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    private let users: [String: User]
    /// Makes the salts of users that do not exist, so that nobody can tell them from those that do.
    private let secret: [UInt8]

    package var count: Int { users.count }

    /// - Parameter file: named in faults, as `FILE:LINE: …`.
    package init(text: String, file: String, secret: [UInt8] = randomOctets(32)) throws(Fault) {
        var found: [String: User] = [:]
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            if line.isEmpty || line.hasPrefix("#") { continue }
            func fault(_ text: String) -> Fault { Fault(description: "\(file):\(index + 1): \(text)") }
            guard let user = try Self.user(line, fault) else { continue }
            guard found[user.name] == nil else { throw fault("user '\(user.name)' appears twice") }
            found[user.name] = user
        }
        users = found
        self.secret = secret
    }

    private static func user(_ line: Substring, _ fault: (String) -> Fault) throws(Fault) -> User? {
        let fields = line.split(separator: ":", omittingEmptySubsequences: false)
        guard fields.count == 6 || fields.count == 7 else {
            throw fault("expected name:scram-sha-256:iterations:salt:stored key:server key[:senders]")
        }
        guard !fields[0].isEmpty, fields[0].utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            throw fault("'\(fields[0])': expected a name without blanks")
        }
        guard fields[1] == "scram-sha-256" else { throw fault("'\(fields[1])': expected scram-sha-256") }
        guard let iterations = Int(fields[2]),
            (StoredKeys.leastIterations...StoredKeys.mostIterations).contains(iterations)
        else {
            throw fault(
                "'\(fields[2])': expected iterations from \(StoredKeys.leastIterations) to \(StoredKeys.mostIterations)"
            )
        }
        guard let salt = Base64.decode(fields[3]), salt.count >= 8 else {
            throw fault("salt: expected base64 of 8 octets or more")
        }
        guard let stored = Base64.decode(fields[4]), stored.count == Digests.length,
            let server = Base64.decode(fields[5]), server.count == Digests.length
        else { throw fault("keys: expected base64 of \(Digests.length) octets each") }
        let senders = fields.count == 7 ? fields[6].lowercased().split(separator: ",").map(String.init) : []
        for sender in senders where !sender.contains("@") {
            throw fault("sender '\(sender)': expected an address or @domain")
        }
        return User(
            name: String(fields[0]),
            keys: StoredKeys(iterations: iterations, salt: salt, storedKey: stored, serverKey: server), senders: senders
        )
    }

    package subscript(name: String) -> User? { users[name] }

    /// The keys of a user, or those of nobody: the same for the same name each time, and no password fits them.
    func keys(of name: String) -> StoredKeys {
        if let user = users[name] { return user.keys }
        let salt = Array(Digests.hmac(key: secret, Array(name.utf8)).prefix(16))
        let never = Digests.hmac(key: secret, Array("never".utf8) + salt)
        return StoredKeys(
            iterations: users.values.first?.keys.iterations ?? StoredKeys.usualIterations, salt: salt, storedKey: never,
            serverKey: never)
    }

    /// A line of the file. Costs what `iterations` say.
    package static func line(
        name: String, password: String, iterations: Int = StoredKeys.usualIterations,
        salt: [UInt8] = randomOctets(16), senders: [String] = []
    ) -> String {
        let keys = StoredKeys(password: Array(password.utf8), salt: salt, iterations: iterations)
        let fields = [
            name, "scram-sha-256", String(iterations), Base64.encode(salt), Base64.encode(keys.storedKey),
            Base64.encode(keys.serverKey),
        ]
        return (fields + (senders.isEmpty ? [] : [senders.joined(separator: ",")])).joined(separator: ":")
    }
}
