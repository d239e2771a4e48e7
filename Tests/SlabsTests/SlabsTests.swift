import MailTypes
import Slabs
import Testing

/// The same steps on a slab with its table and on a dictionary.
@Suite struct SlabsTests {
    private struct Record: BitwiseCopyable, Sendable {
        var id: MessageID
        var value: Int
    }
    private struct Store {
        var slab = Slab<Record>()
        var table = HandleTable()
        mutating func put(_ id: MessageID, _ value: Int) {
            let handle = slab.insert(Record(id: id, value: value))
            table.insert(id, handle) { [slab] in slab[$0].id }
        }
        func get(_ id: MessageID) -> Int? { table.find(id) { slab[$0].id }.map { slab[$0].value } }
        mutating func drop(_ id: MessageID) {
            guard let handle = table.remove(id, { [slab] in slab[$0].id }) else { return }
            slab.remove(handle)
        }
    }

    @Test func agreesWithADictionary() {
        var store = Store()
        var model: [MessageID: Int] = [:]
        var random = SplitMix(state: 42)
        for step in 0..<20_000 {
            // Few ids, so that they meet again; close ones, so that cells collide.
            let id = MessageID(high: random.next() % 3, low: random.next() % 500)
            if random.next() % 3 == 0 || model[id] != nil {
                store.drop(id)
                model[id] = nil
            } else {
                store.put(id, step)
                model[id] = step
            }
            #expect(store.get(id) == model[id])
        }
        #expect(store.slab.count == model.count)
        #expect(store.table.count == model.count)
        for high in 0..<3 as Range<UInt64> {
            for low in 0..<500 as Range<UInt64> {
                let id = MessageID(high: high, low: low)
                #expect(store.get(id) == model[id])
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

/// SplitMix64: the same steps in every run.
private struct SplitMix {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
