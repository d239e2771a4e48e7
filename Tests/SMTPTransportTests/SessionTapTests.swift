import SMTPTransport
import Testing

/// What a trace shows of a session, and what it does not.
@Suite struct SessionTapTests {
    private final class Seen { var events: [SessionTap.Event] = [] }

    private func follow(_ commands: [String], replies: [String] = []) -> [SessionTap.Event] {
        let seen = Seen()
        let tap = SessionTap { seen.events.append($0) }
        for part in commands { tap.commands(Array(part.utf8)) }
        for part in replies { tap.replies(Array(part.utf8)) }
        return seen.events
    }

    @Test func linesAreWholeHoweverTheyCome() {
        #expect(
            follow(["EHLO cli", "ent.test\r\nMAIL FROM:<a@x.test>\r", "\n"], replies: ["250-mta\r\n250 ", "SIZE\r\n"])
                == [
                    .command("EHLO client.test"), .command("MAIL FROM:<a@x.test>"), .reply("250-mta"),
                    .reply("250 SIZE"),
                ])
    }

    @Test(arguments: [
        ("AUTH PLAIN AGpvZQBzZWNyZXQ=\r\n", "AUTH PLAIN ***"), ("auth login\r\n", "AUTH login"),
        ("AUTH  LOGIN am9l\r\n", "AUTH LOGIN ***"),
        // What a refused client goes on with is its password.
        ("am9l\r\n", "*** (4 octets)"), ("c2VjcmV0\r\n", "*** (8 octets)"), ("\r\n", "*** (0 octets)"),
        ("*\r\n", "*** (1 octets)"), ("rset\r\n", "rset"), ("NOOP \u{1B}[2J\r\n", "NOOP ?[2J"),
    ])
    func secretsAreNotShown(line: String, shown: String) {
        #expect(follow([line]) == [.command(shown)])
        #expect(follow(line.map { String($0) }) == [.command(shown)], "byte by byte")
    }

    @Test func challengesAreNotShown() {
        #expect(follow([], replies: ["334 cj1mb28=\r\n", "334 \r\n"]) == [.reply("334 ***"), .reply("334 ")])
    }

    @Test func aLineHasABound() {
        let long = follow(["NOOP " + String(repeating: "x", count: 100_000) + "\r\n"])
        guard case .command(let text)? = long.first else { return #expect(Bool(false), "\(long)") }
        #expect(text.utf8.count == SessionTap.lineLimit)
    }
}
