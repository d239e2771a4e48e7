import TextCodecs

/// Mechanisms that a server offers, by their names (RFC 4422 §3.1).
package enum SASLMechanism: String, Sendable, CaseIterable {
    case plain = "PLAIN"
    case login = "LOGIN"
    case scramSHA256 = "SCRAM-SHA-256"
}

/// One authentication as the server sees it, without I/O: lines of base64 in, what to do next out (RFC 4422, RFC 4954).
///
/// Checking a password costs milliseconds on purpose, so it is not done here: ``Step/check(_:)`` is work for a thread
/// that may take its time, and ``checked(_:)`` brings its result back.
package struct SASLExchange: Sendable {
    package enum Step: Sendable, Equatable {
        /// Send this, in base64, and bring the answer to ``respond(_:)``.
        case challenge(String)
        case check(PasswordCheck)
        /// - Parameter data: base64 that the client is still to be told.
        case succeeded(user: String, data: String?)
        /// The credentials are wrong.
        case failed
        /// What the client said is not of the mechanism.
        case malformed(String)
    }

    private enum State {
        case begun
        case plainWanted
        case loginName
        case loginPassword(name: [UInt8])
        case checking(PasswordCheck)
        case scram(ScramServer)
        case over
    }

    private let mechanism: SASLMechanism
    private let users: UserFile
    private let nonce: String
    private var state = State.begun
    /// Who tried, as far as it was said: for logs and for counting failures.
    package private(set) var claimedName = ""

    /// - Parameter nonce: fresh random text without commas (RFC 5802 §5.1).
    package init(_ mechanism: SASLMechanism, users: UserFile, nonce: String = Base64.encode(randomOctets(18))) {
        self.mechanism = mechanism
        self.users = users
        self.nonce = nonce
    }

    /// - Parameter initial: the initial response as AUTH has it: nil: none; `=`: an empty one (RFC 4954 §4).
    package mutating func start(_ initial: String?) -> Step {
        guard let initial else { return begin() }
        // LOGIN's initial response is the name, for those clients that send it.
        if mechanism == .login { state = .loginName }
        if mechanism == .plain { state = .plainWanted }
        return respond(initial == "=" ? "" : initial)
    }

    private mutating func begin() -> Step {
        switch mechanism {
        case .plain:
            state = .plainWanted
            return .challenge("")
        case .login:
            state = .loginName
            return .challenge(Base64.encode(Array("Username:".utf8)))
        case .scramSHA256:
            return .challenge("")
        }
    }

    /// - Parameter line: the client's line, base64.
    package mutating func respond(_ line: String) -> Step {
        guard let bytes = Base64.decode(line) else { return end(.malformed("not base64")) }
        switch state {
        case .begun:
            return scramFirst(bytes)
        case .plainWanted: return plain(bytes)
        case .loginName:
            guard !bytes.isEmpty else { return end(.malformed("no name")) }
            state = .loginPassword(name: bytes)
            return .challenge(Base64.encode(Array("Password:".utf8)))
        case .loginPassword(let name): return check(name, bytes)
        case .scram(var server):
            let final = server.finish(bytes)
            guard case .proof(let data) = final else {
                if case .malformed(let text) = final { return end(.malformed(text)) }
                return end(.failed)
            }
            return end(.succeeded(user: server.name, data: Base64.encode(data)))
        case .checking, .over: return end(.malformed("nothing was asked"))
        }
    }

    /// The result of a ``Step/check(_:)``.
    package mutating func checked(_ isRight: Bool) -> Step {
        guard case .checking(let check) = state else { preconditionFailure("no check was asked for") }
        return end(isRight ? .succeeded(user: check.name, data: nil) : .failed)
    }

    private mutating func end(_ step: Step) -> Step {
        state = .over
        return step
    }

    /// `[authzid] NUL authcid NUL password` (RFC 4616 §2). Acting for another is nobody's right here.
    private mutating func plain(_ bytes: [UInt8]) -> Step {
        let parts = bytes.split(separator: 0, maxSplits: 3, omittingEmptySubsequences: false).map(Array.init)
        guard parts.count == 3, !parts[1].isEmpty, !parts[2].isEmpty else {
            return end(.malformed("expected name and password between NULs"))
        }
        let step = check(parts[1], parts[2])
        guard case .check = step, !parts[0].isEmpty, parts[0] != parts[1] else { return step }
        return end(.failed)
    }

    private mutating func check(_ name: [UInt8], _ password: [UInt8]) -> Step {
        guard let name = String(validating: name, as: UTF8.self), name.utf8.count <= 255, !password.isEmpty,
            password.count <= 1024
        else { return end(.malformed("name or password too long, empty or not UTF-8")) }
        claimedName = name
        let check = PasswordCheck(name: name, password: password, keys: users.keys(of: name))
        state = .checking(check)
        return .check(check)
    }

    private mutating func scramFirst(_ bytes: [UInt8]) -> Step {
        switch ScramServer.begin(bytes, users: users, nonce: nonce) {
        case .success(let (server, challenge)):
            claimedName = server.name
            state = .scram(server)
            return .challenge(Base64.encode(challenge))
        case .failure(let fault): return end(.malformed(fault.text))
        }
    }
}

/// A password to be checked, on a thread that may take its time.
package struct PasswordCheck: Sendable, Equatable {
    package let name: String
    let password: [UInt8]
    let keys: StoredKeys

    /// Takes milliseconds, the same for users that do not exist.
    package func run() -> Bool { keys.verifies(password: password) }
}
