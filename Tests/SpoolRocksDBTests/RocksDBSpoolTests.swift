import Foundation
import MailTypes
import SpoolContract
import SpoolRocksDB
import TestSupport
import Testing

@Suite struct RocksDBSpoolTests {
    /// Around the size from which content has a key of its own, and where a checksum could be taken for content.
    @Test func everySizeComesBack() throws {
        let directory = TemporaryDirectory()
        let sizes = [0, 1, 3, 4, 5, 4095, 4096, 4097, 100_000]
        var spool = try directory.open()
        try spool.put(sizes.enumerated().map { message(UInt64($0), bytes: $1) })
        for _ in 0..<2 {
            #expect(try spool.list().entries.map(\.size) == sizes)
            for (index, size) in sizes.enumerated() {
                let stored = try #require(try spool.load(id(UInt64(index)))).message
                #expect(content(stored) == content(message(UInt64(index), bytes: size)), "\(size)")
            }
            spool.close(clean: true)
            spool = try directory.open()
        }
        spool.close(clean: true)
    }

    @Test func aFinishedMessageLeavesNothing() throws {
        let directory = TemporaryDirectory()
        var spool = try directory.open()
        try spool.put([message(1, bytes: 10), message(2, bytes: 10_000), message(3, bytes: 10_000)])
        var states = SpoolBatch()
        states.states = [(id(1), sampleState), (id(2), sampleState)]
        try spool.commit(states)
        var done = SpoolBatch()
        done.completions = [id(1)]
        try spool.commit(done)
        spool.close(clean: false)
        // Nothing was listed this time: what a message has is not known, and still all of it goes.
        spool = try directory.open()
        done.completions = [id(2), id(3)]
        try spool.commit(done)
        spool.close(clean: false)
        let raw = try RawDatabase(directory.spool)
        #expect(raw.kinds == ["f"])
        raw.close()
    }

    @Test func listsTheStateOfTheMessage() throws {
        let directory = TemporaryDirectory()
        let spool = try directory.open()
        try spool.put((1...5).map { message($0) })
        var batch = SpoolBatch()
        batch.states = [2, 5, 9].map { (id($0), sampleState) }
        try spool.commit(batch)
        #expect(try spool.list().entries.map { $0.state == sampleState } == [false, true, false, false, true])
        spool.close(clean: true)
    }

    @Test func readsADatabaseOfTheVersionBefore() throws {
        let directory = TemporaryDirectory()
        let raw = try RawDatabase(directory.spool)
        for old in [message(1, bytes: 10), message(2, bytes: 50_000)] {
            try raw.put(key("m", old.id.low), record(old))
        }
        try raw.put(key("s", 2), Array(RecordCodec.encode(sampleState).readableBytesView))
        raw.close()
        let spool = try directory.open()
        #expect(!spool.wasCleanlyClosed)
        let (entries, unreadable) = try spool.list()
        #expect(unreadable.count == 0)
        #expect(entries.map(\.size) == [10, 50_000] && entries.map(\.state) == [nil, sampleState])
        #expect(try content(#require(try spool.load(id(2))).message) == content(message(2, bytes: 50_000)))
        spool.close(clean: true)
    }

    @Test func refusesADatabaseOfANewerVersion() throws {
        let directory = TemporaryDirectory()
        try directory.open().close(clean: true)
        let raw = try RawDatabase(directory.spool)
        #expect(try raw.get(Array("format".utf8)) == Array("2".utf8))
        try raw.put(Array("format".utf8), Array("3".utf8))
        raw.close()
        let fault = fault { () throws(SpoolFault) in _ = try directory.open() }
        #expect(fault == .inputOutput("spool format '3': this program knows up to 2"))
        // It was closed again: the lock is free.
        #expect(fault == SpoolRocksDBTests.fault { () throws(SpoolFault) in _ = try directory.open() })
    }

    @Test func reportsWhatItHolds() throws {
        let directory = TemporaryDirectory()
        var spool = try directory.open()
        try spool.put([message(1, bytes: 100), message(2, bytes: 20_000), message(3, bytes: 5)])
        var done = SpoolBatch()
        done.completions = [id(1), id(99)]
        try spool.commit(done)
        #expect(spool.report.messages == 2 && spool.report.liveBytes == 20_005)
        spool.close(clean: true)
        spool = try directory.open()
        _ = try spool.list()
        _ = try spool.list()
        #expect(spool.report.messages == 2 && spool.report.liveBytes == 20_005, "twice listed is not twice there")
        try spool.put([message(4, bytes: 100)])
        let report = spool.report
        #expect(try #require(report.diskBytes) > 0 && report.fault == nil)
        func detail(_ name: String) -> Int? { report.details.first { $0.name == name }?.value }
        #expect(try #require(detail("rocksdb.wal.bytes")) > 100)
        #expect(try #require(detail("rocksdb.cur-size-all-mem-tables")) > 0)
        #expect(detail("rocksdb.num-running-compactions") == 0 && detail("rocksdb.stall.micros") == 0)
        #expect(detail("rocksdb.estimate-num-keys") != nil)
        for level in 0..<7 { #expect(detail("rocksdb.num-files-at-level\(level)") != nil, "level \(level)") }
        #expect(detail("rocksdb.block-cache-usage") != nil && detail("rocksdb.estimate-table-readers-mem") != nil)
        spool.close(clean: true)
    }

    @Test func readOnlyChangesNothing() throws {
        let directory = TemporaryDirectory()
        #expect(throws: SpoolFault.self) { _ = try directory.open(access: .readOnly) }
        let spool = try directory.open()
        try spool.put([message(1), message(2, bytes: 10_000)])
        func files() throws -> [String: Int] {
            let manager = FileManager.default
            return try Dictionary(
                uniqueKeysWithValues: manager.contentsOfDirectory(atPath: directory.spool).map {
                    ($0, try #require(manager.attributesOfItem(atPath: directory.spool + "/" + $0)[.size] as? Int))
                })
        }
        let before = try files()
        let reader = try directory.open(access: .readOnly)
        #expect(try reader.list().entries.map(\.id) == [id(1), id(2)])
        #expect(try content(#require(try reader.load(id(2))).message) == content(message(2, bytes: 10_000)))
        #expect(reader.report.messages == 2)
        #expect(fault { () throws(SpoolFault) in try reader.put([message(3)]) } == .closed)
        reader.close(clean: true)
        #expect(try files() == before)
        try spool.put([message(3)])
        spool.close(clean: true)
        let again = try directory.open(access: .readOnly)
        #expect(again.wasCleanlyClosed)
        again.close(clean: false)
        let last = try directory.open()
        #expect(last.wasCleanlyClosed, "the reader left the mark as it was")
        last.close(clean: true)
    }

    @Test func theReserveFollowsTheOptions() throws {
        let directory = TemporaryDirectory()
        let spool = try directory.open(["max_write_buffer_number": "1000000"])
        #expect(
            fault { () throws(SpoolFault) in try spool.put([message(1)]) }
                == .noSpace("\(directory.spool): less than the reserve of 67108937819750 bytes is free"))
        var done = SpoolBatch()
        done.completions = [id(1)]
        try spool.commit(done)
        spool.close(clean: true)
    }
}
