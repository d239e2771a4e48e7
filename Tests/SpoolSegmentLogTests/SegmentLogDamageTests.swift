import Foundation
import MailTypes
import NIOCore
import SpoolContract
import SpoolSegmentLog
import Testing

@Suite struct SegmentLogDamageTests {
    private func id(_ sequence: UInt64) -> MessageID { MessageID(high: 9, low: sequence) }

    /// What cannot be read is kept as it was found, and the fault says where.
    @Test func damagedRecordsArePutAside() throws {
        let home = LogHome()
        let spool = try home.open()
        for sequence in 1...5 as ClosedRange<UInt64> { try spool.commit(batch([message(sequence)])) }
        spool.close(clean: true)
        try damage(home.files[0], at: 8192 + 12, [0xA5])
        let before = try Data(contentsOf: URL(fileURLWithPath: home.files[0]))
        for start in 1...3 {
            let again = try home.open()
            let unreadable = try again.enumerate { _ in }
            #expect(unreadable.count == 1, "start \(start)")
            #expect(unreadable.first?.contains("/quarantine/damaged-1-") == true, "\(unreadable)")
            again.close(clean: true)
            let name = try #require(home.putAside.first)
            #expect(home.putAside.count == 1)
            let kept = try Data(contentsOf: URL(fileURLWithPath: home.path + "/quarantine/" + name))
            #expect(before.range(of: kept) != nil && kept.range(of: Data("Subject: 2".utf8)) != nil)
        }
    }

    /// The youngest segment's end is known after a clean stop, an older one's by the next header: a last record that
    /// is damaged is missed.
    @Test(arguments: [1, 60]) func aDamagedLastRecordIsMissed(count: UInt64) throws {
        let home = LogHome()
        let spool = try home.open(segmentBytes: 16_384)
        for sequence in 1...count { try spool.commit(batch([message(sequence, bytes: 3000)])) }
        spool.close(clean: true)
        // The last block of the first segment that holds a record.
        let data = try Data(contentsOf: URL(fileURLWithPath: home.files[0]))
        let last = try #require(data.range(of: Data("MRL1".utf8), options: .backwards)).lowerBound
        try damage(home.files[0], at: last + 20, [0xA5])
        let again = try home.open(segmentBytes: 16_384)
        let found = try listed(again)
        #expect(found.unreadable == 1)
        #expect(found.ids.count == Int(count) - 1)
        again.close(clean: true)
    }

    /// No flipped bit in a header costs a message, and none makes a finished one come back.
    @Test(arguments: [[0], [8], [17], [2048 + 9], [41], [1, 2049], [9, 2048 + 16]])
    func aDamagedHeaderCostsNothing(offsets: [Int]) throws {
        let home = LogHome()
        let spool = try home.open(segmentBytes: 16_384)
        for sequence in 1...40 as ClosedRange<UInt64> {
            try spool.commit(batch([message(sequence)], finished: sequence % 3 == 0 ? [sequence - 1] : []))
        }
        let wanted = try listed(spool).ids
        spool.close(clean: true)
        for position in home.files.indices {
            let copy = try home.copy()
            let file = copy.files[position]
            for offset in offsets { try damage(file, at: offset, [0xA5]) }
            let again = try copy.open(segmentBytes: 16_384)
            let found = try listed(again)
            #expect(found.ids == wanted && found.unreadable == 0, "segment \(position)")
            try again.commit(batch([message(100)]))
            #expect(try listed(again).ids == wanted + [100])
            again.close(clean: true)
        }
    }

    /// A message that was found corrupt is put aside before its segment can be reused, also if nobody asked for it.
    @Test(arguments: [false, true]) func whatIsFoundCorruptIsPutAside(byHand: Bool) throws {
        let home = LogHome()
        let spool = try home.open(segmentBytes: 16_384)
        try spool.commit(batch([message(1), message(2)]))
        try damage(home.files[0], at: 4096 + 400, [0xA5])
        #expect(throws: SpoolFault.self) { try spool.load(id(1)) }
        if byHand { #expect(try spool.quarantine(id(1))?.hasSuffix("\(id(1)).record") == true) }
        try spool.commit(batch([message(3)], finished: [1]))
        #expect(home.putAside == ["\(id(1)).record"])
        #expect(try spool.load(id(1)) == nil)
        #expect(try spool.load(id(2)) != nil)
        spool.close(clean: true)
        let again = try home.open(segmentBytes: 16_384)
        #expect(try listed(again).ids == [2, 3])
        again.close(clean: true)
    }

    /// What fails after a batch is on stable storage is not that batch's fault: it counts, and the next one is refused.
    @Test func aFailureInCompactionIsForTheNextBatch() throws {
        var wasLate = 0
        for last in 5...12 as ClosedRange<UInt64> {
            for operation in 0..<12 {
                let disk = SimulatedDisk(seed: 1)
                let settings = SegmentLogSettings(
                    directory: "", durability: .fsync, segmentBytes: 16_384, spareSegments: 1)
                var spool = try SegmentLogSpool(settings, disk: disk)
                // One message waits in the first segment while the log grows, until it is moved.
                func next(_ sequence: UInt64) -> SpoolBatch {
                    batch([message(sequence, bytes: 6000)], finished: sequence > 2 ? [sequence - 1] : [])
                }
                for sequence in 1..<last { try spool.commit(next(sequence)) }
                disk.trouble = (operation, .failure)
                let isAcknowledged = (try? spool.commit(next(last))) != nil
                guard disk.trouble == nil else { break }
                #expect(throws: SpoolFault.self) { try spool.commit(next(last + 1)) }
                #expect(spool.report.fault != nil)
                disk.cutPower()
                spool = try SegmentLogSpool(settings, disk: disk)
                let found = try listed(spool)
                #expect(found.unreadable == 0)
                #expect(found.ids.contains(1) && !found.ids.contains(last + 1))
                guard isAcknowledged else { continue }
                wasLate += 1
                #expect(found.ids == [1, last], "operation \(operation)")
            }
        }
        #expect(wasLate >= 3, "nothing failed behind a batch's own")
    }

    /// A torn sector can leave the frame of one state before another state of the same length: it is not taken for it.
    @Test func aStateBelongsToItsFrame() throws {
        let home = LogHome()
        let spool = try home.open()
        try spool.commit(batch([message(1), message(2)]))
        for sequence in 1...2 as ClosedRange<UInt64> {
            var change = batch()
            let state = DeliveryState(
                attempts: UInt32(sequence), nextDueMilliseconds: sequence, recipients: [.waiting],
                lastReply: "450 reply \(sequence)")
            change.states = [(id(sequence), state)]
            try spool.commit(change)
        }
        spool.close(clean: true)
        let data = try Data(contentsOf: URL(fileURLWithPath: home.files[0]))
        let starts = (1...2).map { data.range(of: Data("450 reply \($0)".utf8))!.lowerBound / 4096 * 4096 }
        let bytes = Int(data[starts[0] + 8])
        try damage(home.files[0], at: starts[0] + 64, Array(data[starts[1] + 64..<starts[1] + 64 + bytes]))
        let again = try home.open()
        var attempts: [UInt32?] = []
        let unreadable = try again.enumerate { attempts.append($0.state?.attempts) }
        #expect(attempts == [nil, 2])
        #expect(unreadable.count == 1)
        again.close(clean: true)
    }

    @Test func readingBesideAProcessChangesNothing() throws {
        let home = LogHome()
        let spool = try home.open(segmentBytes: 16_384, spares: 2)
        for sequence in 1...20 as ClosedRange<UInt64> { try spool.commit(batch([message(sequence, bytes: 2000)])) }
        let before = try home.contents()
        let reader = try home.open(segmentBytes: 16_384, access: .readOnly)
        #expect(try listed(reader).ids == Array(1...20))
        #expect(try reader.load(id(7))?.message.content.size == message(7, bytes: 2000).content.size)
        #expect(throws: SpoolFault.closed) { try reader.commit(batch([message(99)])) }
        #expect(throws: SpoolFault.closed) { try reader.quarantine(id(7)) }
        #expect(!reader.wasCleanlyClosed)
        #expect(try home.contents() == before)
        // Its segments are reused while it reads: what is no longer there is unreadable, and never something else.
        for sequence in 21...60 as ClosedRange<UInt64> {
            try spool.commit(batch([message(sequence, bytes: 2000)], finished: [sequence - 20]))
        }
        var sizes: [UInt64: Int] = [:]
        let unreadable = try reader.enumerate { sizes[$0.id.low] = $0.size }
        #expect(sizes.count + unreadable.count == 20 && unreadable.count > 0)
        for (sequence, size) in sizes { #expect(size == message(sequence, bytes: 2000).content.size) }
        for sequence in 1...20 as ClosedRange<UInt64> {
            let stored = try? reader.load(id(sequence))
            #expect(stored == nil || stored?.message.envelope == message(sequence).envelope)
        }
        reader.close(clean: true)
        spool.close(clean: true)
        #expect(try home.open(segmentBytes: 16_384, access: .readOnly).wasCleanlyClosed)
        #expect(try home.open(segmentBytes: 16_384).wasCleanlyClosed, "reading took the mark")
    }

    @Test func readingALogThatIsNotThereMakesNone() {
        let home = LogHome()
        #expect(throws: SpoolFault.self) { try home.open(access: .readOnly) }
        #expect(!FileManager.default.fileExists(atPath: home.path))
    }
}
