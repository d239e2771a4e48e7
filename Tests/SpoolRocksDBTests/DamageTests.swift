import Foundation
import MailTypes
import SpoolContract
import SpoolRocksDB
import TestSupport
import Testing

/// Whatever happened to the files, no mail is forgotten in silence.
@Suite struct DamageTests {
    private static let pointInTime = ["wal_recovery_mode": "kPointInTimeRecovery"]

    // MARK: Records

    @Test(arguments: [100, 10_000]) func anUnreadableRecordIsKeptAside(bytes: Int) throws {
        let directory = TemporaryDirectory()
        var spool = try directory.open()
        try spool.put((1...3).map { message($0, bytes: bytes) })
        spool.close(clean: true)
        let raw = try RawDatabase(directory.spool)
        var bad = try #require(try raw.get(key("m", 2)))
        bad[30] ^= 1
        try raw.put(key("m", 2), bad)
        let whole = try bad + (raw.get(key("b", 2)) ?? [])
        raw.close()

        // The tools look without touching.
        spool = try directory.open(access: .readOnly)
        #expect(try spool.list().unreadable.count == 1)
        spool.close(clean: false)
        let path = directory.spool + "/quarantine/\(id(2)).record"
        #expect(!FileManager.default.fileExists(atPath: path))

        spool = try directory.open()
        let (entries, unreadable) = try spool.list()
        #expect(entries.map(\.id) == [id(1), id(3)])
        #expect(unreadable.count == 1)
        let first = try #require(unreadable.first)
        #expect(first.contains("\(id(2))") && first.contains(path), "\(first)")
        #expect(try Array(Data(contentsOf: URL(fileURLWithPath: path))) == whole)
        #expect(try spool.list().unreadable.count == 0)
        #expect(spool.report.messages == 2)
        spool.close(clean: true)
    }

    @Test func aMessageIsNotLostWithItsState() throws {
        let directory = TemporaryDirectory()
        var spool = try directory.open()
        try spool.put([message(1)])
        spool.close(clean: true)
        let raw = try RawDatabase(directory.spool)
        try raw.put(key("s", 1), [1, 2, 3])
        raw.close()
        spool = try directory.open()
        let (entries, unreadable) = try spool.list()
        #expect(entries.map(\.id) == [id(1)] && entries.map(\.state) == [nil])
        #expect(unreadable.count == 1)
        let path = directory.spool + "/quarantine/\(id(1)).state"
        #expect(try Array(Data(contentsOf: URL(fileURLWithPath: path))) == [1, 2, 3])
        #expect(try spool.load(id(1)) != nil)
        spool.close(clean: true)
    }

    // MARK: The write-ahead log

    /// 40 synced commits of 3,000 octets each: the log has four blocks, so batches lie across their ends.
    private func crashed(_ directory: TemporaryDirectory, _ durability: Durability = .fsync) throws -> String {
        let spool = try directory.open(durability: durability)
        for sequence in 1...40 as ClosedRange<UInt64> { try spool.put([message(sequence, bytes: 3000)]) }
        try directory.crash(spool)
        let log = try directory.file(".log")
        #expect(try Data(contentsOf: URL(fileURLWithPath: log)).count > 3 * 32_768)
        return log
    }

    private func flip(_ directory: TemporaryDirectory, _ log: String, _ fraction: Double) throws {
        try directory.change(log) { $0[Int(Double($0.count) * fraction)] ^= 0x40 }
    }

    @Test(arguments: [0, 0.01, 0.3, 0.5, 0.77, 0.94, 0.96]) func aDamagedLogIsRefused(fraction: Double) throws {
        let directory = TemporaryDirectory()
        let log = try crashed(directory)
        try flip(directory, log, fraction)
        let before = try Data(contentsOf: URL(fileURLWithPath: log))
        for _ in 0..<2 {
            let fault = try #require(fault { () throws(SpoolFault) in try directory.open().close(clean: false) })
            guard case .corrupt(let text) = fault else {
                Issue.record("\(fault)")
                return
            }
            #expect(text.contains(log) && text.contains("wal_recovery_mode=kPointInTimeRecovery"), "\(text)")
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: log)) == before)
    }

    /// The second of three batches in one block, byte by byte of its fragment's head: its length cannot be trusted.
    @Test func damageInASmallLogIsFound() throws {
        let directory = TemporaryDirectory()
        let spool = try directory.open()
        try spool.put([message(1, bytes: 100)])
        let log = try directory.file(".log")
        let start = try Data(contentsOf: URL(fileURLWithPath: log)).count
        try spool.put([message(2, bytes: 100)])
        try spool.put([message(3, bytes: 100)])
        try directory.crash(spool)
        for offset in 0..<12 {
            try directory.change(log) { $0[start + offset] ^= 0x11 }
            #expect(fault { () throws(SpoolFault) in try directory.open().close(clean: false) } != nil, "\(offset)")
            try directory.change(log) { $0[start + offset] ^= 0x11 }
        }
        let again = try directory.open()
        #expect(try again.list().entries.count == 3)
        again.close(clean: true)
    }

    /// A batch that begins at the end of a block has as little of its head there as fits.
    @Test(arguments: [8, 11, 20, 34, 41, 42]) func batchesThatBeginAtTheEndOfABlock(rest: Int) throws {
        func size(_ directory: TemporaryDirectory) throws -> Int {
            try Data(contentsOf: URL(fileURLWithPath: directory.file(".log"))).count
        }
        let trial = TemporaryDirectory()
        let other = try trial.open()
        try other.put([message(1, bytes: 30_000)])
        let more = try 32_768 - rest - size(trial)
        other.close(clean: true)

        let directory = TemporaryDirectory()
        let spool = try directory.open()
        try spool.put([message(1, bytes: 30_000 + more)])
        #expect(try size(directory) == 32_768 - rest)
        for sequence in 2...4 as ClosedRange<UInt64> { try spool.put([message(sequence)]) }
        try directory.crash(spool)
        let log = try directory.file(".log")
        try directory.change(log) { $0[32_768 + 500] ^= 1 }
        #expect(fault { () throws(SpoolFault) in try directory.open().close(clean: false) } != nil)
        try directory.change(log) { $0[32_768 + 500] ^= 1 }
        let again = try directory.open()
        #expect(try again.list().entries.count == 4)
        again.close(clean: true)
    }

    /// Mail may hold what looks like a piece of a log: in a torn batch it proves nothing.
    @Test func contentProvesNothing() throws {
        let directory = TemporaryDirectory()
        let spool = try directory.open()
        try spool.put([message(1)])
        let log = try directory.file(".log")
        let start = try Data(contentsOf: URL(fileURLWithPath: log)).count
        try spool.put([message(2)])
        var piece = try Data(contentsOf: URL(fileURLWithPath: log))[start...]
        try spool.put([forged(from: Array(piece))])
        let end = try Data(contentsOf: URL(fileURLWithPath: log)).count
        try directory.crash(spool)
        piece.removeAll()
        try directory.change(log) { $0[end - 1] ^= 1 }
        let again = try directory.open()
        #expect(try again.list().entries.map(\.id) == [id(1), id(2)])
        again.close(clean: true)
    }

    @Test func theOperatorMayGoOnWithoutTheRest() throws {
        let directory = TemporaryDirectory()
        try flip(directory, try crashed(directory), 0.5)
        let spool = try directory.open(Self.pointInTime)
        let (entries, unreadable) = try spool.list()
        #expect(entries.count > 10 && entries.count < 30)
        #expect(entries.map(\.id) == (1...UInt64(entries.count)).map { id($0) })
        #expect(unreadable.count == 1)
        try spool.put([message(99)])
        spool.close(clean: true)
        // Once was enough.
        let again = try directory.open()
        #expect(try again.list().entries.count == entries.count + 1)
        again.close(clean: true)
    }

    /// A power cut under `os` loses what the kernel had not written: nothing was promised, but it is said.
    @Test func withoutSyncsDamageIsCounted() throws {
        let directory = TemporaryDirectory()
        try flip(directory, try crashed(directory, .os), 0.5)
        let spool = try directory.open(durability: .os)
        let (entries, unreadable) = try spool.list()
        #expect(entries.count > 10 && entries.count < 30 && unreadable.count == 1)
        spool.close(clean: true)
    }

    /// The end of the log as a power cut leaves it: the last batch was never acknowledged.
    @Test(arguments: [1, 100, 1500, 3000]) func aTornBatchIsDropped(bytes: Int) throws {
        for isCut in [true, false] {
            let directory = TemporaryDirectory()
            let log = try crashed(directory)
            try directory.change(log) { data in
                let start = data.count - bytes
                // Cut off, or the first of its blocks never written.
                if isCut {
                    data.removeSubrange(start...)
                } else {
                    data[start..<min(start + 512, data.count)] = Data(count: min(512, bytes))
                }
            }
            let spool = try directory.open()
            let (entries, unreadable) = try spool.list()
            #expect(entries.map(\.id) == (1...39).map { id($0) } && unreadable.count == 0)
            try spool.put([message(41)])
            try directory.crash(spool)
            let again = try directory.open()
            #expect(try again.list().entries.count == 40)
            again.close(clean: true)
        }
    }

    /// With RocksDB's `avoid_flush_during_recovery` a torn log stays beside the one that goes on after it.
    @Test func aTornLogIsForgivenOnce() throws {
        let directory = TemporaryDirectory()
        let log = try crashed(directory)
        try directory.change(log) { $0.removeLast(100) }
        let keep = ["avoid_flush_during_recovery": "true"]
        let spool = try directory.open(keep)
        for sequence in 41...43 as ClosedRange<UInt64> { try spool.put([message(sequence)]) }
        try directory.crash(spool)
        #expect(FileManager.default.fileExists(atPath: log))
        let again = try directory.open(keep)
        let (entries, unreadable) = try again.list()
        #expect(entries.count == 42 && unreadable.count == 0)
        again.close(clean: true)
    }

    /// Completions are not synced: a hole in them costs duplicates, not mail, and must not stop a start.
    @Test func unsyncedCompletionsMayBeTorn() throws {
        let directory = TemporaryDirectory()
        let spool = try directory.open()
        try spool.put([message(1), message(2), message(3)])
        let log = try directory.file(".log")
        let size = try Data(contentsOf: URL(fileURLWithPath: log)).count
        for sequence in 1...2 as ClosedRange<UInt64> {
            var done = SpoolBatch()
            done.completions = [id(sequence)]
            try spool.commit(done)
        }
        try directory.crash(spool)
        try directory.change(log) { $0[size + 8] ^= 1 }
        let again = try directory.open()
        #expect(try again.list().entries.map(\.id) == [id(1), id(2), id(3)])
        again.close(clean: true)
    }

    // MARK: Other files

    /// A start writes what it finds in the logs into a table.
    private func flushed(_ directory: TemporaryDirectory) throws {
        let spool = try directory.open()
        try spool.put((1...20).map { message($0, bytes: 1000) } + [message(21, bytes: 10_000)])
        spool.close(clean: true)
        try directory.open().close(clean: true)
    }

    @Test func aDamagedTableStopsTheListing() throws {
        let directory = TemporaryDirectory()
        try flushed(directory)
        let table = try directory.file(".sst")
        try directory.change(table) { $0[2000] ^= 1 }
        let spool = try directory.open()
        let fault = try #require(fault { () throws(SpoolFault) in _ = try spool.list() })
        guard case .corrupt(let text) = fault else {
            Issue.record("\(fault)")
            return
        }
        #expect(text.contains(table) && text.contains("repair"), "\(text)")
        spool.close(clean: false)
    }

    private func damage(_ path: String, _ directory: TemporaryDirectory, _ what: String) throws {
        switch what {
        case "missing": try FileManager.default.removeItem(atPath: path)
        case "short": try directory.change(path) { $0.removeLast(100) }
        case "empty": try directory.change(path) { $0.removeAll() }
        default: try directory.change(path) { $0[$0.count / 2] ^= 1 }
        }
    }

    @Test(arguments: ["missing", "short", "empty"]) func aTableThatIsNotThereIsRefused(what: String) throws {
        let directory = TemporaryDirectory()
        try flushed(directory)
        let table = try directory.file(".sst")
        try damage(table, directory, what)
        let fault = fault { () throws(SpoolFault) in try directory.open().close(clean: false) }
        guard case .corrupt(let text) = fault else {
            Issue.record("\(String(describing: fault))")
            return
        }
        #expect(text.contains((table as NSString).lastPathComponent) && text.contains("repair"), "\(text)")
    }

    @Test(arguments: ["CURRENT", "MANIFEST"]) func withoutItsRootsADatabaseIsNotBegunAnew(name: String) throws {
        let directory = TemporaryDirectory()
        try flushed(directory)
        let file = try #require(
            FileManager.default.contentsOfDirectory(atPath: directory.spool).first { $0.hasPrefix(name) })
        try FileManager.default.removeItem(atPath: directory.spool + "/" + file)
        let fault = try #require(fault { () throws(SpoolFault) in try directory.open().close(clean: false) })
        #expect(fault.description.contains(name) || fault.description.contains(file), "\(fault)")
    }

    /// Content has keys and files of its own: a listing does not read it, a load finds the damage.
    @Test(arguments: ["missing", "short", "empty", "changed"])
    func aDamagedBodyIsFoundWhenItIsLoaded(what: String) throws {
        let directory = TemporaryDirectory()
        try flushed(directory)
        try damage(directory.file(".blob"), directory, what)
        let spool = try directory.open()
        #expect(try spool.list().entries.count == 21)
        guard case .corrupt = fault({ () throws(SpoolFault) in _ = try spool.load(id(21)) }) else {
            Issue.record("a damaged body was loaded")
            return
        }
        let kept = try #require(try spool.quarantine(id(21)))
        #expect(try Data(contentsOf: URL(fileURLWithPath: kept)).count > 50, "the head at least")
        #expect(try spool.load(id(20)) != nil)
        spool.close(clean: true)
    }
}
