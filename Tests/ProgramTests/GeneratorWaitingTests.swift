import Foundation
import Glibc
import RunRecords
import TestSupport
import Testing

/// Targets that say nothing: nobody waits for them longer than was said.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct GeneratorWaitingTests {
        private func record(_ stage: Stage) throws -> GeneratorRecord {
            try RecordFile.read(GeneratorRecord.self, from: stage.path("generator.json"))
        }

        /// RFC 5321 would wait five minutes for a greeting.
        @Test func aGreetingHasItsTime() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let port = try await stage.script("silent_server.py", []).listeningPort()
            let load = try stage.generator(to: port, ["-d", "4s", "-c", "2", "--connect-timeout", "1s"])
            #expect(try await load.waitForExit(seconds: 60) == 1)
            let record = try record(stage)
            #expect(record.offered == 0 && record.connectionsFailed > 0)
            #expect(record.replies.contains { $0.stage == "connection" && $0.firstText == "timeout: no greeting" })
        }

        /// All is sent over the connections that are there: those that are not are no longer needed, and no failure.
        @Test func nobodyWaitsForConnectionsThatAreNotNeeded() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let silent = try await stage.script("silent_server.py", []).listeningPort()
            let sink = try await stage.sink()
            let load = try stage.generator(
                to: sink.port,
                ["--target", "127.0.0.1:\(silent)", "-n", "10", "-c", "2", "--connect-timeout", "10m"])
            #expect(try await load.waitForExit(seconds: 60) == 0, "\(load.errorOutput)")
            let record = try record(stage)
            #expect(record.accepted == 10 && record.connectionsFailed == 0 && record.connectionsMade == 1)
        }

        @Test(arguments: [("mail", "mail"), ("content", "final"), ("http", "http")])
        func aReplyHasItsTime(server: String, awaited: String) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let port = try await stage.script("stuck_server.py", [server]).listeningPort()
            let load = try stage.generator(
                to: port, ["-n", "1", "-c", "1", "--reply-timeout", "1s"] + (server == "http" ? ["--http"] : []))
            #expect(try await load.waitForExit(seconds: 45) == 1)
            let record = try record(stage)
            #expect(record.offered == 1 && record.unansweredAt == [awaited: 1])
            #expect(server == "mail" ? record.failed == 1 : record.inDoubt == 1)
            #expect(record.replies.contains { $0.code == 0 && $0.firstText.hasPrefix("timeout: no ") })
        }

        /// Once: what is under way may end. Twice: it does not, and the record says what is in doubt.
        @Test func aSecondCtrlCEndsItAtOnce() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let server = try stage.script("stuck_server.py", ["content"])
            let port = try await server.listeningPort()
            let load = try stage.generator(to: port, ["-d", "10m", "-c", "3"])
            try await eventually("three messages without an answer") {
                server.output.components(separatedBy: "stuck").count == 4 ? () : nil
            }
            // Two signals of one kind that come together would be one.
            kill(load.pid, SIGINT)
            kill(load.pid, SIGTERM)
            #expect(try await load.waitForExit(seconds: 45) == 1)
            let record = try record(stage)
            #expect(record.inDoubt == 3 && record.unansweredAt?["final"] == 3)
            #expect(record.offered == record.inDoubt + record.failed)
            #expect(record.warnings.contains { $0.contains("interrupted") })
            let ledger = try String(contentsOfFile: stage.path("generator.ledger"), encoding: .utf8)
            #expect(ledger.split(separator: "\n").count { $0.contains(",in_doubt,") } == 3)
        }

        /// AUTH SCRAM-SHA-256 with our own listener, which offers nothing else; a wrong password does not get in.
        @Test func scramIsSpoken() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let authority = try await Authority(stage)
            let issued = try await authority.issue("mta", ["DNS:localhost", "IP:127.0.0.1"])
            let add = try stage.program(
                "mta", ["users", "add", "joe", "--file", stage.path("users")], input: "pencil\n")
            #expect(try await add.waitForExit() == 0)
            let sink = try await stage.sink()
            let mta = try await stage.mta(
                configured: """
                    smart_host: 127.0.0.1:\(sink.port)
                    spool: memory
                    listeners:
                      - name: submission
                        address: 127.0.0.1:0
                        protocol: submission
                        tls: default
                        auth: [scram-sha-256]
                    tls:
                      - {name: default, certificate: \(issued.certificate), key: \(issued.key)}
                    users: \(stage.path("users"))
                    """)
            let common = ["-n", "20", "-c", "4", "--tls", "starttls", "--ca-file", authority.certificate]
            let right = try stage.generator(
                to: mta.port, common + ["--auth-user", "joe", "--auth-password", "pencil"])
            #expect(try await right.waitForExit(seconds: 60) == 0, "\(right.errorOutput)")
            #expect(try record(stage).accepted == 20)
            let wrong = try stage.generator(
                to: mta.port,
                ["-n", "1", "-c", "1", "--starttls", "-k", "--auth-user", "joe", "--auth-password", "pen"])
            #expect(try await wrong.waitForExit(seconds: 60) == 1)
            let refused = try record(stage)
            #expect(refused.offered == 0 && refused.replies.contains { $0.code == 535 && $0.stage == "greeting" })
            #expect(try await mta.program.terminate() == 0)
        }
    }
}
