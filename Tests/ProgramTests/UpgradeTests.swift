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

        /// - Parameter certificate: for STARTTLS; nil: it is not offered.
        private func configuration(
            _ stage: Stage, sink: Int, _ certificate: Authority.Issued? = nil
        ) throws -> (file: String, port: Int) {
            let port = try freePort()
            let tls = certificate.map { "tls: [{name: own, certificate: \($0.certificate), key: \($0.key)}]" } ?? ""
            try """
            hostname: mta.test
            \(tls)
            listeners: [{name: mx, address: "127.0.0.1:\(port)"\(certificate == nil ? "" : ", tls: own")}]
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

        /// Two upgrades under load. Clients notice nothing: no connection ends, nothing is refused, and each message that was
        /// acknowledged arrives exactly once.
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
            #expect(Set(record.replies.map(\.code)).isSubset(of: [220, 221, 250, 354]), "\(record.replies)")
            #expect(record.connectLatency.count == 20, "the connections of the beginning are those of the end")
            #expect(record.connectionsFailed == 0 && record.inDoubt == 0)
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

        /// Clients go on with the new process wherever they are, also with what they have sent ahead; only TLS ends with its
        /// process, between two messages. Whoever comes while nobody greets waits for the greeting.
        @Test func clientsGoOnWhereverTheyAre() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let certificate = try await Authority(stage).issue("mta", ["DNS:mta.test"])
            let (file, port) = try configuration(stage, sink: sink.port, certificate)
            let first = try stage.program("mta", ["serve", "--config", file])
            _ = try await first.listeningPort()
            let heir = Heir(first.pid)
            let client = try stage.script("upgrade_clients.py", [String(port), String(first.pid)])
            #expect(try await client.waitForExit() == 0, "\(client.errorOutput)")
            let expected = [
                "at rest: 250", "greeted: 250", "in a command: 250 250 354 250", "in the middle: 250, then 250",
                "meanwhile: 220 250", "over TLS: 250, then 421", "sent ahead: 250 250 250 354 250",
            ]
            #expect(client.output.split(separator: "\n").map(String.init).sorted() == expected, "\(client.output)")
            heir.process = try await eventually("the new process") { Self.server(with: file, not: first.pid) }
            try await sink.wait(for: 9)
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
            let clients = try stage.script("kept_clients.py", [String(port), stage.path("go-on")])
            try await eventually("two clients") { clients.output.contains("ready") ? () : nil }
            let broken = Stage.root + "/Tests/ProgramTests/Support/failing_successor.py"
            try FileManager.default.copyItem(atPath: broken, toPath: program + ".new")
            chmod(program + ".new", 0o755)
            try #require(rename(program + ".new", program) == 0)
            kill(mta.pid, SIGUSR2)
            try await eventually("the old version to begin again") {
                mta.output.components(separatedBy: "listening 127").count > 2 ? () : nil
            }
            #expect(mta.errorOutput.contains("this version begins again"), "\(mta.errorOutput)")
            // It had taken two clients: those that rest go on with the old version, too.
            try "".write(toFile: stage.path("go-on"), atomically: true, encoding: .utf8)
            #expect(try await clients.waitForExit() == 0, "\(clients.errorOutput)")
            let codes = "250 250 354 250 221"
            #expect(clients.output.split(separator: "\n").map(String.init) == ["ready", codes, codes])
            try await stage.runScript("send_plain.py", [String(port), "3"])
            try await sink.wait(for: 5)
            #expect(try await mta.terminate() == 0)
        }

        /// Certificates and limits change under load, again and again, and no client over TLS or in the clear hears of it.
        @Test func reloadsUnderLoadDisconnectNobody() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let authority = try await Authority(stage)
            let certificates = [
                try await authority.issue("one", ["DNS:mta.test"]), try await authority.issue("two", ["DNS:mta.test"]),
            ]
            let (file, port) = try configuration(stage, sink: sink.port, certificates[0])
            let mta = try stage.program("mta", ["serve", "--config", file])
            _ = try await mta.listeningPort()
            let load = try stage.generator(to: port, ["--concurrency", "6", "--duration", "60s"])
            let secure = try stage.generator(
                to: port, name: "secure", ["--concurrency", "6", "--duration", "60s", "--starttls", "--insecure"])
            let text = try String(contentsOfFile: file, encoding: .utf8)
            for round in 1...4 {
                try await sink.wait(for: sink.messagesSoFar + 100)
                let (old, new) = (certificates[0], certificates[round % 2])
                let changed = text.replacing("/one.", with: "/\(round % 2 == 0 ? "one" : "two").")
                try #require(old.certificate == new.certificate || changed.contains(new.certificate))
                try (changed + "\nmax_message_size: \(30 + round)MiB\n").write(
                    toFile: file, atomically: true, encoding: .utf8)
                kill(mta.pid, SIGHUP)
                try await eventually("reload \(round)") {
                    mta.errorOutput.components(separatedBy: "mta: reloaded: ").count > round ? () : nil
                }
            }
            try await sink.wait(for: sink.messagesSoFar + 100)
            for (generator, name) in [(load, "generator"), (secure, "secure")] {
                generator.end()
                _ = try await generator.waitForExit()
                let record = try RecordFile.read(GeneratorRecord.self, from: stage.path("\(name).json"))
                #expect(Set(record.replies.map(\.code)).isSubset(of: [220, 221, 250, 354]), "\(record.replies)")
                #expect(record.connectionsFailed == 0 && record.inDoubt == 0 && record.connectLatency.count == 6)
            }
            #expect(mta.errorOutput.contains("not reloaded") == false, "\(mta.errorOutput)")
            #expect(try await mta.terminate() == 0)
        }
    }
}
