import SASLAuthentication
import Testing
import TextCodecs

private func base64(_ text: String) -> String { Base64.encode(Array(text.utf8)) }

@Suite struct ClientExchangeTests {
    private static let nonce = "rOprNGfwEbeRWgbNEkqO"
    private static let challenge =
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"

    private func scram(_ credentials: ClientCredentials = .init(name: "user", password: "pencil")) throws
        -> ClientExchange
    {
        try #require(ClientExchange(credentials, offered: ["LOGIN", "PLAIN", "SCRAM-SHA-256"], nonce: Self.nonce))
    }

    /// RFC 7677 §3, octet by octet, as the client speaks it.
    @Test func scramIsTheOneOfTheRFC() throws {
        var exchange = try scram()
        #expect(exchange.mechanism == .scramSHA256, "preferred where it is offered")
        #expect(exchange.begin() == base64("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"))
        #expect(exchange.respond(to: base64(Self.challenge)) == .derive && !exchange.isProven)
        let derivation = try #require(exchange.derivation)
        let final =
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
            + "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
        #expect(exchange.derived(derivation.keys()) == .respond(base64(final)))
        let proof = base64("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
        #expect(exchange.respond(to: proof) == .respond("") && exchange.isProven)
        guard case .failed = exchange.respond(to: "") else {
            Issue.record("an exchange goes on after its end")
            return
        }
    }

    /// The second connection of the same client asks nobody to derive the keys again.
    @Test func keysAreDerivedOnceForASalt() throws {
        let credentials = ClientCredentials(name: "user", password: "pencil")
        var first = try scram(credentials)
        _ = first.begin()
        #expect(first.respond(to: base64(Self.challenge)) == .derive)
        let answer = first.derived(try #require(first.derivation).keys())
        var second = try scram(credentials)
        _ = second.begin()
        #expect(second.respond(to: base64(Self.challenge)) == answer)
    }

    @Test(arguments: [
        // Not our nonce, nothing added to it, too few iterations, too many, no salt, an extension that must be known.
        "r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1",
        "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=99999999999", "r=rOprNGfwEbeRWgbNEkqOx,s=,i=4096",
        "m=x,r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "", "r=rOprNGfwEbeRWgbNEkqOx",
    ])
    func wrongChallengesEndIt(_ challenge: String) throws {
        var exchange = try scram()
        _ = exchange.begin()
        guard case .failed = exchange.respond(to: base64(challenge)) else {
            Issue.record("taken: \(challenge)")
            return
        }
        #expect(exchange.derivation == nil && !exchange.isProven)
    }

    /// A server that only says yes does not know the password.
    @Test(arguments: ["v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=", "v=", "e=other-error", ""])
    func whoDoesNotProveItIsNotTheServer(_ final: String) throws {
        var exchange = try scram()
        _ = exchange.begin()
        _ = exchange.respond(to: base64(Self.challenge))
        _ = exchange.derived(try #require(exchange.derivation).keys())
        guard case .failed = exchange.respond(to: base64(final)) else {
            Issue.record("taken: \(final)")
            return
        }
        #expect(!exchange.isProven)
    }

    /// Against our own server's side, names that need escaping included.
    @Test(arguments: ["user", "a,b=c"]) func clientAndServerAgree(name: String) throws {
        let line = UserFile.line(
            name: name, password: "pencil", iterations: 4096, salt: [1, 2, 3, 4, 5, 6, 7, 8], senders: [])
        let users = try UserFile(text: line + "\n", file: "users", secret: [UInt8](repeating: 7, count: 32))
        var client = try scram(ClientCredentials(name: name, password: "pencil"))
        var server = SASLExchange(.scramSHA256, users: users)
        guard case .challenge(let first) = server.start(client.begin()),
            client.respond(to: first) == .derive, let derivation = client.derivation,
            case .respond(let final) = client.derived(derivation.keys()),
            case .succeeded(let user, let data?) = server.respond(final)
        else {
            Issue.record("they do not understand each other")
            return
        }
        #expect(user == name && client.respond(to: data) == .respond("") && client.isProven)
    }

    @Test func othersAreTakenWhereTheyAreAllThereIs() throws {
        let credentials = ClientCredentials(name: "joe", password: "x")
        var plain = try #require(ClientExchange(credentials, offered: ["LOGIN", "PLAIN"]))
        let initial = plain.begin()
        #expect(initial == base64("\0joe\0x") && plain.isProven)
        var login = try #require(ClientExchange(credentials, offered: ["LOGIN", "CRAM-MD5"]))
        #expect(login.begin() == nil)
        #expect(login.respond(to: base64("Username:")) == .respond(base64("joe")))
        #expect(login.respond(to: base64("Password:")) == .respond(base64("x")))
        guard case .failed = login.respond(to: base64("More:")) else {
            Issue.record("a third answer to LOGIN")
            return
        }
        #expect(ClientExchange(credentials, offered: ["GSSAPI"]) == nil)
    }
}
