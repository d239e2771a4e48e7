import SASLAuthentication
import SMTPProtocol
import Testing
import TextCodecs

/// AUTH and times as a client session has them.
@Suite struct ClientAuthenticationTests {
    /// What the session wrote since the last time, and what it did last.
    private func feed(_ session: inout ClientSession, _ text: String) -> (written: String, action: ClientSession.Action)
    {
        let bytes = Array(text.utf8)
        var offset = 0
        var last = ClientSession.Action.needsInput
        while true {
            let action = session.step(bytes.span.bytes, &offset)
            if action == .needsInput { break }
            last = action
            if case .sessionRefused = action { break }
        }
        return (String(decoding: session.takeOutput(), as: UTF8.self), last)
    }

    /// A session that was greeted and has heard which mechanisms there are.
    private struct Opened: ~Copyable {
        var session: ClientSession
        let written: String
        let action: ClientSession.Action
    }

    private func opened(_ mechanisms: String) -> Opened {
        var configuration = ClientConfiguration(hostname: "c.test")
        configuration.authentication = ClientCredentials(name: "user", password: "pencil")
        var session = ClientSession(configuration)
        _ = feed(&session, "220 mx.test\r\n")
        let (written, action) = feed(&session, "250-mx.test\r\n250 AUTH \(mechanisms)\r\n")
        return Opened(session: session, written: written, action: action)
    }

    /// Challenge, keys worked out elsewhere, proof of both sides, and ready.
    @Test func scramIsPreferredAndProven() throws {
        var client = opened("PLAIN SCRAM-SHA-256 LOGIN")
        let words = client.written.split(separator: " ")
        #expect(words.prefix(2) == ["AUTH", "SCRAM-SHA-256"])
        let users = try UserFile(
            text: UserFile.line(name: "user", password: "pencil", iterations: 4096, salt: [9, 9], senders: []) + "\n",
            file: "users", secret: [1])
        var server = SASLExchange(.scramSHA256, users: users)
        guard case .challenge(let challenge) = server.start(words.last.map { String($0.dropLast()) }) else {
            Issue.record("the server does not understand: \(client.written)")
            return
        }
        #expect(feed(&client.session, "334 \(challenge)\r\n").action == .deriveKeys)
        #expect(client.session.timeoutSeconds == 0, "nothing is awaited meanwhile")
        let derivation = client.session.derivation
        let refusal = client.session.derived(try #require(derivation).keys())
        #expect(refusal == nil)
        let final = String(decoding: client.session.takeOutput().dropLast(2), as: UTF8.self)
        guard case .succeeded(_, let proof?) = server.respond(final) else {
            Issue.record("the proof is wrong: \(final)")
            return
        }
        #expect(feed(&client.session, "334 \(proof)\r\n").written == "\r\n")
        #expect(feed(&client.session, "235 2.7.0 hello\r\n").action == .ready)
        #expect(client.session.canBegin == true)
    }

    /// Whoever says yes before it has shown that it knows the password is refused.
    @Test func aServerMustProveItself() {
        var client = opened("SCRAM-SHA-256")
        guard case .sessionRefused(let reply) = feed(&client.session, "235 2.7.0 hello\r\n").action else {
            Issue.record("taken")
            return
        }
        #expect(reply.code == 535 && client.session.canBegin == false)
    }

    @Test func plainAndLoginAreSpoken() {
        var plain = opened("LOGIN PLAIN")
        #expect(plain.written == "AUTH PLAIN \(Base64.encode(Array("\0user\0pencil".utf8)))\r\n")
        #expect(feed(&plain.session, "235 ok\r\n").action == .ready)
        var login = opened("LOGIN")
        #expect(login.written == "AUTH LOGIN\r\n")
        #expect(feed(&login.session, "334 VXNlcm5hbWU6\r\n").written == Base64.encode(Array("user".utf8)) + "\r\n")
        #expect(feed(&login.session, "334 UGFzc3dvcmQ6\r\n").written == Base64.encode(Array("pencil".utf8)) + "\r\n")
        #expect(feed(&login.session, "235 ok\r\n").action == .ready)
        guard case .sessionRefused(let reply) = opened("GSSAPI").action else {
            Issue.record("no mechanism is known, and yet it goes on")
            return
        }
        #expect(reply.code == 504)
    }

    /// Each reply has its own time, and what is awaited has a name.
    @Test func repliesHaveTheirTimes() {
        var session = ClientSession(ClientConfiguration(hostname: "c.test"))
        #expect(session.timeoutSeconds == 300 && session.awaited == "greeting" && session.isOpening)
        _ = feed(&session, "220 mx.test\r\n")
        #expect(session.timeoutSeconds == 300 && session.awaited == "reply to EHLO")
        _ = feed(&session, "250 mx.test\r\n")
        #expect(session.timeoutSeconds == 0 && session.awaited == nil && !session.isOpening)
        var configuration = ClientConfiguration(hostname: "c.test")
        configuration.timeouts.setReplies(7)
        #expect(ClientSession(configuration).timeoutSeconds == 7)
    }
}
