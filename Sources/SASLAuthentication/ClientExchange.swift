import TextCodecs

/// One authentication as the client sees it, without I/O: challenges in base64 in, lines in base64 out (RFC 4422, RFC
/// 4954).
package struct ClientExchange: Sendable {
    package enum Step: Equatable, Sendable {
        case respond(String)
        /// Work this out on a thread that may take its time, and bring it to ``derived(_:)``.
        case derive
        /// What the server said is not of the mechanism, or shows that it is not the one that we know.
        case failed(String)
    }

    private enum State {
        case begun
        case login(next: Int)
        case scramFirst(ScramClient)
        case deriving(ScramClient, KeyDerivation)
        case scramFinal(ScramClient)
        case proven
        case over
    }

    package let mechanism: SASLMechanism
    private let credentials: ClientCredentials
    private let nonce: String
    private var state = State.begun

    /// Takes the strongest of the mechanisms that a server offers: SCRAM does not tell it the password.
    /// - Parameters:
    ///   - offered: names in upper case.
    ///   - nonce: fresh printable text without commas.
    /// - Returns: nil where none of them is known here.
    package init?(
        _ credentials: ClientCredentials, offered: [String], nonce: String = Base64.encode(randomOctets(18))
    ) {
        let order: [SASLMechanism] = [.scramSHA256, .plain, .login]
        guard let chosen = order.first(where: { offered.contains($0.rawValue) }) else { return nil }
        mechanism = chosen
        self.credentials = credentials
        self.nonce = nonce
    }

    /// - Returns: the initial response (RFC 4954 §4); nil: none.
    package mutating func begin() -> String? {
        switch mechanism {
        case .plain:
            state = .over
            return credentials.plain
        case .login:
            state = .login(next: 0)
            return nil
        case .scramSHA256:
            let scram = ScramClient(name: credentials.name, nonce: nonce)
            state = .scramFirst(scram)
            return Base64.encode(Array(scram.first.utf8))
        }
    }

    /// - Parameter challenge: base64.
    package mutating func respond(to challenge: String) -> Step {
        switch state {
        case .login(let next) where next < credentials.login.count:
            state = .login(next: next + 1)
            return .respond(credentials.login[next])
        case .scramFirst(var scram):
            guard let bytes = Base64.decode(challenge) else {
                return end("SCRAM: the server's challenge is not base64")
            }
            switch scram.challenged(bytes) {
            case .failure(let fault): return end("SCRAM: " + fault.text)
            case .success(let input): return derive(scram, input)
            }
        case .scramFinal(let scram):
            guard let bytes = Base64.decode(challenge), scram.isProof(bytes) else {
                return end("SCRAM: the server does not know the password")
            }
            state = .proven
            return .respond("")
        default: return end("AUTH \(mechanism.rawValue): the server asks for more than there is")
        }
    }

    private mutating func derive(_ scram: ScramClient, _ input: KeyDerivation.Input) -> Step {
        state = .deriving(scram, KeyDerivation(credentials: credentials, input: input))
        return credentials.knownKeys(input).map { derived($0) } ?? .derive
    }

    private mutating func end(_ text: String) -> Step {
        state = .over
        return .failed(text)
    }

    /// What ``Step/derive`` wants; nil: nothing.
    package var derivation: KeyDerivation? { if case .deriving(_, let wanted) = state { wanted } else { nil } }

    package mutating func derived(_ keys: ScramKeys) -> Step {
        guard case .deriving(var scram, _) = state else { return end("SCRAM: keys were not asked for") }
        let line = scram.final(keys)
        state = .scramFinal(scram)
        return .respond(Base64.encode(Array(line.utf8)))
    }

    /// The server may say 235 now: where the mechanism lets it prove that it knows the password, it has.
    package var isProven: Bool {
        guard mechanism == .scramSHA256 else { return true }
        if case .proven = state { return true }
        return false
    }
}
