import Foundation
import Glibc
import RunRecords
import Testing

/// As whom the relay runs, what it tells its service manager, and what it refuses before something is gone.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct LifeTests {
        private func arguments(_ stage: Stage, sink: Int, spool: String, _ more: [String]) -> [String] {
            [
                "serve", "--listen", "127.0.0.1:0", "--smart-host", "127.0.0.1:\(sink)", "--spool-dir", spool,
                "--hostname", "mta.test", "--threads", "2", "--retry-first", "1s",
            ] + more
        }

        private func status(_ process: Int32, _ name: String) throws -> String {
            let text = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
            let line = try #require(text.split(separator: "\n").first { $0.hasPrefix(name + ":") })
            return line.dropFirst(name.count + 1).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }

        /// A port below 1024, and then nothing is left of root: in no thread, and a reload still works.
        @Test(.enabled(if: getuid() == 0, "becoming another user needs root"))
        func rightsAreGivenUp() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let nobody = try #require(getpwnam("nobody")).pointee
            let spool = try stage.openDirectory("spool")
            try #require(chown(spool, nobody.pw_uid, nobody.pw_gid) == 0)
            let mta = try stage.program(
                "mta",
                arguments(stage, sink: sink.port, spool: spool, ["--user", "nobody", "--listen", "127.0.77.2:587"]))
            _ = try await mta.listeningPort()
            let ids = Array(repeating: String(nobody.pw_uid), count: 4).joined(separator: " ")
            for thread in try FileManager.default.contentsOfDirectory(atPath: "/proc/\(mta.pid)/task") {
                let thread = try #require(Int32(thread))
                #expect(try status(thread, "Uid") == ids)
                for name in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
                    #expect(try Int(status(thread, name), radix: 16) == 0, "\(name)")
                }
                #expect(try status(thread, "NoNewPrivs") == "1")
            }
            kill(mta.pid, SIGHUP)
            try await eventually("the reload") { mta.errorOutput.contains("mta: reloaded") ? () : nil }
            #expect(try await mta.terminate() == 0, "\(mta.errorOutput)")
        }

        /// What root left behind is named with the command that mends it, before anything is bound.
        @Test(.enabled(if: getuid() == 0, "becoming another user needs root"))
        func wrongOwnersAreNamed() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let spool = try stage.openDirectory("spool")
            let first = try stage.program(
                "mta", arguments(stage, sink: 25, spool: spool, ["--user", "nobody"]))
            #expect(try await first.waitForExit() == 2)
            #expect(first.errorOutput.contains("chown -R nobody:"), "\(first.errorOutput)")
            let second = try stage.program(
                "mta", arguments(stage, sink: 25, spool: stage.path("none"), ["--user", "nobody"]))
            #expect(try await second.waitForExit() == 2)
            #expect(second.errorOutput.contains("install -d -o nobody"), "\(second.errorOutput)")
            let owner = try #require(getpwnam("nobody")).pointee
            try #require(chown(spool, owner.pw_uid, owner.pw_gid) == 0)
            try "".write(toFile: stage.path("users"), atomically: true, encoding: .utf8)
            try #require(chmod(stage.path("users"), 0o600) == 0)
            try "users: \(stage.path("users"))\n".write(
                toFile: stage.path("mta.yaml"), atomically: true, encoding: .utf8)
            let secret = try stage.program(
                "mta",
                arguments(
                    stage, sink: 25, spool: spool, ["--user", "nobody", "--config", stage.path("mta.yaml")]))
            #expect(try await secret.waitForExit() == 2)
            #expect(secret.errorOutput.contains("cannot be read by user 'nobody'"), "\(secret.errorOutput)")
            let third = try stage.program(
                "mta", arguments(stage, sink: 25, spool: spool, ["--user", "no-such-user"]))
            #expect(try await third.waitForExit() == 2)
            #expect(third.errorOutput.contains("'no-such-user'"), "\(third.errorOutput)")
        }

        /// READY, a reload, and the end, as sd_notify(3) has them.
        @Test func theServiceManagerIsTold() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let (name, heard) = (stage.path("notify"), stage.path("heard"))
            _ = try stage.peer("python3", [Stage.root + "/packaging/hear-notifications", name, heard])
            try await eventually("the manager") { FileManager.default.fileExists(atPath: name) ? () : nil }
            let mta = try #require(
                try stage.peer(
                    "env",
                    ["NOTIFY_SOCKET=\(name)", "WATCHDOG_USEC=2000000", Stage.binaries.path + "/mta"]
                        + arguments(stage, sink: sink.port, spool: stage.path("spool"), [])))
            func hears(_ line: String) async throws {
                try await eventually("'\(line)'") {
                    let text = (try? String(contentsOfFile: heard, encoding: .utf8)) ?? ""
                    return text.split(separator: "\n").contains { $0.hasPrefix(line) } ? () : nil
                }
            }
            try await hears("READY=1")
            try await hears("WATCHDOG=1")
            kill(mta.pid, SIGHUP)
            try await hears("MONOTONIC_USEC=")
            mta.end()
            try await hears("STOPPING=1")
        }

        /// systemd finds nothing wrong with the unit, and little that it exposes.
        @Test func theUnitIsSound() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let unit = try String(
                contentsOfFile: Stage.root + "/packaging/systemd/millrace-mta.service", encoding: .utf8)
            let file = stage.path("millrace-mta.service")
            // The program need not be installed here.
            try unit.replacingOccurrences(of: "/usr/bin/mta", with: Stage.binaries.path + "/mta")
                .write(toFile: file, atomically: true, encoding: .utf8)
            for words in [["verify", "--man=no"], ["security", "--offline=true", "--threshold=20", "--no-pager"]] {
                guard let analysis = try stage.peer("systemd-analyze", words + [file]) else { return }
                let code = try await analysis.waitForExit()
                #expect(code == 0, "\(analysis.output.suffix(300)) \(analysis.errorOutput)")
            }
        }

        /// What is said of programs and configuration is in their manual pages.
        @Test(arguments: [
            (["mta", "8"], ["mta queue hold", "\\-\\-spool\\-dir"]), (["traffic-gen", "1"], ["\\-\\-concurrency"]),
            (["--configuration", "mta"], ["min_free_disk", "relay_networks", "Needs a restart"]),
        ])
        func manualPagesAreMade(words: [String], said: [String]) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let words = words.map { ["mta", "traffic-gen"].contains($0) ? Stage.binaries.path + "/" + $0 : $0 }
            let page = try #require(try stage.peer("python3", [Stage.root + "/packaging/make-man"] + words))
            #expect(try await page.waitForExit() == 0, "\(page.errorOutput)")
            #expect(page.output.hasPrefix(".TH "))
            for text in said { #expect(page.output.contains(text), "\(text)") }
        }

        /// With few descriptors the clients beyond are told 421, and nobody spins, deliveries go on,
        /// and when they have left there is room again.
        @Test func descriptorsDoNotRunOut() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let words = arguments(
                stage, sink: sink.port, spool: stage.path("spool"), ["--smart-host-connections", "4"])
            let mta = try #require(
                try stage.peer(
                    "bash",
                    ["-c", "ulimit -n 256; exec \"$0\" \"$@\"", Stage.binaries.path + "/mta"] + words))
            let port = try await mta.listeningPort()
            #expect(mta.errorOutput.contains("clients at a time: the limit of open files is low"))
            let said = try await stage.runScript("too_many_clients.py", [String(port), "400", String(mta.pid)])
            #expect(said == "greeted, then 421; room again\n", "\(said)")
            try await stage.runScript("send_plain.py", [String(port), "3"])
            try await sink.wait(for: 3)
            #expect(try await mta.terminate() == 0)
        }

        /// A backlog, or too few inodes, is said at MAIL; what waits goes out, and then mail is taken again.
        @Test func aBacklogIsRefusedUntilItIsGone() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let next = try freePort()
            let mta = try await stage.mta(to: next, ["--max-queued", "20", "--retry-cap", "1s"])
            let load = try stage.generator(to: mta.port, ["--concurrency", "1", "--rate", "50/s", "--duration", "4s"])
            #expect(try await load.waitForExit() == 1)
            let record = try RecordFile.read(GeneratorRecord.self, from: stage.path("generator.json"))
            let refused = record.replies.filter { $0.code >= 400 }
            #expect(refused.first { $0.stage == "mail" }?.code == 452, "\(refused)")
            #expect(Set(refused.map(\.code)).isSubset(of: [452, 421]), "421: too many errors")
            #expect(record.accepted > 20)
            let sink = try await stage.sink(port: next)
            try await sink.wait(for: Int(record.accepted))
            try await stage.mailIsTaken(mta.port)
        }

        /// A request that is whole only after the relay stopped waiting for it is not taken, and says so; a message by SMTP
        /// that was under way is.
        @Test func requestsAreRefusedWhileItStops() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let http = try freePort()
            let mta = try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    smart_host: 127.0.0.1:\(sink.port)
                    http: {address: "127.0.0.1:\(http)"}
                    drain: 8s
                    """)
            let said = try await stage.runScript(
                "http_while_stopping.py", [String(http), String(mta.port), String(mta.program.pid)])
            #expect(said == "HTTP/1.1 503 Service Unavailable shutting down\n250\n", "\(said)")
            #expect(try await mta.program.waitForExit() == 0)
            #expect(try RecordFile.read(MTARecord.self, from: mta.recordPath).acceptedMessages == 1)
        }

        @Test func inodesAreLeftToQueuedMail() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let mta = try await stage.mta(to: sink.port, ["--min-free-inodes", "9000000000000"])
            try await eventually("the first look") {
                let replies = try stage.probe(mta.port)?.replies ?? []
                return replies.contains { $0.stage == "mail" && $0.code == 452 } ? () : nil
            }
        }
    }
}
