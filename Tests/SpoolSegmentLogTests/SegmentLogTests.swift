import Foundation
import MailTypes
import NIOCore
import SpoolContract
import SpoolSegmentLog
import Testing

@Suite struct SegmentLogTests {
    @Test func segmentsAreReusedOldestFirst() throws {
        let home = LogHome()
        let spool = try home.open()
        for sequence in 1...3000 as ClosedRange<UInt64> {
            try spool.commit(batch([message(sequence)], finished: sequence > 20 ? [sequence - 20] : []))
        }
        #expect(spool.statistics.liveMessages == 20)
        #expect(spool.statistics.segments <= 8, "\(spool.statistics)")
        #expect(spool.statistics.diskBytes <= 12 * 65_536)
        let copy = try home.copy()
        let again = try copy.open()
        #expect(try listed(again).ids == Array(2981...3000))
        again.close(clean: false)
        spool.close(clean: true)
    }

    @Test func whatWaitsLongIsMovedAndKept() throws {
        let home = LogHome()
        let spool = try home.open()
        let state = DeliveryState(attempts: 2, nextDueMilliseconds: 5, recipients: [.waiting], lastReply: "450 later")
        var first = batch([message(1, bytes: 5000)])
        first.states = [(MessageID(high: 9, low: 1), state)]
        try spool.commit(first)
        for sequence in 2...2000 as ClosedRange<UInt64> {
            try spool.commit(batch([message(sequence)], finished: sequence > 2 ? [sequence - 1] : []))
        }
        #expect(spool.statistics.compactedBytes > 0)
        #expect(spool.statistics.segments <= 8, "\(spool.statistics)")
        let copy = try home.copy()
        let again = try copy.open()
        var states: [DeliveryState?] = []
        _ = try again.enumerate { states.append($0.state) }
        #expect(try listed(again).ids == [1, 2000])
        #expect(states == [state, nil])
        #expect(
            try again.load(MessageID(high: 9, low: 1))?.message.content.size == message(1, bytes: 5000).content.size)
        again.close(clean: false)
        spool.close(clean: true)
    }

    @Test func aFinishedMessageNeverComesBack() throws {
        let home = LogHome()
        let spool = try home.open(segmentBytes: 16_384)
        var alive: Set<UInt64> = []
        var random: UInt64 = 7
        for sequence in 1...800 as ClosedRange<UInt64> {
            var finished: [UInt64] = []
            for id in alive.sorted() {
                random = random &* 6_364_136_223_846_793_005 &+ 1
                if (random >> 33) % 12 == 0 { finished.append(id) }
            }
            alive.subtract(finished)
            alive.insert(sequence)
            try spool.commit(batch([message(sequence, bytes: Int(random >> 50) % 6000)], finished: finished))
            if sequence % 80 == 0 {
                let copy = try home.copy()
                let again = try copy.open(segmentBytes: 16_384)
                let found = try listed(again)
                #expect(found.ids == alive.sorted())
                #expect(found.unreadable == 0)
                again.close(clean: false)
            }
        }
        spool.close(clean: true)
    }

    @Test func largeRecordsGetSegmentsOfTheirOwn() throws {
        let home = LogHome()
        let spool = try home.open(segmentBytes: 16_384)
        try spool.commit(batch([message(1), message(2, bytes: 300_000), message(3)]))
        #expect(
            try spool.load(MessageID(high: 9, low: 2))?.message.content.size == message(2, bytes: 300_000).content.size)
        try spool.commit(batch([message(4)], finished: [1, 2, 3]))
        for sequence in 5...200 as ClosedRange<UInt64> {
            try spool.commit(batch([message(sequence)], finished: [sequence - 1]))
        }
        #expect(spool.statistics.diskBytes < 300_000, "the large segment is not kept: \(spool.statistics)")
        spool.close(clean: true)
    }

    /// A torn batch: cut anywhere, what was committed before is whole, and nothing is called damaged.
    @Test func tornBatchesCostOnlyThemselves() throws {
        let home = LogHome()
        let spool = try home.open()
        try spool.commit(batch([message(1), message(2)]))
        try spool.commit(batch([message(3), message(4), message(5)]))
        // Batches begin at multiples of 4096: the header's block, the first batch, the second.
        for offset in stride(from: 8192, to: 8192 + 2500, by: 61) {
            let copy = try home.copy()
            try damage(copy.files[0], at: offset, [UInt8](repeating: 0, count: 65_536 - offset))
            let again = try copy.open()
            let found = try listed(again)
            #expect(found.ids.starts(with: [1, 2]) && found.ids.count <= 5, "cut at \(offset): \(found)")
            #expect(found.unreadable == 0, "cut at \(offset)")
            for id in found.ids { #expect(try again.load(MessageID(high: 9, low: id)) != nil) }
            again.close(clean: false)
        }
        spool.close(clean: true)
    }

    /// What was dropped once stays dropped, also when later starts no longer look at that segment's content.
    @Test func tornMessagesDoNotComeBackAtLaterStarts() throws {
        let home = LogHome()
        let spool = try home.open()
        try spool.commit(batch([message(1)]))
        try spool.commit(batch([message(2), message(3)]))
        let copy = try home.copy()
        spool.close(clean: true)
        // The head of the third message is whole, the end of its content is not.
        let data = try Data(contentsOf: URL(fileURLWithPath: copy.files[0]))
        let start = try #require(data.range(of: Data("Subject: 3".utf8))).lowerBound
        try damage(copy.files[0], at: start + 100, [UInt8](repeating: 0, count: 400))
        for round in 1...5 as ClosedRange<UInt64> {
            let again = try copy.open()
            let found = try listed(again)
            #expect(found.ids == [1, 2] + (1..<round).map { 100 + $0 }, "start \(round)")
            #expect(found.unreadable == 0)
            try again.commit(batch([message(100 + round)]))
            again.close(clean: false)
        }
    }

    /// A flipped bit in the middle is damage: named, left alone, and everything else is read.
    @Test func damagedRecordsAreReportedAndLeftAlone() throws {
        let home = LogHome()
        let spool = try home.open()
        for sequence in 1...5 as ClosedRange<UInt64> { try spool.commit(batch([message(sequence)])) }
        for offset in [4096, 4096 + 12, 4096 + 40, 4096 + 100] {
            let copy = try home.copy()
            try damage(copy.files[0], at: offset, [0xA5])
            let before = try Data(contentsOf: URL(fileURLWithPath: copy.files[0]))
            let again = try copy.open()
            let found = try listed(again)
            #expect(found.ids == [2, 3, 4, 5], "byte \(offset)")
            #expect(found.unreadable == 1, "byte \(offset)")
            again.close(clean: false)
            #expect(try Data(contentsOf: URL(fileURLWithPath: copy.files[0])) == before)
        }
        spool.close(clean: true)
    }

    /// Content is checked when it is loaded: it is never delivered altered.
    @Test func damagedContentIsNotLoaded() throws {
        let home = LogHome()
        let spool = try home.open(segmentBytes: 16_384)
        try spool.commit(batch((1...80).map { message($0) }))
        let copy = try home.copy()
        try damage(copy.files[0], at: 4096 + 400, [0xA5])
        let again = try copy.open(segmentBytes: 16_384)
        #expect(throws: SpoolFault.self) { try again.load(MessageID(high: 9, low: 1)) }
        #expect(try again.load(MessageID(high: 9, low: 2)) != nil)
        again.close(clean: false)
        spool.close(clean: true)
    }

    /// What a reused segment still holds behind its new records is of an older generation.
    @Test func oldGenerationsAreNotRead() throws {
        let home = LogHome()
        let spool = try home.open(segmentBytes: 16_384, spares: 1)
        for sequence in 1...20 as ClosedRange<UInt64> { try spool.commit(batch([message(sequence, bytes: 3000)])) }
        try spool.commit(batch(finished: Array(1...20)))
        for sequence in 21...26 as ClosedRange<UInt64> { try spool.commit(batch([message(sequence, bytes: 100)])) }
        let copy = try home.copy()
        let again = try copy.open(segmentBytes: 16_384)
        let found = try listed(again)
        #expect(found.ids == Array(21...26) && found.unreadable == 0)
        again.close(clean: false)
        spool.close(clean: true)
    }

    @Test func twoProcessesCannotShareALog() throws {
        let home = LogHome()
        let spool = try home.open()
        #expect(throws: SpoolFault.self) { try home.open() }
        spool.close(clean: true)
        let again = try home.open()
        #expect(again.wasCleanlyClosed)
        again.close(clean: true)
    }

    /// Live bytes are those of the records: with a hundred recipients and no content they are nearly all head, and
    /// counted by content alone the log would be moved forward with every commit.
    @Test func mailThatIsMostlyHeadIsNotMovedForEver() throws {
        let home = LogHome()
        let spool = try home.open()
        for number in 1...200 as ClosedRange<UInt64> {
            var batch = SpoolBatch()
            batch.messages = [
                SpoolMessage(
                    id: MessageID(high: 9, low: number),
                    envelope: Envelope(
                        reversePath: MailAddress("a@x.test"),
                        recipients: (0..<100).map { MailAddress("recipient-\($0)@destination.test") }),
                    acceptedMilliseconds: 1, content: MessageContent(slices: [], form: .raw))
            ]
            try spool.commit(batch)
        }
        #expect(spool.statistics.segments > 6)
        #expect(spool.statistics.compactedBytes == 0, "\(spool.statistics)")
        spool.close(clean: true)
    }

    private func states(_ ids: some Sequence<UInt64>, reply: String) -> SpoolBatch {
        var change = batch()
        change.states = ids.map {
            (
                MessageID(high: 9, low: $0),
                DeliveryState(attempts: 1, nextDueMilliseconds: 5, recipients: [.waiting], lastReply: reply)
            )
        }
        return change
    }

    /// States live as long as their messages: with small messages they are most of the log, and counted by messages alone
    /// the log would be moved forward with every commit.
    @Test func mailThatIsMostlyStateIsNotMovedForEver() throws {
        let home = LogHome()
        let spool = try home.open()
        for first in stride(from: UInt64(1), through: 1_000, by: 50) {
            try spool.commit(batch((first..<first + 50).map { message($0, bytes: 10) }))
            try spool.commit(states(first..<first + 50, reply: "450 " + String(repeating: "later ", count: 150)))
        }
        #expect(spool.statistics.segments > 12)
        #expect(spool.statistics.compactedBytes == 0, "\(spool.statistics)")
        spool.close(clean: true)
    }

    /// However much waits: what one commit moves forward is measured by what was written, or a queue of a million messages
    /// would hold up all other mail when its log has grown too large. And it is enough: the log becomes small again.
    @Test func compactionCostsWhatIsWritten() throws {
        let home = LogHome()
        let spool = try home.open(segmentBytes: 262_144)
        for first in stride(from: UInt64(1), through: 4_000, by: 100) {
            try spool.commit(batch((first..<first + 100).map { message($0, bytes: 400) }))
        }
        // Each state makes the one before it waste.
        var rounds = 0
        while spool.statistics.compactedBytes == 0, rounds < 100 {
            for first in stride(from: UInt64(1), through: 4_000, by: 100) where spool.statistics.compactedBytes == 0 {
                try spool.commit(states(first..<first + 100, reply: "450 try again later"))
            }
            rounds += 1
        }
        let (begin, large) = (spool.statistics.compactedBytes, spool.statistics.segments)
        #expect(begin > 0)
        var last = begin
        for commit in 1...700 {
            let sequence = UInt64(10_000 + commit)
            try spool.commit(batch([message(sequence)], finished: commit > 1 ? [sequence - 1] : []))
            let moved = spool.statistics.compactedBytes
            #expect(moved - last <= 131_072, "\(moved - last) bytes in one commit of one message")
            // A block a commit, and what was begun before.
            #expect(moved - begin <= 2 * 4_096 * commit + 262_144, "\(moved - begin) bytes in \(commit) commits")
            last = moved
        }
        #expect(last > begin)
        #expect(spool.statistics.segments < large, "\(spool.statistics), \(large) segments before")
        #expect(try listed(spool).ids.count == 4_001)
        spool.close(clean: true)
    }
}
