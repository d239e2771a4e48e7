import Foundation
import Glibc
import RunRecords
import Testing

/// Memory ends before the kernel says so: mail is refused for a while, nothing is lost, and then it is taken again.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct MemoryLimitTests {
        /// A message for the relay once it takes mail again.
        private func mailIsTaken(_ stage: Stage, _ port: Int) async throws {
            try await eventually("mail to be taken") {
                let probe = try stage.generator(
                    to: port, name: "probe", ["--concurrency", "1", "--message-count", "1"])
                while probe.isRunning { usleep(10_000) }
                return (try? RecordFile.read(GeneratorRecord.self, from: stage.path("probe.json")))?.accepted == 1
                    ? () : nil
            }
        }

        /// The next hop stalls and content piles up beyond `memory_limit`: 452 at MAIL. When the next hop is well again
        /// what was acknowledged goes out, and mail is taken.
        @Test func memoryIsLeftToQueuedMail() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let stalling = try stage.script("stalling_server.py", ["600", "0"])
            let next = try await stalling.listeningPort()
            let mta = try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    smart_host: 127.0.0.1:\(next)
                    smart_host_connections: 4
                    memory_limit: 128MiB
                    durability: os
                    retry_first: 1s
                    retry_cap: 1s
                    """)
            // 60 MB a second at most: the relay looks at its memory once a second.
            let load = try stage.generator(
                to: mta.port, ["--concurrency", "4", "--rate", "60/s", "--message-count", "250", "--body-size", "1mb"])
            _ = try await load.waitForExit()
            let record = try RecordFile.read(GeneratorRecord.self, from: stage.path("generator.json"))
            let refused = record.replies.filter { $0.code >= 400 }
            #expect(refused.contains { $0.stage == "mail" && $0.code == 452 }, "\(record.replies)")
            #expect(Set(refused.map(\.code)).isSubset(of: [452, 421]))
            #expect(record.accepted >= 20 && record.inDoubt == 0)
            stalling.kill()
            let sink = try await stage.sink(["--ledger", stage.path("sink.ledger")], port: next)
            try await mailIsTaken(stage, mta.port)
            try await sink.wait(for: Int(record.accepted) + 1)
            #expect(try await mta.stop(MTARecord.self).queued == 0)
        }

        /// Where there is no `memory_limit` the control group's counts, and what others in it hold counts, too.
        @Test(.enabled(if: ControlGroup.isPossible, "needs a memory control group (version 1) that root may divide"))
        func theControlGroupsLimitCounts() async throws {
            let group = try #require(ControlGroup(limitBytes: 512 << 20))
            defer { group.remove() }
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let words = [
                "serve", "--listen", "127.0.0.1:0", "--smart-host", "127.0.0.1:\(sink.port)", "--spool", "memory",
                "--hostname", "mta.test", "--threads", "1",
            ]
            let entering = "echo $$ > \(group.path)/cgroup.procs; exec \"$0\" \"$@\""
            let mta = try #require(
                try stage.peer("bash", ["-c", entering, Stage.binaries.path + "/mta"] + words))
            let port = try await mta.listeningPort()
            try await mailIsTaken(stage, port)
            // Somebody else in the group takes nine tenths of it, and the relay is there, too.
            let ballast = "import time; a = b'x' * (470 << 20); time.sleep(600)"
            let other = try #require(try stage.peer("bash", ["-c", entering, "python3", "-c", ballast]))
            try await eventually("the refusal") {
                let probe = try stage.generator(to: port, ["--concurrency", "1", "--message-count", "1"])
                while probe.isRunning { usleep(10_000) }
                let record = try? RecordFile.read(GeneratorRecord.self, from: stage.path("generator.json"))
                return record?.replies.contains { $0.stage == "greeting" && $0.code == 421 } ?? false ? () : nil
            }
            other.kill()
            try await mailIsTaken(stage, port)
            #expect(try await mta.terminate() == 0)
        }
    }
}

/// A control group of version 1 below that of this process.
private struct ControlGroup {
    let path: String

    private static var parent: String? {
        let membership = try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)
        let line = membership?.split(separator: "\n").first { $0.contains(":memory:") }
        let path = line.map { "/sys/fs/cgroup/memory" + $0.split(separator: ":", maxSplits: 2)[2] }
        return path.flatMap { access($0, W_OK) == 0 ? $0 : nil }
    }

    static var isPossible: Bool {
        let group = ControlGroup(limitBytes: 512 << 20)
        group?.remove()
        return group != nil
    }

    init?(limitBytes: Int) {
        guard let parent = Self.parent else { return nil }
        path = parent + "/millrace-\(UUID().uuidString.prefix(8))"
        guard mkdir(path, 0o755) == 0 else { return nil }
        let limit = path + "/memory.limit_in_bytes"
        do { try String(limitBytes).write(toFile: limit, atomically: false, encoding: .utf8) } catch {
            rmdir(path)
            return nil
        }
    }

    /// Its processes have ended; they leave it a moment later.
    func remove() {
        for _ in 0..<100 {
            if rmdir(path) == 0 { return }
            usleep(20_000)
        }
    }
}
