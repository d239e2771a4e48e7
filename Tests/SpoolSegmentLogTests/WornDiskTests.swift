import Foundation
import NIOCore
import SpoolContract
import SpoolSegmentLog
import Synchronization
import Testing

/// A disk with a sector that cannot be read any more costs what lies there, and nothing that lies beside it.
@Suite struct WornDiskTests {
    private static func open(_ disk: WornDisk) throws -> SegmentLogSpool {
        try SegmentLogSpool(
            SegmentLogSettings(directory: "simulated", durability: .os, segmentBytes: 65_536, spareSegments: 4),
            disk: disk)
    }

    /// So much mail comes and goes that the log moves what waits: all of the forty but the one on the bad sector.
    private static func expectNeighboursAreMoved(in spool: SegmentLogSpool) throws {
        for sequence in 1_000..<1_400 as Range<UInt64> {
            let last = sequence > 1_000 ? [sequence - 1] : []
            try spool.commit(batch([message(sequence, bytes: 3_000)], finished: last))
        }
        #expect(spool.statistics.compactedBytes > 0 && spool.report.fault == nil)
        #expect(try listed(spool).ids == (1...40).filter { $0 != 20 } + [1_399])
    }

    @Test func neighboursOfABadSectorAreListed() throws {
        let disk = WornDisk()
        let spool = try Self.open(disk)
        try spool.commit(batch((1...40).map { message($0) }))
        try disk.wearOut("Subject: 20\r\n")
        let found = try listed(spool)
        #expect(found.ids == Array(1...40) && found.unreadable == 0)
        #expect(throws: SpoolFault.self) { _ = try spool.load(message(20).id) }
        spool.close(clean: true)
    }

    @Test func neighboursOfABadSectorAreMoved() throws {
        let disk = WornDisk()
        let spool = try Self.open(disk)
        try spool.commit(batch((1...40).map { message($0) }))
        try spool.commit(batch(finished: [20]))
        try disk.wearOut("Subject: 20\r\n")
        try Self.expectNeighboursAreMoved(in: spool)
        for sequence in 1...40 as ClosedRange<UInt64> where sequence != 20 {
            #expect(try spool.load(message(sequence).id)?.message.content.size == message(sequence).content.size)
        }
        spool.close(clean: true)
    }

    /// A message that waits on a bad sector is put aside when it is to be moved, and the log takes mail all the same.
    @Test func whatLiesOnABadSectorIsPutAside() throws {
        let disk = WornDisk()
        let spool = try Self.open(disk)
        try spool.commit(batch((1...40).map { message($0) }))
        try disk.wearOut("Subject: 20\r\n")
        try Self.expectNeighboursAreMoved(in: spool)
        let id = message(20).id
        #expect(try spool.load(id) == nil)
        #expect(disk.aside["\(id).record"] != nil)
        #expect(try spool.quarantine(id) == "aside/\(id).record", "who asks for it hears where it is")
        #expect(spool.report.details.first { $0.name == "put_aside" }?.value == 1)
        spool.close(clean: true)
    }

    /// A start misses what lies in a block that cannot be read, and nothing beside it.
    @Test(arguments: [true, false]) func aBadBlockDoesNotStopAStart(clean: Bool) throws {
        let disk = WornDisk()
        let spool = try Self.open(disk)
        try spool.commit(batch((1...40).map { message($0) }))
        try spool.commit(batch([message(41)]))
        spool.close(clean: clean)
        try disk.wearOut("Subject: 20\r\n", wholeBlock: true)
        let again = try Self.open(disk)
        let found = try listed(again)
        let lost = Set(1...41 as ClosedRange<UInt64>).subtracting(found.ids)
        #expect(found.unreadable == lost.count && (4...8).contains(lost.count) && lost.contains(20), "\(lost)")
        #expect(lost.max()! - lost.min()! == UInt64(lost.count - 1), "\(lost)")
        #expect(disk.aside.keys.contains { $0.hasPrefix("damaged-1-") })
        try again.commit(batch([message(50)]))
        #expect(try listed(again).ids == found.ids + [50])
        again.close(clean: true)
    }

    @Test func aHeaderThatCannotBeReadCostsNothing() throws {
        let disk = WornDisk()
        let spool = try Self.open(disk)
        try spool.commit(batch((1...40).map { message($0) }))
        spool.close(clean: true)
        try disk.wearOutHeader()
        let again = try Self.open(disk)
        let found = try listed(again)
        #expect(found.ids == Array(1...40) && found.unreadable == 0)
        again.close(clean: true)
    }

    /// Where nobody noted how far the log goes, nobody knows either what lay in a block behind its last record.
    @Test func aBadBlockAtTheEndIsSaid() throws {
        let disk = WornDisk()
        let spool = try Self.open(disk)
        try spool.commit(batch((1...40).map { message($0) }))
        try spool.commit(batch([message(41)]))
        spool.close(clean: false)
        try disk.wearOut("Subject: 41\r\n", wholeBlock: true)
        let again = try Self.open(disk)
        let unreadable = try again.enumerate { _ in }
        #expect(try listed(again).ids == Array(1...40))
        #expect(unreadable.count == 1 && unreadable.first?.contains("cannot be read") == true, "\(unreadable)")
        again.close(clean: true)
    }

    /// A file of which nothing can be made out is not taken for an empty one and written over.
    @Test func aSegmentWithoutARecordLeftStopsTheStart() throws {
        let disk = WornDisk()
        let spool = try Self.open(disk)
        try spool.commit(batch([message(1)]))
        spool.close(clean: true)
        try disk.wearOutHeader(blocks: 2)
        #expect(throws: SpoolFault.self) { _ = try Self.open(disk) }
    }
}

/// A simulated disk that gives EIO for some octets of one file.
private final class WornDisk: LogDisk {
    fileprivate struct Spot {
        var name: String
        var octets: Range<Int>
    }
    private let disk = SimulatedDisk(seed: 1)
    fileprivate let spot = Mutex<Spot?>(nil)

    /// The sector that begins with this text is bad from now on, or the whole block that it lies in.
    func wearOut(_ text: String, wholeBlock: Bool = false) throws {
        for name in try disk.list() {
            guard let file = try disk.open(name), let bytes = try file.read(at: 0, count: file.bytes),
                let place = Data(bytes.readableBytesView).range(of: Data(text.utf8))
            else { continue }
            let block = place.lowerBound / 4096 * 4096
            let octets = wholeBlock ? block..<block + 4096 : place
            spot.withLock { $0 = Spot(name: name, octets: octets) }
        }
        try #require(spot.withLock { $0 } != nil)
    }

    /// The begin of the first segment is bad from now on.
    func wearOutHeader(blocks: Int = 1) throws {
        let name = try #require(try disk.list().filter { $0.hasPrefix("segment-") }.min())
        spot.withLock { $0 = Spot(name: name, octets: 0..<blocks * 4096) }
    }

    var aside: [String: ByteBuffer] { disk.aside }

    func lock() throws(SpoolFault) { try disk.lock() }
    func unlock() { disk.unlock() }
    func list() throws(SpoolFault) -> [String] { try disk.list() }
    func create(_ name: String, bytes: Int) throws(SpoolFault) -> any LogFile {
        WornFile(try disk.create(name, bytes: bytes), self)
    }
    func open(_ name: String) throws(SpoolFault) -> (any LogFile)? { try disk.open(name).map { WornFile($0, self) } }
    func remove(_ name: String) throws(SpoolFault) { try disk.remove(name) }
    func sync() throws(SpoolFault) { try disk.sync() }
    func keepAside(_ bytes: ByteBuffer, as name: String) throws(SpoolFault) -> String {
        try disk.keepAside(bytes, as: name)
    }
    var freeBytes: Int? { disk.freeBytes }
}

private final class WornFile: LogFile {
    private let file: any LogFile
    private let disk: WornDisk

    init(_ file: any LogFile, _ disk: WornDisk) {
        self.file = file
        self.disk = disk
    }

    var name: String { file.name }
    var bytes: Int { file.bytes }
    func read(at offset: Int, count: Int) throws(SpoolFault) -> ByteBuffer? {
        if let spot = disk.spot.withLock({ $0 }), spot.name == name, spot.octets.overlaps(offset..<offset + count) {
            throw .inputOutput("read \(name) at \(offset)")
        }
        return try file.read(at: offset, count: count)
    }
    func write(_ buffers: [ByteBuffer], at offset: Int) throws(SpoolFault) { try file.write(buffers, at: offset) }
    func sync() throws(SpoolFault) { try file.sync() }
}
