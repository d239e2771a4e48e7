import Foundation
import RunRecords
import TestSupport
import Testing

/// The ways to a target: TLS, AUTH, LMTP, HTTP, addresses. Each message is accounted for in the same way.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct GeneratorTransportTests {
        private func record(_ stage: Stage, _ name: String) throws -> GeneratorRecord {
            try RecordFile.read(GeneratorRecord.self, from: stage.path(name + ".json"))
        }

        private func run(_ stage: Stage, _ name: String, _ arguments: [String], code: Int32 = 0) async throws
            -> GeneratorRecord
        {
            let load = try stage.program(
                "traffic-gen", arguments + ["--quiet", "--threads", "2", "--record", stage.path(name + ".json")])
            #expect(try await load.waitForExit(seconds: 60) == code, "\(name): \(load.errorOutput)")
            return try record(stage, name)
        }

        /// STARTTLS and implicit TLS, with the certificate checked or not, AUTH over both; what is not trusted gets nothing.
        @Test func sendsEncryptedAndAuthenticated() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let authority = try await Authority(stage)
            let issued = try await authority.issue("mta", ["DNS:localhost", "IP:127.0.0.1"])
            let add = try stage.program(
                "mta", ["users", "add", "joe", "--file", stage.path("users")], input: "pencil\n")
            #expect(try await add.waitForExit() == 0)
            try "pencil\n".write(toFile: stage.path("password"), atomically: true, encoding: .utf8)
            let secure = try freePort()
            let sink = try await stage.sink()
            let mta = try await stage.mta(
                configured: """
                    smart_host: 127.0.0.1:\(sink.port)
                    spool: memory
                    listeners:
                      - {name: submission, address: "127.0.0.1:0", protocol: submission, tls: default, auth: [plain]}
                      - {name: submissions, address: "127.0.0.1:\(secure)", protocol: submissions, tls: default, auth: [login]}
                    tls:
                      - {name: default, certificate: \(issued.certificate), key: \(issued.key)}
                    users: \(stage.path("users"))
                    """)
            let who = ["--auth-user", "joe", "--auth-password-file", stage.path("password")]
            let common = ["-n", "30", "-c", "3"] + who
            let started = try await run(
                stage, "starttls",
                common + ["--target", "127.0.0.1:\(mta.port)", "--tls", "starttls", "--ca-file", authority.certificate])
            #expect(started.accepted == 30 && started.transport?.tls == "starttls")
            let implicit = try await run(
                stage, "implicit", common + ["--target", "127.0.0.1:\(secure)", "--tls", "implicit", "-k"])
            #expect(implicit.accepted == 30 && implicit.transport?.isAuthenticated == true)
            let untrusted = try await run(
                stage, "untrusted", common + ["--target", "127.0.0.1:\(mta.port)", "--starttls"], code: 1)
            #expect(untrusted.offered == 0 && untrusted.connectionsFailed > 0)
            let wrong = try await run(
                stage, "wrong",
                [
                    "-n", "3", "-c", "1", "--target", "127.0.0.1:\(mta.port)", "--starttls", "-k", "--auth-user", "joe",
                    "--auth-password", "pen",
                ], code: 1)
            #expect(wrong.offered == 0 && wrong.replies.contains { $0.code == 535 && $0.stage == "greeting" })
            #expect(!wrong.header.arguments.contains("pen"), "no password in a record that is passed on")
            #expect(try await mta.program.terminate() == 0)
        }

        /// LMTP with several recipients a message: one reply for each.
        @Test func sendsOverLMTP() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let mta = try await stage.mta(
                configured: """
                    smart_host: 127.0.0.1:\(sink.port)
                    spool: memory
                    listeners:
                      - {name: local, address: "127.0.0.1:0", protocol: lmtp}
                    """)
            let sent = try await run(
                stage, "lmtp",
                ["-n", "40", "-c", "4", "--target", "127.0.0.1:\(mta.port)", "--protocol", "lmtp", "--recipients", "3"])
            #expect(sent.accepted == 40 && sent.recipientsAccepted == 120)
            #expect(try await mta.program.terminate() == 0)
        }

        /// Single requests, batches, and batches of messages without a common text: the sink's ledger has each message once
        /// and unchanged.
        @Test func injectsOverHTTP() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink(["--ledger", stage.path("sink.ledger")])
            let http = try freePort()
            let mta = try await stage.mta(
                configured: """
                    smart_host: 127.0.0.1:\(sink.port)
                    listen: 127.0.0.1:0
                    spool: memory
                    http:
                      address: 127.0.0.1:\(http)
                    """)
            let common = ["--http", "--target", "http://127.0.0.1:\(http)", "-c", "2", "-n", "100"]
            for (name, more) in [
                ("single", []), ("batch", ["--http-batch-size", "8"]),
                ("varied", ["--http-batch-size", "8", "--body-size", "1kb..5kb", "--html"]),
            ] {
                let sent = try await run(stage, name, common + more)
                #expect(sent.accepted == 100 && sent.transport?.protocolName == "http")
                let requests = sent.replies.filter { $0.stage == "http" && $0.code == 200 }.map(\.count)
                #expect(name == "single" ? requests == [100] : (requests.first ?? 0) < 20)
            }
            try await sink.wait(for: 300)
            let summary = try await sink.stop(SinkRecord.self)
            #expect(summary.ledger?.unique == 300 && summary.ledger?.changed == 0 && summary.ledger?.unidentified == 0)
            #expect(try await mta.program.terminate() == 0)
        }

        /// New connections after so many messages, from several addresses, to several targets by weight.
        @Test func connectionsComeAndGo() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let (one, two) = (try await stage.sink(), try await stage.sink())
            let sent = try await run(
                stage, "routes",
                [
                    "--target", "127.0.0.1:\(one.port)=3", "--target", "127.0.0.1:\(two.port)=1", "-n", "200", "-c",
                    "4",
                    "--messages-per-connection", "1", "--source", "127.0.0.2-127.0.0.4", "--ramp-up", "200ms", "--rate",
                    "200/s",
                ])
            // Connections that wait, or are on their way, when the last message is taken have none.
            #expect(sent.accepted == 200 && (200...208).contains(sent.connectionsMade ?? 0))
            #expect(sent.connectionsFailed == 0)
            let counts = [try await one.stop(SinkRecord.self), try await two.stop(SinkRecord.self)]
            #expect((200...208).contains(counts[0].connections + counts[1].connections))
            #expect(counts[0].received > counts[1].received && counts[1].received > 0)
        }

        /// BDAT, commands one by one, envelopes in one write, and overlapped: every message arrives once and unchanged.
        @Test(arguments: [
            ["--chunking"], ["--no-pipelining"], ["--pipelining-depth", "1"], ["--pipelining-depth", "2"],
        ])
        func everyFormArrivesUnchanged(form: [String]) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink(["--ledger", stage.path("sink.ledger")])
            let sent = try await run(
                stage, "form",
                ["--target", "127.0.0.1:\(sink.port)", "-n", "60", "-c", "3", "--recipients", "2"] + form)
            #expect(sent.accepted == 60 && sent.recipientsAccepted == 120 && sent.recipientsRefused == 0)
            #expect((sent.stageLatency?["data"] == nil) == (form == ["--chunking"]), "BDAT has no 354")
            let summary = try await sink.stop(SinkRecord.self)
            #expect(summary.ledger?.unique == 60 && summary.ledger?.changed == 0)
        }

        @Test func sendsOverIPv6() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try stage.program("sink-mta", ["--listen", "[::1]:0", "--threads", "1"])
            let port = try await sink.listeningPort()
            let sent = try await run(stage, "six", ["--target", "[::1]:\(port)", "-n", "20", "-c", "2"])
            #expect(sent.accepted == 20)
        }
    }
}
