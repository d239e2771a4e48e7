import SASLAuthentication
import Testing
import TextCodecs

private let secret = [UInt8](repeating: 7, count: 32)

private func users(_ iterations: Int = 4096, senders: [String] = []) throws -> UserFile {
    let line = UserFile.line(
        name: "user", password: "pencil", iterations: iterations,
        salt: try #require(Base64.decode("W22ZaJ0SNY7soEsUEjb6gQ==")), senders: senders)
    return try UserFile(text: "# users\n\n\(line)\n", file: "users", secret: secret)
}

private func text(_ base64: String) throws -> String {
    String(decoding: try #require(Base64.decode(base64)), as: UTF8.self)
}
private func base64(_ text: String) -> String { Base64.encode(Array(text.utf8)) }

@Suite struct SASLTests {
    /// RFC 7677 §3, octet by octet.
    @Test func scramIsTheOneOfTheRFC() throws {
        var exchange = SASLExchange(
            .scramSHA256, users: try users(), nonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0")
        guard case .challenge(let first) = exchange.start(base64("n,,n=user,r=rOprNGfwEbeRWgbNEkqO")) else {
            Issue.record("no challenge")
            return
        }
        #expect(
            try text(first)
                == "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")
        let step = exchange.respond(
            base64(
                "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                    + "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="))
        #expect(
            step == .succeeded(user: "user", data: base64("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")))
    }

    @Test(arguments: [
        // Another proof, another nonce, another channel binding.
        "c=biws,r=rOprNGfwEbeRWgbNEkqOsrv,p=eHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        "c=biws,r=rOprNGfwEbeRWgbNEkqOsrw,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        "c=eSws,r=rOprNGfwEbeRWgbNEkqOsrv,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    ])
    func wrongProofsFail(_ final: String) throws {
        var exchange = SASLExchange(.scramSHA256, users: try users(), nonce: "srv")
        _ = exchange.start(base64("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"))
        #expect(exchange.respond(base64(final)) == .failed)
        guard case .malformed = exchange.respond(base64(final)) else {
            Issue.record("an exchange goes on after its end")
            return
        }
    }

    @Test(arguments: [
        "", "n", "n,,", "n,,n=user", "p=tls-unique,,n=user,r=x", "n,,n=us=er,r=x", "n,,n=user,r=", "n,,n=,r=x",
        "n,a=other,n=user,r=x", "n,,m=x,n=user,r=x", "n,,n=user,r=\u{7}",
    ])
    func malformedFirstMessagesAreTold(_ first: String) throws {
        var exchange = SASLExchange(.scramSHA256, users: try users())
        guard case .malformed = exchange.start(first.isEmpty ? "=" : base64(first)) else {
            Issue.record("taken: \(first)")
            return
        }
    }

    @Test func namesWithCommasAndEqualsSigns() throws {
        let line = UserFile.line(name: "a,b=c", password: "x", iterations: 4096)
        let users = try UserFile(text: line, file: "users")
        var exchange = SASLExchange(.scramSHA256, users: users)
        guard case .challenge = exchange.start(base64("n,,n=a=2Cb=3Dc,r=abc")) else {
            Issue.record("no challenge")
            return
        }
        #expect(exchange.claimedName == "a,b=c")
    }

    /// Who does not exist is answered like who does, with the same salt each time.
    @Test func unknownUsersLookLikeKnownOnes() throws {
        func challenge(_ name: String) throws -> String {
            var exchange = SASLExchange(.scramSHA256, users: try users(), nonce: "srv")
            guard case .challenge(let line) = exchange.start(base64("n,,n=\(name),r=abc")) else { return "" }
            return try text(line)
        }
        let first = try challenge("nobody")
        #expect(first == (try challenge("nobody")))
        #expect(first != (try challenge("noone")))
        #expect(first.hasPrefix("r=abcsrv,s=") && first.hasSuffix(",i=4096"))
        #expect(first.utf8.count == (try challenge("user")).utf8.count)
    }

    @Test func plainChecksNameAndPassword() throws {
        func result(_ response: String) throws -> SASLExchange.Step {
            var exchange = SASLExchange(.plain, users: try users())
            #expect(exchange.start(nil) == .challenge(""))
            let step = exchange.respond(base64(response))
            guard case .check(let check) = step else { return step }
            return exchange.checked(check.run())
        }
        #expect(try result("\0user\0pencil") == .succeeded(user: "user", data: nil))
        #expect(try result("user\0user\0pencil") == .succeeded(user: "user", data: nil))
        #expect(try result("\0user\0Pencil") == .failed)
        #expect(try result("\0nobody\0pencil") == .failed)
        #expect(try result("root\0user\0pencil") == .failed)
        for bad in ["", "user", "\0user", "\0\0pencil", "\0user\0", "a\0b\0c\0d"] {
            guard case .malformed = try result(bad) else {
                Issue.record("taken: \(bad)")
                continue
            }
        }
    }

    @Test func loginAsksForBoth() throws {
        var exchange = SASLExchange(.login, users: try users())
        #expect(exchange.start(nil) == .challenge("VXNlcm5hbWU6"))
        #expect(exchange.respond(base64("user")) == .challenge("UGFzc3dvcmQ6"))
        guard case .check(let check) = exchange.respond(base64("pencil")) else {
            Issue.record("no check")
            return
        }
        #expect(exchange.checked(check.run()) == .succeeded(user: "user", data: nil))
        var quick = SASLExchange(.login, users: try users())
        #expect(quick.start(base64("user")) == .challenge("UGFzc3dvcmQ6"))
        guard case .malformed = quick.respond("not base64!") else {
            Issue.record("taken")
            return
        }
    }

    @Test(arguments: [
        ("joe", "1: expected name:scram-sha-256"), ("joe:md5:1:2:3:4", "1: 'md5'"),
        ("joe:scram-sha-256:100:AAAAAAAAAAAA:x:y", "1: '100': expected iterations"),
        ("joe:scram-sha-256:4096:AAAA:x:y", "1: salt"), ("joe:scram-sha-256:4096:AAAAAAAAAAAA:AAAA:AAAA", "1: keys"),
        (":scram-sha-256:4096:AAAAAAAAAAAA:AAAA:AAAA", "1: ''"),
    ])
    func badLinesAreNamed(_ line: String, _ expected: String) {
        #expect {
            _ = try UserFile(text: line, file: "users")
        } throws: {
            "\($0)".hasPrefix("users:\(expected)")
        }
    }

    @Test func linesMayEndAsOnOtherSystems() throws {
        let lines = ["a", "b"].map { UserFile.line(name: $0, password: "x", iterations: 4096) }
        #expect(try UserFile(text: lines.joined(separator: "\r\n") + "\r\n", file: "users").count == 2)
    }

    @Test func theSameUserTwiceIsAMistake() throws {
        let line = UserFile.line(name: "a", password: "x", iterations: 4096)
        #expect(throws: UserFile.Fault.self) { try UserFile(text: line + "\n" + line, file: "users") }
    }

    @Test func sendersAreLimited() throws {
        let some = try #require(try users(senders: ["joe@x.test", "@y.test"])["user"])
        #expect(some.maySend(as: "Joe@X.test", domain: "X.test"))
        #expect(some.maySend(as: "a@y.test", domain: "y.test"))
        #expect(some.maySend(as: "", domain: ""))
        #expect(!some.maySend(as: "ann@x.test", domain: "x.test"))
        #expect(!some.maySend(as: "a@z.y.test", domain: "z.y.test"))
        #expect(try #require(try users()["user"]).maySend(as: "any@where.test", domain: "where.test"))
    }

    @Test func guessingGetsSlow() {
        var book = FailureBook()
        for _ in 0..<FailureBook.free { book.failed("a", now: 1000) }
        #expect(book.mayTry("a", now: 1000))
        book.failed("a", now: 1000)
        #expect(!book.mayTry("a", now: 1999) && book.mayTry("a", now: 2000) && book.mayTry("b", now: 1000))
        book.failed("a", now: 2000)
        #expect(!book.mayTry("a", now: 3999) && book.mayTry("a", now: 4000))
        for _ in 0..<60 { book.failed("a", now: 4000) }
        #expect(book.mayTry("a", now: 4000 + FailureBook.longestDelay))
        #expect(!book.mayTry("a", now: 3999 + FailureBook.longestDelay))
        book.succeeded("a")
        #expect(book.mayTry("a", now: 4000))
    }

    @Test func rightPasswordsAreRememberedForAWhile() throws {
        func check(_ password: String) throws -> PasswordCheck? {
            var exchange = SASLExchange(.plain, users: try users())
            if case .check(let check) = exchange.start(base64("\0user\0\(password)")) { return check }
            return nil
        }
        var known = VerifiedPasswords(secret: secret)
        let right = try #require(try check("pencil"))
        #expect(!known.contains(right, now: 0))
        known.insert(right, now: 0)
        #expect(known.contains(right, now: VerifiedPasswords.lifetime - 1))
        #expect(!known.contains(right, now: VerifiedPasswords.lifetime))
        #expect(!known.contains(try #require(try check("pencils")), now: 1))
    }
}
