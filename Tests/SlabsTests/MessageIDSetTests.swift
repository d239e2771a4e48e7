import MailTypes
import Measures
import Slabs
import Testing

@Suite struct MessageIDSetTests {
    @Test func itIsASet() {
        var random = SplitMix64(seed: 4)
        var set = MessageIDSet()
        var model: Set<MessageID> = []
        for _ in 0..<50_000 {
            let id = MessageID(high: UInt64(random.below(3)), low: UInt64(random.below(30_000)))
            #expect(set.contains(id) == model.contains(id))
            let isNew = set.insert(id)
            #expect(isNew == model.insert(id).inserted)
        }
        #expect(set.count == model.count)
        #expect(!set.contains(MessageID(high: 9, low: 1)))
    }

    /// Sequence numbers that lie far apart are in it, too.
    @Test func anyIdMayBeInIt() {
        var random = SplitMix64(seed: 5)
        var set = MessageIDSet()
        let ids = (0..<5000).map { _ in MessageID(high: random.next(), low: random.next()) }
        var inserted = 0
        for id in ids where set.insert(id) { inserted += 1 }
        #expect(inserted == 5000)
        for id in ids where set.insert(id) { inserted += 1 }
        #expect(inserted == 5000 && ids.allSatisfy { set.contains($0) })
        #expect(set.count == 5000)
    }

    /// Ten million ids of one run cost a bit each and some, far from five hundred megabytes.
    @Test func tenMillionFitEasily() {
        var set = MessageIDSet()
        for sequence in 0..<10_000_000 as Range<UInt64> { set.insert(MessageID(high: 7, low: sequence)) }
        #expect(set.count == 10_000_000)
        #expect(set.memoryBytes < 5_000_000, "\(set.memoryBytes) bytes")
    }
}
