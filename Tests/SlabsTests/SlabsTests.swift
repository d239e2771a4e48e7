import MailTypes
import Measures
import Slabs
import Testing

/// The same steps on a slab with its table and on a dictionary.
@Suite struct SlabsTests {
    private struct Record: MessageRecord {
        var id: MessageID
        var value: Int
    }

    @Test func agreesWithADictionary() {
        var store = MessageSlab<Record>()
        var model: [MessageID: Int] = [:]
        var random = SplitMix64(seed: 42)
        for step in 0..<20_000 {
            // Few ids, so that they meet again; close ones, so that cells collide.
            let id = MessageID(high: random.next() % 3, low: random.next() % 500)
            if random.next() % 3 == 0 || model[id] != nil {
                _ = store.remove(id)
                model[id] = nil
            } else {
                _ = store.insert(Record(id: id, value: step))
                model[id] = step
            }
            #expect(store.find(id).map { store[$0].value } == model[id])
        }
        #expect(store.count == model.count)
        for high in 0..<3 as Range<UInt64> {
            for low in 0..<500 as Range<UInt64> {
                let id = MessageID(high: high, low: low)
                #expect(store.find(id).map { store[$0].value } == model[id])
            }
        }
    }

    @Test func handlesStayWhileTheSlabGrows() {
        var slab = Slab<Int>()
        let handles = (0..<10_000).map { slab.insert($0) }
        #expect(handles.enumerated().allSatisfy { slab[$0.element] == $0.offset })
        slab.remove(handles[5])
        #expect(slab.insert(-1) == handles[5], "a freed handle is given out again")
        #expect(slab.count == 10_000)
    }
}
