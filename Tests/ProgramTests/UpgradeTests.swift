import Foundation
import Glibc
import RunRecords
import Testing

/// One version takes over from another while mail comes in.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct UpgradeTests {
        /// The process that serves now, whoever started it; it is ended with the test.
        private final class Heir {
            var process: Int32
            init(_ process: Int32) { self.process = process }
            deinit { kill(process, SIGKILL) }

            /// Perhaps nobody waits for the children of the one before.
            static func runs(_ process: Int32) -> Bool {
                let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
                return status.map { !($0.split(separator: ")").last ?? " Z").hasPrefix(" Z") } ?? false
            }

            func stop() async throws {
                kill(process, SIGTERM)
                try await eventually("the last process to end") { Self.runs(process) ? nil : () }
            }
        }

        private func configuration(_ stage: Stage, sink: Int) throws -> (file: String, port: Int) {
            let port = try freePort()
            try """
            hostname: mta.test
            listeners: [{name: mx, address: "127.0.0.1:\(port)"}]
            smart_host: 127.0.0.1:\(sink)
            spool_dir: \(stage.path("spool"))
            threads: 2
            retry_first: 1s
            drain: 2m
            """.write(toFile: stage.path("mta.yaml"), atomically: true, encoding: .utf8)
            return (stage.path("mta.yaml"), port)
        }

        private func upgrade(_ stage: Stage, _ file: String, _ heir: Heir) async throws {
            let upgrade = try stage.program("mta", ["upgrade", "--config", file])
            #expect(try await upgrade.waitForExit() == 0, "\(upgrade.errorOutput)")
            let words = upgrade.output.split(separator: " ")
            let next = try #require(words.count > 2 ? Int32(words[2]) : nil, "\(upgrade.output)")
            #expect(next != heir.process)
            let old = heir.process
            heir.process = next
            try await eventually("the old process to end") { Heir.runs(old) ? nil : () }
        }

        /// Two upgrades under load. Nobody is refused or reset; all that clients see is 421 between two messages, and each
        /// message that was acknowledged arrives exactly once.
        @Test func upgradesUnderLoadLoseNothing() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink(["--ledger", stage.path("sink.ledger")])
            let (file, port) = try configuration(stage, sink: sink.port)
            let first = try stage.program("mta", ["serve", "--config", file])
            _ = try await first.listeningPort()
            let heir = Heir(first.pid)
            let load = try stage.generator(
                to: port, ["--concurrency", "20", "--duration", "60s", "--body-size", "2kb"])
            try await sink.wait(for: 200)
            for _ in 0..<2 {
                try await upgrade(stage, file, heir)
                // Through the one that serves now.
                try await sink.wait(for: sink.messagesSoFar + 200)
            }
            load.end()
            _ = try await load.waitForExit()
            let record = try RecordFile.read(GeneratorRecord.self, from: stage.path("generator.json"))
            #expect(Set(record.replies.map(\.code)).isSubset(of: [220, 221, 250, 354, 421]), "\(record.replies)")
            #expect(record.inDoubt == 0, "no connection ends between content and its reply")
            var sent = GeneratorLedger()
            try sent.add(stage.path("generator.ledger"))
            try await sink.wait(for: sent.accepted.count)
            try await heir.stop()
            #expect(first.errorOutput.contains("mta: not") == false, "\(first.errorOutput)")
            let ledger = try #require(try await sink.stop(SinkRecord.self).ledger)
            let received = try SinkLedger(stage.path("sink.ledger"))
            #expect(sent.accepted.count >= 600)
            #expect(sent.accepted == received.ids, "none lost, and none that was refused")
            #expect(ledger.duplicates == 0 && ledger.changed == 0)
        }

        /// Whoever comes while nobody greets waits for the greeting: here the old process waits for a client in the middle
        /// of its message.
        @Test func whoComesMeanwhileWaitsForItsGreeting() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let (file, port) = try configuration(stage, sink: sink.port)
            let first = try stage.program("mta", ["serve", "--config", file])
            _ = try await first.listeningPort()
            let heir = Heir(first.pid)
            let client = try stage.script("upgrade_clients.py", [String(port), String(first.pid)])
            #expect(try await client.waitForExit() == 0, "\(client.errorOutput)")
            let words = client.output.split(separator: "\n").map(String.init)
            #expect(words == ["in the middle: 250, then 421", "meanwhile: 220, 250"], "\(words)")
            heir.process = try await eventually("the new process") { Self.server(with: file, not: first.pid) }
            try await sink.wait(for: 2)
            try await heir.stop()
        }

        /// The process that serves by this configuration and is not the first one.
        private static func server(with file: String, not other: Int32) -> Int32? {
            let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap { Int32($0) }
            return processes?.first { process in
                guard process != other, Heir.runs(process) else { return false }
                let words = FileManager.default.contents(atPath: "/proc/\(process)/cmdline")?.split(separator: 0)
                return words?.contains { $0.elementsEqual(file.utf8) } ?? false
            }
        }

        /// A new version that cannot read its configuration changes nothing for anybody.
        @Test func aVersionThatCannotBeginChangesNothing() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let (file, port) = try configuration(stage, sink: sink.port)
            let mta = try stage.program("mta", ["serve", "--config", file])
            _ = try await mta.listeningPort()
            let text = try String(contentsOfFile: file, encoding: .utf8)
            try (text + "nonsense: true\n").write(toFile: file, atomically: true, encoding: .utf8)
            let control = stage.path("spool/control")
            let refused = try stage.program("mta", ["upgrade", "--control", control])
            #expect(try await refused.waitForExit() == 1)
            #expect(refused.errorOutput.contains("ended with 2"), "\(refused.errorOutput)")
            kill(mta.pid, SIGUSR2)
            try await eventually("the second refusal") { mta.errorOutput.contains("mta: not upgraded") ? () : nil }
            try await stage.runScript("send_plain.py", [String(port), "3"])
            try await sink.wait(for: 3)
            #expect(try await mta.terminate() == 0)
        }

        /// A new version that fails after the spool was handed to it: the old one serves again, under its old process id, and
        /// nobody who waited is turned away.
        @Test func aVersionThatFailsLaterIsReplacedByTheOldOne() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let (file, port) = try configuration(stage, sink: sink.port)
            let program = stage.path("installed-mta")
            try FileManager.default.copyItem(
                atPath: Stage.binaries.appendingPathComponent("mta").path, toPath: program)
            let mta = try #require(try stage.peer("env", [program, "serve", "--config", file]))
            _ = try await mta.listeningPort()
            let broken = """
                #!/bin/bash
                echo prepared >&$MILLRACE_PREDECESSOR
                read -r word <&$MILLRACE_PREDECESSOR
                exit 3

                """
            try broken.write(toFile: program + ".new", atomically: true, encoding: .utf8)
            chmod(program + ".new", 0o755)
            try #require(rename(program + ".new", program) == 0)
            kill(mta.pid, SIGUSR2)
            try await eventually("the old version to begin again") {
                mta.output.components(separatedBy: "listening 127").count > 2 ? () : nil
            }
            #expect(mta.errorOutput.contains("this version begins again"), "\(mta.errorOutput)")
            try await stage.runScript("send_plain.py", [String(port), "3"])
            try await sink.wait(for: 3)
            #expect(try await mta.terminate() == 0)
        }
    }
}
