import Foundation
import Testing

/// What cannot be done as asked ends with 2 and says what would be right.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(1))) struct UsageTests {
        struct Mistake: CustomTestStringConvertible, Sendable {
            var program: String
            var arguments: [String]
            var says: [String]
            var testDescription: String { ([program] + arguments).joined(separator: " ") }
            init(_ program: String, _ arguments: [String], says: String...) {
                (self.program, self.arguments, self.says) = (program, arguments, says)
            }
        }

        static let relay = [
            "serve", "--listen", "127.0.0.1:0", "--smart-host", "127.0.0.1:1", "--spool-dir", "/dev/null/x",
        ]

        @Test(arguments: [
            Mistake("traffic-gen", ["--target", "192.0.2.1:25", "--message-count", "1"], says: "--allow-remote"),
            Mistake("traffic-gen", ["--target", "mail.example.com:25"], says: "--allow-remote"),
            Mistake("traffic-gen", ["--target", "127.0.0.1"], says: "--target", "expected HOST:PORT"),
            Mistake(
                "traffic-gen", ["--target", "127.0.0.1:1", "--body-size", "banana"], says: "expected a byte count"),
            Mistake("traffic-gen", ["--target", "127.0.0.1:1", "--duration", "3 weeks"], says: "expected a duration"),
            Mistake(
                "traffic-gen", ["--target", "127.0.0.1:1", "--concurrency", "0"], says: "--concurrency", "1 or more"),
            Mistake(
                "traffic-gen", ["--target", "127.0.0.1:1", "--header", "no colon"], says: "--header", "Name: value"),
            Mistake("traffic-gen", ["--target", "127.0.0.1:1", "--body-file", "/nonexistent"], says: "/nonexistent"),
            Mistake("traffic-gen", ["-n", "1", "-c", "2000000"], says: "--connections 2000000 needs"),
            Mistake("traffic-gen", ["--rate", "fast"], says: "5000/s", "max", "find"),
            Mistake("traffic-gen", ["--stages", "10s"], says: "--stages", "30s@1000/s"),
            Mistake("traffic-gen", ["--rate", "5/s", "--stages", "1s@1/s"], says: "expected one of them"),
            Mistake("traffic-gen", ["--arrivals", "poisson"], says: "--arrivals goes with --rate"),
            Mistake("traffic-gen", ["-d", "5s", "--warmup", "5s"], says: "--warmup"),
            Mistake("traffic-gen", ["--threshold", "p98 < 1ms"], says: "unknown figure 'p98'"),
            Mistake("traffic-gen", ["--threshold", "rate drop < 1%"], says: "no earlier result"),
            Mistake("traffic-gen", ["--target", "http://192.0.2.1/", "--http"], says: "--allow-remote"),
            Mistake("traffic-gen", ["--protocol", "pigeon"], says: "smtp, lmtp or http"),
            Mistake("traffic-gen", ["--auth-user", "joe"], says: "--auth-password-file"),
            Mistake("traffic-gen", ["--size-profile", "/nonexistent"], says: "transactional, marketing"),
            Mistake("traffic-gen", ["--replay", "/nonexistent"], says: "/nonexistent"),
            Mistake("traffic-gen", ["--label", "x"], says: "key=value"),
            Mistake("traffic-gen", ["--source", "here"], says: "--source"),
            Mistake("traffic-gen", ["--http", "--recipients", "2"], says: "--http-batch-size"),
            Mistake("traffic-gen", ["--tarket", "127.0.0.1:1"], says: "--tarket"),
            Mistake("sink-mta", ["--listen", "2526"], says: "--listen", "expected HOST:PORT"),
            Mistake("sink-mta", ["--listen", "127.0.0.1:99999"], says: "--listen", "expected HOST:PORT"),
            Mistake("sink-mta", ["--no-such-flag"], says: "--no-such-flag"),
            Mistake("mta", relay + ["--durability", "maybe"], says: "maybe"),
            Mistake("mta", relay + ["--spool", "papyrus"], says: "papyrus"),
            Mistake("mta", ["serve", "--smart-host", "here"], says: "--smart-host", "expected HOST:PORT"),
            Mistake("mta", relay + ["--config", "/nonexistent.yaml"], says: "/nonexistent.yaml"),
            Mistake("mta", relay + ["--retry-first", "soon"], says: "soon", "expected a duration"),
            Mistake("bench-report", ["run", "/nonexistent/profile.yaml"], says: "/nonexistent/profile.yaml"),
        ])
        func mistakesAreNamed(_ mistake: Mistake) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let program = try stage.program(mistake.program, mistake.arguments)
            let code = try await program.waitForExit(seconds: 10)
            #expect(code == 2)
            for text in mistake.says {
                #expect(program.errorOutput.contains(text), "it said: \(program.errorOutput)")
            }
        }

        @Test(arguments: ["traffic-gen", "sink-mta", "mta", "bench-report"])
        func helpIsNoMistake(name: String) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let program = try stage.program(name, ["--help"])
            #expect(try await program.waitForExit(seconds: 10) == 0)
            #expect(program.output.contains("USAGE: \(name)"))
        }

        /// A full disk is no success; a reader who has left has had what he wanted.
        @Test(arguments: ["bench-report systems", "bench-report published", "mta config-reference", "mta --help"])
        func whatStandardOutputDoesNotTakeIsAFailedRun(command: String) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let line = "\(Stage.binaries.path)/\(command)"
            let full = try #require(try stage.peer("sh", ["-c", "exec \(line) >/dev/full"]))
            #expect(try await full.waitForExit() == 1)
            #expect(full.errorOutput.contains(": standard output: not all was written"), "\(full.errorOutput)")
            let left = try #require(try stage.peer("sh", ["-c", "{ sleep 0.2; \(line); } | true"]))
            try await left.waitForExit()
            #expect(left.errorOutput.isEmpty, "\(left.errorOutput)")
        }

        @Test func aTargetThatDoesNotAnswerIsAFailedRun() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let load = try stage.generator(to: try freePort(), ["--concurrency", "1", "--message-count", "1"])
            #expect(try await load.waitForExit() == 1)
        }
    }
}
