import Foundation
import Glibc
import RunRecords
import Testing

/// A full disk: new mail is told 452, mail that was taken goes on, and then there is room again.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2)), .enabled(if: getuid() == 0, "mounting a small tmpfs needs root"))
    struct FullDiskTests {
        /// A file system of its own, gone with the test.
        final class SmallDisk {
            let path: String
            init(megabytes: Int) throws {
                path = FileManager.default.temporaryDirectory.appendingPathComponent("disk-\(UUID().uuidString)").path
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
                guard mount("tmpfs", path, "tmpfs", 0, "size=\(megabytes)m") == 0 else {
                    throw StageFault("cannot mount a tmpfs: \(String(cString: strerror(errno)))")
                }
            }
            deinit {
                umount2(path, Int32(MNT_DETACH))
                rmdir(path)
            }
        }

        /// Spool, megabytes of disk. The segment log goes to its last segment and has room again as soon as mail is
        /// delivered; RocksDB keeps a memtable's worth free and frees files in its own time, so that is not waited for.
        @Test(arguments: [("segment", 200), ("rocksdb", 500), ("localdisk", 100)])
        func refusesDeliversAndRecovers(spool: String, megabytes: Int) async throws {
            let disk = try SmallDisk(megabytes: megabytes)
            let stage = try Stage()
            defer { stage.close() }
            let port = try freePort()
            let settings = [
                "--spool", spool, "--spool-dir", disk.path + "/spool", "--min-free-disk", "0", "--resident-memory", "0",
                "--retry-cap", "1s",
            ]
            let mta = try await stage.mta(to: port, settings)
            // The next hop is down, so everything has to stay in the spool.
            let flood = try stage.generator(
                to: mta.port, name: "flood", ["--concurrency", "10", "--message-count", "3000", "--body-size", "100kb"])
            #expect(try await flood.waitForExit() == 1)
            let first = try RecordFile.read(GeneratorRecord.self, from: stage.path("flood.json"))
            #expect(first.offered == 3000)
            #expect(first.accepted > 300 && first.refused > 300)
            #expect(first.accepted + first.refused == 3000, "452, not a lost connection")
            #expect(first.replies.filter { $0.code >= 400 }.map(\.code) == [452])
            let sink = try await stage.sink(["--ledger", stage.path("sink.ledger")], port: port)
            try await mta.wait(for: Int(first.accepted))
            var after: UInt64 = 0
            if spool == "segment" {
                // Nobody restarted anything: the completions made the room.
                let again = try stage.generator(
                    to: mta.port, name: "again",
                    ["--concurrency", "2", "--message-count", "20", "--body-size", "100kb"])
                #expect(try await again.waitForExit() == 0)
                after = 20
                try await mta.wait(for: Int(first.accepted + after))
            }
            let relay = try await mta.stop(MTARecord.self)
            #expect(relay.queued == 0 && relay.bounced == 0)
            let ledger = try #require(try await sink.stop(SinkRecord.self).ledger)
            #expect(ledger.unique == first.accepted + after)
            #expect(ledger.changed == 0)
        }

        /// The low-water mark speaks at MAIL, before anything is sent.
        @Test func lowWaterMarkRefusesAtMAIL() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let mta = try await stage.mta(to: sink.port, ["--min-free-disk", "900000GB"])
            try await Task.sleep(nanoseconds: 500_000_000)
            let load = try stage.generator(to: mta.port, ["--concurrency", "1", "--message-count", "5"])
            #expect(try await load.waitForExit() == 1)
            let record = try RecordFile.read(GeneratorRecord.self, from: stage.path("generator.json"))
            #expect(record.replies.map(\.stage) == ["mail"] && record.replies.map(\.code) == [452])
            #expect(record.refused == 5)
        }
    }
}
