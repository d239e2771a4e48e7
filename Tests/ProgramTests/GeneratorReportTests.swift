import Foundation
import RunRecords
import TestSupport
import Testing

/// What traffic-gen says of what it was told.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(1))) struct GeneratorReportTests {
        /// 105 messages to a server that refuses by number: every reply is counted, to the unit, with its first text.
        @Test(arguments: ["0", "1", "2"]) func repliesAreCountedToTheUnit(depth: String) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let port = try await stage.script("scripted_server.py", []).listeningPort()
            let load = try stage.generator(to: port, ["-n", "105", "-c", "1", "--pipelining-depth", depth])
            #expect(try await load.waitForExit() == 1)
            let record = try RecordFile.read(GeneratorRecord.self, from: stage.path("generator.json"))
            #expect(record.offered == 105 && record.accepted == 48 && record.refused == 57)
            let said = record.replies.map { "\($0.stage) \($0.code) \($0.count) \($0.firstText)" }
            #expect(
                said == [
                    "data 354 72 354 go on", "final 250 48 250 2.0.0 taken", "final 451 24 451 4.3.0 not now",
                    "mail 250 90 250 2.1.0 sender taken", "mail 550 15 550 5.7.1 no such sender",
                    "rcpt 250 72 250 2.1.5 recipient taken", "rcpt 450 18 450 4.2.1 later",
                ])
            let fates = try String(contentsOfFile: stage.path("generator.ledger"), encoding: .utf8)
                .split(separator: "\n").count { $0.contains(",refused,") }
            #expect(fates == 57)
        }

        @Test func progressIsShownInAPipeWhenAsked() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let common = ["--target", "127.0.0.1:\(sink.port)", "-r", "50/s", "-d", "3s", "-c", "2"]
            let shown = try stage.program("traffic-gen", common + ["--progress"])
            #expect(try await shown.waitForExit() == 0)
            let lines = shown.errorOutput.split(separator: "\n")
            #expect(lines.count >= 2 && lines.allSatisfy { $0.contains("msg/s") && $0.contains("p99") })
            #expect(lines.allSatisfy { $0.contains(" %, ") && $0.contains(" s to go") })
            #expect(shown.output.contains("intended") && shown.output.contains("accepted 150"))
            let silent = try stage.program("traffic-gen", common)
            #expect(try await silent.waitForExit() == 0)
            #expect(silent.errorOutput.isEmpty)
        }

        /// A million domains, and five times as many messages: no more memory. A hundred bytes a message would show.
        @Test func memoryDoesNotGrowWithMessages() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            var peaks: [UInt64] = []
            for count in ["60000", "300000"] {
                let load = try stage.program(
                    "traffic-gen",
                    [
                        "--target", "127.0.0.1:\(sink.port)", "-n", count, "-c", "10", "-t", "1", "--body-size", "100",
                        "--domain-count", "1000000", "--quiet", "--record", stage.path("memory.json"),
                    ])
                #expect(try await load.waitForExit(seconds: 55) == 0)
                let record = try RecordFile.read(GeneratorRecord.self, from: stage.path("memory.json"))
                peaks.append(record.header.usage.memoryPeakBytes)
            }
            #expect(peaks[1] < peaks[0] + 24_000_000, "\(peaks)")
        }

        /// On a terminal some lines are drawn again and again: rates, a bar, the time to go; the result stands alone.
        @Test func theLiveViewIsDrawn() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let binary = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
                .appendingPathComponent("traffic-gen").path
            let command = "\(binary) --target 127.0.0.1:\(sink.port) -r 50/s -d 4s -c 2"
            let view = try stage.peer("script", ["-qec", command, "/dev/null"])
            #expect(try await view?.waitForExit() == 0)
            let drawn = view?.output ?? ""
            #expect(drawn.contains("░") && drawn.contains(" s to go") && drawn.contains("2 connections"))
            #expect(drawn.components(separatedBy: "\u{1B}[J").count >= 3, "taken away and drawn again")
            #expect(drawn.contains("offered 200 = accepted 200"))
        }

        /// What somebody else's verifier says of mail that comes signed.
        @Test func signedMailIsVerified() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let key = stage.path("key.pem")
            let openssl = try stage.peer("openssl", ["genrsa", "-out", key, "2048"])
            #expect(try await openssl?.waitForExit() == 0)
            let text = try stage.peer("openssl", ["rsa", "-in", key, "-pubout", "-outform", "PEM"])
            #expect(try await text?.waitForExit() == 0)
            let publicKey = (text?.output ?? "").split(separator: "\n").filter { !$0.hasPrefix("-") }.joined()
            try "load._domainkey.sender.test TXT \"v=DKIM1; k=rsa; p=\(publicKey)\"\n"
                .replacingOccurrences(of: "load._domainkey.sender.test", with: "load._domainkey.sender.test.")
                .write(toFile: stage.path("records"), atomically: true, encoding: .utf8)
            let kept = try stage.openDirectory("kept")
            let sink = try await stage.sink(["--keep", kept, "--ledger", stage.path("sink.ledger")])
            let load = try stage.generator(
                to: sink.port,
                ["-n", "3", "-c", "1", "--html", "--dkim-key", key, "--dkim-domain", "sender.test"])
            #expect(try await load.waitForExit() == 0, "\(load.errorOutput)")
            let summary = try await sink.stop(SinkRecord.self)
            #expect(summary.ledger?.unique == 3 && summary.ledger?.changed == 0)
            let said = try await stage.runScript("dkim_kept.py", [kept, stage.path("records")])
            let lines = said.split(separator: "\n")
            #expect(lines.count == 3 && lines.allSatisfy { $0.hasSuffix(" 1 1 0 0") }, "\(said)")
        }

        @Test func sendsToAUnixSocket() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let socket = stage.path("lmtp.sock")
            _ = try await stage.script("checksum_server.py", [stage.path("sums"), socket]).listeningPort()
            let load = try stage.program(
                "traffic-gen",
                [
                    "--target", "unix:\(socket)", "--protocol", "lmtp", "-n", "10", "-c", "2", "--record",
                    stage.path("unix.json"),
                ])
            #expect(try await load.waitForExit() == 0, "\(load.output)")
            let sums = try String(contentsOfFile: stage.path("sums"), encoding: .utf8).split(separator: "\n")
            #expect(Set(sums).count == 10)
        }
    }
}
